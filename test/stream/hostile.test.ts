/**
 * Damaged containers and legacy streams: whatever is done to the bytes, a reader ends with a typed
 * error or a result, and reads no more at once than the bytes that are there justify.
 */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { DETECT_BYTES } from "../../src/stream/detect.js";
import { legacyShapeOf } from "../../src/stream/legacy/probe.js";
import { readLegacy } from "../../src/stream/legacy/reader.js";
import { readLibvirt } from "../../src/stream/libvirt/reader.js";
import type { Reader } from "../../src/stream/protocol.js";
import { readXapi } from "../../src/stream/xapi/reader.js";
import { readXend } from "../../src/stream/xend/reader.js";
import { ascii, concat, u32le, u64le, zeros } from "../builders/bytes.js";
import * as legacy from "../builders/legacy.js";
import { libvirt } from "../builders/libvirt.js";
import * as xapi from "../builders/xapi.js";
import { qemuTail, xend } from "../builders/xend.js";
import { drive } from "./drive.js";
import { innerReader } from "./inner.js";

const ROUNDS = 400;
/** The first step of a body that is read as bytes arrive; it doubles from there. */
const FIRST_STEP_BYTES = 1024 * 1024;
const limits = DEFAULT_LIMITS;

const BUSY_HVM = legacy.hvm({
  chunks: [
    legacy.tsc(),
    legacy.batch(32, [1, 0x1000_0002, 0xf000_0000]),
    legacy.regions(32, legacy.VIDEO),
    legacy.param(-3, 5),
    legacy.vcpuInfo(0, 1n),
    legacy.LAST_CHECKPOINT,
    legacy.END,
  ],
});
const BUSY_PV = legacy.pv({
  blocks: [
    legacy.block("vcpu", legacy.vcpuContext(8, 1)),
    legacy.block("extv", zeros(0)),
    legacy.block("xcnt", u32le(24)),
  ],
  unmapped: [3, 4],
  vcpus: [legacy.vcpuContext(8, 2), zeros(128), u64le(1), u64le(8), zeros(8)],
});

const INPUTS: readonly [string, Uint8Array, (bytes: Uint8Array) => Reader<number>][] = [
  ["an HVM stream", BUSY_HVM, (bytes) => legacyReader(bytes, 32)],
  ["a PV stream", BUSY_PV, (bytes) => legacyReader(bytes, 64)],
  [
    "a libvirt file",
    libvirt(BUSY_HVM, { version: 1 }),
    () => readLibvirt(0, innerReader([]), { limits, hint: null }),
  ],
  [
    "a XAPI image",
    xapi.image(
      xapi.XENOPS,
      xapi.streamSection(legacy.hvm(), xapi.TYPE.libxcLegacy),
      xapi.section(xapi.TYPE.varstored, ascii("variables")),
      xapi.section(xapi.TYPE.qemuTrad, legacy.QEMU),
      xapi.END,
    ),
    () => readXapi(0, innerReader([]), { limits, hint: null }),
  ],
  [
    "a xend file",
    xend(legacy.hvm({ qemu: qemuTail(legacy.QEMU) })),
    () => readXend(0, innerReader([]), { limits, hint: null }),
  ],
];

function legacyReader(bytes: Uint8Array, width: 32 | 64): Reader<number> {
  const shape = legacyShapeOf(bytes.subarray(0, DETECT_BYTES), width);
  return readLegacy(0, { shape, wrapper: null, limits });
}

const HOSTILE = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff9, 0xffff_ffff, 0x0101_0101];

/** One of several ways to damage bytes; the same for the same round. */
function damaged(bytes: Uint8Array, round: number): Uint8Array {
  const random = (bound: number, salt: number) =>
    (Math.imul(round * 31 + salt, 0x9e37_79b1) >>> 0) % bound;
  // Half of the damage is done near the front, where the structure is.
  const reach = round % 2 === 0 ? Math.min(bytes.length, 200) : bytes.length;
  const at = random(reach, 1);
  const value = HOSTILE[random(HOSTILE.length, 2)] ?? 0;
  switch (round % 5) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return concat(bytes.subarray(0, at), u32le(value), bytes.subarray(at));
    case 2:
      return concat(bytes.subarray(0, at), bytes.subarray(at + 1 + random(9, 3)));
    default: {
      const copy = Uint8Array.from(bytes);
      copy.set(u32le(value).subarray(0, Math.min(4, bytes.length - at)), at);
      return copy;
    }
  }
}

describe("damage", () => {
  for (const [what, bytes, open] of INPUTS) {
    it(`to ${what} ends in a result or a typed error, in bounded memory`, () => {
      expect(drive(open(bytes), bytes).result).toBe(bytes.length);
      let broken = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const input = damaged(bytes, round);
        const driven = drive(open(input), input, { mode: round % 50 === 0 ? "pipe" : "file" });
        if (driven.error !== null) broken += 1;
        expect(driven.largestRead).toBeLessThanOrEqual(FIRST_STEP_BYTES);
        for (const batch of driven.batches) expect(batch.wholePages).not.toBeNull();
      }
      expect(broken).toBeGreaterThan(ROUNDS / 10);
    });
  }
});
