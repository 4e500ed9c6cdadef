/**
 * The asynchronous driver with a source that delays and splits every read gives what the
 * synchronous one gives: same verdict, findings and memory, for streams of every container.
 */
import { setImmediate as later } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { digestSha256 } from "../../src/guest/index.js";
import { driveAsync, StreamSource } from "../../src/input/index.js";
import { createSha256, Image, READING_DEFAULTS } from "../../src/ops/index.js";
import { FIXTURE_VCPUS, fixture, GOOD } from "../fixtures/load.js";
import { engineOf, runBytes } from "../harness.js";

/** Pieces of every size from 1 byte to some KiB, each after a turn of the event loop. */
async function* slowly(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  let size = 1;
  for (let at = 0; at < bytes.length; at += size) {
    size = (size * 7 + 3) % 8191 || 1;
    if (size % 3 === 0) await later();
    yield bytes.subarray(at, at + size);
  }
}

const SMALL = [...GOOD].filter(([, { bytes }]) => bytes < 400_000).map(([name]) => name);

describe("the asynchronous driver", () => {
  it.each(SMALL)("gives what the synchronous one gives for %s", async (name) => {
    const bytes = fixture(name);
    const checkpointed = GOOD.get(name)?.checkpointed !== undefined;
    const sync = runBytes(bytes, { model: "resident", checkpointed });
    const syncDigests = sync.image.restorer.guest === null ? null : sync.digests();

    const source = new StreamSource("slow stream", slowly(bytes), DEFAULT_LIMITS.maxMemoryBytes);
    const image = new Image(engineOf("wasm"), {
      ...READING_DEFAULTS,
      limits: DEFAULT_LIMITS,
      vcpus: FIXTURE_VCPUS,
      model: "resident",
      checkpointed,
    });
    await driveAsync(image.run(), source);
    expect(image.collector.verdict()).toBe(sync.verdict);
    expect(image.collector.findings()).toEqual(sync.findings);
    expect(image.end).toEqual(sync.image.end);
    const { guest } = image.restorer;
    const digests =
      guest === null ? null : await driveAsync(digestSha256(guest, createSha256), source);
    expect(digests).toEqual(syncDigests);
  });
});
