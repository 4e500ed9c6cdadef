import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { legacyShapeOf } from "../../../src/stream/legacy/probe.js";
import { readLegacy } from "../../../src/stream/legacy/reader.js";
import type { Wrapper } from "../../../src/stream/nested.js";
import { ascii, concat, u32le, zeros } from "../../builders/bytes.js";
import * as build from "../../builders/legacy.js";
import { drive, rulesOf } from "../drive.js";
import { judge, type Row } from "./rows.js";

const hvmOf = (...chunks: Uint8Array[]) =>
  build.hvm({ chunks: [...chunks, build.LAST_CHECKPOINT, build.END] });
/** A stream that says nothing of a last checkpoint. */
const CHECKPOINT = build.hvm({ chunks: [build.tsc(), build.END] });

const HVM_ROWS: readonly Row[] = [
  {
    rule: "LG-CH-8",
    what: "an empty toolstack chunk",
    fires: hvmOf(build.toolstack()),
    at: 4,
    near: hvmOf(build.regions(32)),
  },
  {
    rule: "LG-CNV-1",
    what: "a batch of holes alone",
    fires: hvmOf(build.batch(32, [0xf000_0000])),
    at: 4,
    near: hvmOf(build.batch(32, [0xf000_0000, 0xe000_0001])),
  },
  {
    rule: "LG-CNV-11",
    what: "a generation id address",
    fires: hvmOf(build.param(-14, 0xfc00_a010)),
    at: 4,
    near: hvmOf(build.param(-15, 5)),
  },
  {
    rule: "LG-CNV-10",
    what: "a byte behind the tail",
    fires: concat(hvmOf(), zeros(1)),
    at: hvmOf().length,
    near: hvmOf(),
  },
  {
    rule: "LG-HDR-1",
    what: "a p2m_size beyond what savers write",
    fires: build.hvm({ p2mSize: 0x1000_0000 }),
    at: 0,
    near: build.hvm({ p2mSize: 0x0fff_ffff }),
  },
  {
    rule: "LG-CH-1",
    what: "a batch of 1025 pages",
    fires: build.hvm({ chunks: [u32le(1025), zeros(1025 * 4)] }),
    at: 4,
    near: hvmOf(
      build.batch(
        32,
        Array.from({ length: 1024 }, (_, pfn) => (0xe000_0000 | pfn) >>> 0),
      ),
    ),
  },
  {
    rule: "LG-CH-2",
    what: "an XTAB entry with a pfn",
    fires: hvmOf(build.batch(32, [0xf000_0001, 0xf000_0002])),
    at: 8,
    near: hvmOf(build.batch(32, [0xf000_0000, 1, 0xf000_0000])),
  },
  {
    rule: "LG-CH-3",
    what: "an entry of no type",
    fires: hvmOf(build.batch(32, [0x8000_0001])),
    at: 8,
    near: hvmOf(build.batch(32, [0x9000_0001])),
  },
  {
    rule: "LG-CH-4",
    what: "an entry twice",
    fires: hvmOf(build.batch(32, [1, 1])),
    at: 12,
    near: hvmOf(build.batch(32, [1]), build.batch(32, [1])),
  },
  {
    rule: "LG-CH-7",
    what: "ioreq server frames without their number",
    fires: hvmOf(build.param(-19, 5)),
    at: 4 + 16 + 4,
    near: hvmOf(build.param(-19, 5), build.param(-20, 1)),
  },
  {
    rule: "LG-CH-7",
    what: "an I/O port location that is none",
    fires: hvmOf(build.param(-10, 2n ** 32n)),
    at: 12,
    near: hvmOf(build.param(-10, 1)),
  },
  {
    rule: "LG-CH-9",
    what: "an unknown chunk",
    fires: build.hvm({ chunks: [build.chunk(-21)] }),
    at: 4,
    near: hvmOf(build.param(-19, 5), build.param(-20, 1)),
  },
  {
    rule: "LG-CH-10",
    what: "a chunk cut short",
    fires: concat(u32le(2), build.tsc()).subarray(0, 27),
    at: 4,
    near: hvmOf(build.tsc()),
  },
  {
    rule: "LG-CH-11",
    what: "compressed pages",
    fires: build.hvm({ chunks: [build.chunk(-12, u32le(0))] }),
    at: 4,
    near: hvmOf(build.param(-11, 1)),
  },
  {
    rule: "LG-CH-11",
    what: "compression announced",
    fires: build.hvm({ chunks: [build.chunk(-13)] }),
    at: 4,
    near: hvmOf(build.param(-15, 8)),
  },
  {
    rule: "LG-TM-1",
    what: "tmem pools",
    fires: build.hvm({ chunks: [build.chunk(-5, u32le(1))] }),
    at: 4,
    near: hvmOf(build.param(-4, 1)),
  },
  {
    rule: "LG-TM-1",
    what: "invalidated tmem pages",
    fires: build.hvm({ chunks: [build.chunk(-6, u32le(0xffff_ffff))] }),
    at: 4,
    near: hvmOf(build.tsc()),
  },
  {
    rule: "LG-CNV-6",
    what: "verify mode",
    fires: hvmOf(build.batch(32, [1]), build.chunk(-1), build.batch(32, [1]), build.chunk(-1)),
    at: 4 + 8 + 4096,
    near: hvmOf(build.batch(32, [1]), build.batch(32, [1])),
  },
  {
    rule: "LG-CNV-10",
    what: "further checkpoints",
    fires: concat(CHECKPOINT, build.batch(32, [1])),
    at: CHECKPOINT.length,
    near: CHECKPOINT,
  },
  {
    rule: "LG-HT-2",
    what: "an unknown QEMU signature",
    fires: build.hvm({ qemu: ascii("DeviceModelRecord0003") }),
    at: build.hvm({ qemu: zeros(0) }).length,
    near: build.hvm(),
  },
  {
    rule: "LG-HT-2/absent",
    what: "no QEMU record",
    fires: build.hvm({ qemu: zeros(0) }),
    at: build.hvm({ qemu: zeros(0) }).length,
    near: build.hvm(),
  },
  {
    rule: "LG-TS-1",
    what: "a toolstack record too short for its head",
    fires: hvmOf(build.toolstack(zeros(7))),
    at: 12,
    near: hvmOf(build.toolstack(u32le(1), u32le(0))),
  },
  {
    rule: "LG-TS-1",
    what: "a toolstack record of another version",
    fires: hvmOf(build.toolstack(u32le(2), u32le(0))),
    at: 12,
    near: hvmOf(build.toolstack(u32le(1), u32le(0))),
  },
  {
    rule: "LG-TS-2",
    what: "a region missing",
    fires: hvmOf(build.toolstack(u32le(1), u32le(2), build.region(32, build.VIDEO))),
    at: 12 + 8 + 28 + 9,
    near: hvmOf(build.toolstack(u32le(1), u32le(1), build.region(32, build.VIDEO))),
  },
  {
    rule: "LG-TS-2",
    what: "a region cut short",
    fires: hvmOf(
      build.toolstack(u32le(1), u32le(1), build.region(32, build.VIDEO).subarray(0, 28 + 8)),
    ),
    at: 12 + 8,
    near: hvmOf(build.regions(32, build.VIDEO)),
  },
  {
    rule: "LG-TS-3",
    what: "a name without NUL",
    fires: hvmOf(build.regions(32, { ...build.VIDEO, name: ascii("vga") })),
    at: 12 + 8 + 24,
    near: hvmOf(build.regions(32, { ...build.VIDEO, name: ascii("vga\0") })),
  },
  {
    rule: "LG-TS-3",
    what: "an empty name",
    fires: hvmOf(build.regions(32, { ...build.VIDEO, name: zeros(0) })),
    at: 12 + 8 + 24,
    near: hvmOf(build.regions(32, { ...build.VIDEO, name: zeros(1) })),
  },
  {
    rule: "LL-QE-2",
    what: "QEMU state with another magic",
    fires: build.hvm({ qemu: concat(ascii("DeviceModelRecord0002"), u32le(8), zeros(8)) }),
    at: build.hvm({ qemu: zeros(0) }).length + 25,
    near: build.hvm(),
  },
];

describe("the rules of an HVM stream of a 32-bit toolstack", () => {
  judge({ width: 32, guest: "hvm" }, HVM_ROWS);
});

describe("the width of a stream", () => {
  const read = (bytes: Uint8Array, width: 32 | 64, wrapper: Wrapper | null) => {
    const shape = legacyShapeOf(bytes, width);
    return rulesOf(drive(readLegacy(0, { shape, wrapper, limits: DEFAULT_LIMITS }), bytes));
  };

  it("LG-HDR-2: contradicts the bytes where a 64-bit stream is told to be of 32 bits", () => {
    expect(read(build.hvm({ width: 64 }), 32, null)).toContain("LG-HDR-2");
    expect(read(build.hvm({ chunks: [build.tsc(), build.END] }), 32, null)).toEqual([]);
  });

  it("LG-HDR-3: is that of the host in a container of libxl's, and 32-bit hosts are rare", () => {
    const [narrow, wide] = [build.hvm({ width: 32 }), build.hvm({ width: 64 })];
    for (const wrapper of ["xl", "libvirt"] as const) {
      expect(read(narrow, 32, wrapper)).toEqual(["LG-HDR-3"]);
      expect(read(wide, 64, wrapper)).toEqual([]);
    }
    expect(read(narrow, 32, null)).toEqual([]);
    expect(read(narrow, 32, "xapi")).toEqual([]);
  });
});
