/**
 * Streams with 2 to 5 faults that have nothing to do with each other: one run finds all of them,
 * each in the part where it is, and tells of nothing that was not put in. XENSTREAM_FAULTS sets how
 * many streams.
 */
import { describe, expect, it } from "vitest";
import { faultyStream } from "../builders/faults.js";
import { ENGINES, type Ran, runBytes } from "../harness.js";

const COUNT = Number(process.env.XENSTREAM_FAULTS ?? 1000);

/** Said of the sound streams too, or said beside a fault of the same record. */
const BESIDE = new Set(["LC-ORD-6", "LC-POL-4", "LC-POL-5", "HC-9"]);

function read(
  seed: number,
  faults: boolean,
): { ran: Ran; stream: ReturnType<typeof faultyStream> } {
  const stream = faultyStream(seed, faults);
  const engine = ENGINES[seed % ENGINES.length] ?? "wasm";
  const ran = runBytes(stream.bytes, { profile: "strict", vcpus: stream.vcpus, engine });
  return { ran, stream };
}

describe("a stream with several faults", () => {
  it(`has all of them found in one run and none invented, ${COUNT} times`, () => {
    const wrong: string[] = [];
    for (let seed = 1; seed <= COUNT; seed += 1) {
      const { ran, stream } = read(seed, true);
      const left = ran.findings.filter(({ rule }) => !BESIDE.has(rule));
      const missing = stream.expected.filter(({ rule, from, to }) => {
        const at = left.findIndex(
          (finding) =>
            finding.rule === rule && finding.byteOffset >= from && finding.byteOffset <= to,
        );
        if (at >= 0) left.splice(at, 1);
        return at < 0;
      });
      if (missing.length === 0 && left.length === 0) continue;
      const put = stream.expected.map(({ rule }) => rule);
      const lost = missing.map(({ rule, from }) => `${rule}@${from}`);
      const invented = left.map(({ rule, byteOffset }) => `${rule}@${byteOffset}`);
      wrong.push(`seed ${seed} (${stream.guest} ${put}): lost ${lost}, invented ${invented}`);
    }
    expect(wrong).toEqual([]);
  });

  it("is sound without them", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { ran } = read(seed, false);
      expect(ran.findings.filter(({ rule }) => !BESIDE.has(rule))).toEqual([]);
    }
  });
});
