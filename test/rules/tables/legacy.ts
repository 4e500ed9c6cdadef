/**
 * Rows of the legacy stream: LG. The streams are read with a hint of their width, as some are too
 * small or too odd to be told by their bytes.
 */
import { ascii, concat, poke, u32le, u64le, zeros } from "../../builders/bytes.js";
import * as build from "../../builders/legacy.js";
import { xlHeader } from "../../builders/libxl.js";
import { type Reading, type RuleRow, row } from "./row.js";

const NARROW: Reading = { formatHint: "legacy32" };
const WIDE: Reading = { formatHint: "legacy64" };

const hvm = (...chunks: Uint8Array[]) =>
  build.hvm({ chunks: [...chunks, build.LAST_CHECKPOINT, build.END] });
const cutShort = (...chunks: Uint8Array[]) => build.hvm({ chunks });
const pv = (...chunks: Uint8Array[]) =>
  build.pv({ chunks: [build.batch(64, [0]), ...chunks, build.LAST_CHECKPOINT, build.END] });
const vcpuBlock = build.block("vcpu", build.vcpuContext(8, 1));
const extraBlock = (id: string) => build.pv({ blocks: [vcpuBlock, build.block(id, zeros(0))] });
const extended = () =>
  build.pv({
    blocks: [vcpuBlock, build.block("extv", zeros(0))],
    vcpus: [build.vcpuContext(8, 2), zeros(128)],
  });
const xsave = (announced: number, size: number) =>
  build.pv({
    blocks: [vcpuBlock, build.block("xcnt", u32le(announced))],
    vcpus: [build.vcpuContext(8, 2), u64le(7), u64le(size), zeros(size)],
  });
const unmapped = (pfn: number) =>
  build.pv({
    p2mSize: 9,
    chunks: [build.batch(64, [5]), build.vcpuInfo(0, 1n), build.LAST_CHECKPOINT, build.END],
    unmapped: [pfn],
  });
const plain = () => hvm();
const ONLINE = build.vcpuInfo(0, 1n);
const named = (name: Uint8Array) => hvm(build.regions(32, { ...build.VIDEO, name }));
const inXl = (width: 32 | 64) =>
  concat(xlHeader({ mandatoryFlags: 0, config: "vcpus=1\n" }).bytes, build.hvm({ width }));
const cut = (bytes: Uint8Array) => bytes.subarray(0, -1);

const OF_HVM: readonly RuleRow[] = [
  row(
    "LG-HDR-1",
    "p2m_size 2^28",
    () => build.hvm({ p2mSize: 0x1000_0000 }),
    () => build.hvm({ p2mSize: 0x0fff_ffff }),
    NARROW,
  ),
  row(
    "LG-HDR-2",
    "a high half of 1",
    () => build.hvm({ width: 64, p2mSize: 2n ** 32n + 2n }),
    () => build.hvm({ width: 64 }),
    WIDE,
  ),
  row(
    "LG-HDR-3",
    "32-bit tools in an xl file",
    () => inXl(32),
    () => inXl(64),
  ),
  row(
    "LG-CH-1",
    "a batch of 1025",
    () => cutShort(u32le(1025), zeros(1025 * 4)),
    () =>
      hvm(
        build.batch(
          32,
          Array.from({ length: 1024 }, (_, pfn) => (0xe000_0000 | pfn) >>> 0),
        ),
      ),
    NARROW,
  ),
  row(
    "LG-CH-2",
    "an XTAB entry with a pfn",
    () => hvm(build.batch(32, [0xf000_0001])),
    () => hvm(build.batch(32, [0xf000_0000, 1])),
    NARROW,
  ),
  row(
    "LG-CH-3",
    "type 8",
    () => hvm(build.batch(32, [0x8000_0001])),
    () => hvm(build.batch(32, [0x9000_0001])),
    NARROW,
  ),
  row(
    "LG-CH-4",
    "an entry twice",
    () => hvm(build.batch(32, [1, 1])),
    () => hvm(build.batch(32, [1]), build.batch(32, [1])),
    NARROW,
  ),
  row(
    "LG-CH-7",
    "chunk -19 alone",
    () => hvm(build.param(-19, 5)),
    () => hvm(build.param(-19, 5), build.param(-20, 1)),
    NARROW,
  ),
  row(
    "LG-CH-8",
    "an empty toolstack chunk",
    () => hvm(build.toolstack()),
    () => hvm(build.regions(32)),
    NARROW,
  ),
  row(
    "LG-CH-9",
    "chunk -21",
    () => cutShort(build.chunk(-21)),
    () => hvm(build.param(-19, 5), build.param(-20, 1)),
    NARROW,
  ),
  row("LG-CH-10", "a tail that is cut", () => cut(plain()), plain, NARROW),
  row(
    "LG-CH-11",
    "compression announced",
    () => cutShort(build.chunk(-13)),
    () => hvm(build.param(-15, 8)),
    NARROW,
  ),
  row(
    "LG-TM-1",
    "tmem",
    () => cutShort(build.chunk(-5, u32le(1))),
    () => hvm(build.param(-4, 1)),
    NARROW,
  ),
  row(
    "LG-HT-2",
    "an unknown QEMU record",
    () => build.hvm({ qemu: ascii("DeviceModelRecord0003") }),
    () => build.hvm(),
    NARROW,
  ),
  row(
    "LG-HT-2/absent",
    "no QEMU record",
    () => build.hvm({ qemu: zeros(0) }),
    () => build.hvm(),
    NARROW,
  ),
  row(
    "LG-TS-1",
    "toolstack version 2",
    () => hvm(build.toolstack(u32le(2), u32le(0))),
    () => hvm(build.toolstack(u32le(1), u32le(0))),
    NARROW,
  ),
  row(
    "LG-TS-2",
    "a region missing",
    () => hvm(build.toolstack(u32le(1), u32le(2), build.region(32, build.VIDEO))),
    () => hvm(build.toolstack(u32le(1), u32le(1), build.region(32, build.VIDEO))),
    NARROW,
  ),
  row(
    "LG-TS-3",
    "a name without NUL",
    () => named(ascii("vga")),
    () => named(ascii("vga\0")),
    NARROW,
  ),
  row(
    "LG-CNV-1",
    "a batch of holes",
    () => hvm(build.batch(32, [0xf000_0000])),
    () => hvm(build.batch(32, [0xf000_0000, 0xe000_0001])),
    NARROW,
  ),
  row(
    "LG-CNV-6",
    "verify mode",
    () => hvm(build.batch(32, [1]), build.chunk(-1)),
    () => hvm(build.batch(32, [1])),
    NARROW,
  ),
  row("LG-CNV-10", "a stray byte", () => concat(plain(), zeros(1)), plain, NARROW),
  row(
    "LG-CNV-11",
    "a generation id address",
    () => hvm(build.param(-14, 0xfc00_a010)),
    () => hvm(build.param(-15, 5)),
    NARROW,
  ),
];

const OF_PV: readonly RuleRow[] = [
  row(
    "LG-HDR-1/unusable",
    "p2m_size 0",
    () => build.pv({ p2mSize: 0 }),
    () => build.pv(),
    WIDE,
  ),
  row(
    "LG-DET-6",
    "an extended info of 7 bytes",
    () => build.pv({ total: 7 }),
    () => build.pv(),
    WIDE,
  ),
  row(
    "LG-PV-1",
    "no signature",
    () => build.pv({ signature: poke(new Uint8Array(8).fill(0xff), 0, 0xfe) }),
    () => build.pv(),
    WIDE,
  ),
  row(
    "LG-PV-2",
    "a block beyond the total",
    () => build.pv({ total: 8 + build.VCPU_BYTES[8] - 1 }),
    () => build.pv(),
    WIDE,
  ),
  row("LG-PV-3", "an unknown block", () => extraBlock("extw"), extended, WIDE),
  row(
    "LG-PV-4",
    "no vcpu block",
    () => build.pv({ blocks: [build.block("extv", zeros(0))] }),
    () => build.pv(),
    WIDE,
  ),
  row(
    "LG-PV-5",
    "a p2m page outside the guest",
    () => build.pv({ p2mSize: 9, frames: [9] }),
    () => build.pv({ p2mSize: 9, frames: [0] }),
    WIDE,
  ),
  row(
    "LG-CH-5",
    "a negative vcpu id",
    () => pv(build.chunk(-2, build.i32le(-1))),
    () => pv(ONLINE),
    WIDE,
  ),
  row(
    "LG-CH-5/absent",
    "no vcpu info",
    () => pv(),
    () => pv(ONLINE),
    WIDE,
  ),
  row(
    "LG-CH-6",
    "an HVM parameter",
    () => pv(build.param(-3, 1), ONLINE),
    () => pv(build.tsc(), ONLINE),
    WIDE,
  ),
  row(
    "LG-PT-1",
    "xsave data of another size",
    () => xsave(16 + 32, 24),
    () => xsave(16 + 24, 24),
    WIDE,
  ),
  row(
    "LG-PT-2",
    "a filled pfn unmapped",
    () => unmapped(5),
    () => unmapped(6),
    WIDE,
  ),
  row(
    "LG-PT-3",
    "a frame list word",
    () => build.pv({ sharedInfo: poke(zeros(4096), 0xc1f, 1) }),
    () => build.pv({ sharedInfo: poke(zeros(4096), 0xc20, 1) }),
    WIDE,
  ),
];

export const LEGACY: readonly RuleRow[] = [...OF_HVM, ...OF_PV];
