import { describe } from "vitest";
import { poke, u32le, u64le, zeros } from "../../builders/bytes.js";
import * as build from "../../builders/legacy.js";
import { judge, type Row } from "./rows.js";

const PV_CHUNKS_AT = 16 + 4 + 8 + build.VCPU_BYTES[8] + 8;
const pvOf = (...chunks: Uint8Array[]) =>
  build.pv({
    chunks: [build.batch(64, [0]), ...chunks, build.LAST_CHECKPOINT, build.END],
  });
const vcpuBlock = build.block("vcpu", build.vcpuContext(8, 1));
const blocksOf = (...blocks: Uint8Array[]) => build.pv({ blocks: [vcpuBlock, ...blocks] });
const xsave = (announced: number, size: number) =>
  build.pv({
    blocks: [vcpuBlock, build.block("xcnt", u32le(announced))],
    vcpus: [build.vcpuContext(8, 2), u64le(7), u64le(size), zeros(size)],
  });
/** Fills up an extended info to 65,535 bytes. */
const block64k = build.block("extv", zeros(65_535 - 8 - build.VCPU_BYTES[8] - 8));
/** Pfns 5 and 0xffffff0 filled, 6 not. */
const FILLED = {
  chunks: [
    build.batch(64, [5, 0xd000_0006, 0xefff_fff0]),
    build.vcpuInfo(0, 1n),
    build.LAST_CHECKPOINT,
    build.END,
  ],
};
const ONLINE = build.vcpuInfo(0, 1n);
const sharedInfo = (at: number) => build.pv({ sharedInfo: poke(zeros(4096), at, 1) });
const BATCH_64_BYTES = 4 + 8 + 4096;

const PV_ROWS: readonly Row[] = [
  {
    rule: "LG-HDR-2",
    what: "octets 4 to 7 not zero in an HVM stream told to be of a 64-bit toolstack",
    fires: build.hvm({ width: 64, p2mSize: 2n ** 32n }),
    at: 4,
    near: build.hvm({ width: 64, p2mSize: 1 }),
    guest: "hvm",
  },
  {
    rule: "LG-DET-6",
    what: "an extended info shorter than a block's head",
    fires: build.pv({ total: 7 }),
    at: 8,
    near: build.pv(),
  },
  {
    rule: "LG-DET-6",
    what: "an extended info longer than any",
    fires: build.pv({ total: 65_536 }),
    at: 8,
    near: build.pv({
      blocks: [vcpuBlock, block64k],
      vcpus: [build.vcpuContext(8, 2), zeros(128)],
    }),
  },
  {
    rule: "LG-PT-2",
    what: "a filled pfn that was unmapped",
    fires: build.pv({ ...FILLED, unmapped: [6, 5, 0x0fff_fff0] }),
    at: PV_CHUNKS_AT + 4 + 3 * 8 + 4096 + 16 + 4 + 4 + 4 + 8,
    near: build.pv({ ...FILLED, unmapped: [6, 0x0fff_ffef] }),
  },
  {
    rule: "LG-HDR-1/unusable",
    what: "a p2m_size that no frame list can cover",
    fires: build.pv({ p2mSize: 0 }),
    at: 0,
    near: build.pv({ p2mSize: 1, frames: [0] }),
  },
  {
    rule: "LG-PV-1",
    what: "no signature",
    fires: build.pv({ signature: poke(new Uint8Array(8).fill(0xff), 0, 0xfe) }),
    at: 8,
    near: build.pv(),
  },
  {
    rule: "LG-PV-2",
    what: "a block beyond the total",
    fires: build.pv({ total: 8 + build.VCPU_BYTES[8] - 1 }),
    at: 20,
    near: build.pv({ total: 8 + build.VCPU_BYTES[8] }),
  },
  {
    rule: "LG-PV-2",
    what: "an xcnt block without its number",
    fires: blocksOf(build.block("xcnt", zeros(3))),
    at: 20 + 8 + build.VCPU_BYTES[8],
    near: build.pv({
      blocks: [vcpuBlock, build.block("xcnt", u32le(16))],
      vcpus: [build.vcpuContext(8, 2), u64le(7), u64le(0)],
    }),
  },
  {
    rule: "LG-PV-3",
    what: "an unknown block",
    fires: blocksOf(build.block("extw", zeros(5))),
    at: 20 + 8 + build.VCPU_BYTES[8],
    near: build.pv({
      blocks: [vcpuBlock, build.block("extv", zeros(0))],
      vcpus: [build.vcpuContext(8, 2), zeros(128)],
    }),
  },
  {
    rule: "LG-PV-4",
    what: "a vcpu block of another size",
    fires: build.pv({ blocks: [build.block("vcpu", zeros(0x1431))] }),
    at: 20,
    near: build.pv({ guestBytes: 4 }),
  },
  {
    rule: "LG-PV-4",
    what: "no vcpu block",
    fires: build.pv({ blocks: [build.block("extv", zeros(0))] }),
    at: 8,
    near: build.pv(),
  },
  {
    rule: "LG-PV-5",
    what: "a p2m page outside the guest",
    fires: build.pv({ p2mSize: 9, frames: [9] }),
    at: PV_CHUNKS_AT - 8,
    near: build.pv({ p2mSize: 9, frames: [8] }),
  },
  {
    rule: "LG-PV-5",
    what: "a p2m page that only the upper half of its number puts outside the guest",
    fires: build.pv({ p2mSize: 9, frames: [2 ** 32 + 8] }),
    at: PV_CHUNKS_AT - 8,
    near: build.pv({ p2mSize: 9, frames: [8] }),
  },
  {
    rule: "LG-CH-5",
    what: "a vcpu id beyond 4095",
    fires: pvOf(build.vcpuInfo(4096, ...Array<bigint>(65).fill(1n))),
    at: PV_CHUNKS_AT + BATCH_64_BYTES + 4,
    near: pvOf(build.vcpuInfo(4095, 1n, ...Array<bigint>(63).fill(0n))),
  },
  {
    rule: "LG-CH-5",
    what: "a negative vcpu id",
    fires: pvOf(build.chunk(-2, build.i32le(-1))),
    at: PV_CHUNKS_AT + BATCH_64_BYTES + 4,
    near: pvOf(ONLINE),
  },
  {
    rule: "LG-CH-5/absent",
    what: "no vcpu info",
    fires: pvOf(),
    at: PV_CHUNKS_AT + BATCH_64_BYTES + 8,
    near: pvOf(ONLINE),
  },
  {
    rule: "LG-CH-6",
    what: "an HVM parameter in a PV stream",
    fires: pvOf(build.param(-3, 1), ONLINE),
    at: PV_CHUNKS_AT + BATCH_64_BYTES,
    near: pvOf(build.tsc(), ONLINE),
  },
  {
    rule: "LG-PT-1",
    what: "xsave data of another size than announced",
    fires: xsave(16 + 32, 24),
    at: xsave(16 + 24, 24).length - 4096 - 24 - 8,
    near: xsave(16 + 24, 24),
  },
  {
    rule: "LG-PT-3",
    what: "a frame list list word in the shared info",
    fires: sharedInfo(0xc1f),
    at: build.pv().length - 4096 + 0xc18,
    near: sharedInfo(0xc20),
  },
];

describe("the rules of a PV stream of a 64-bit toolstack", () => {
  judge({ width: 64, guest: "pv" }, PV_ROWS);
});
