/**
 * Streams with several faults at once that have nothing to do with each other: each is put where no
 * other one is, breaks nothing that another one builds on, and leaves framing whole. A fault says
 * which rule must name it, and in which part of the stream.
 */
import { concat, poke, u32le, u64le, zeros } from "./bytes.js";
import { contextHeader, contextRecord, hvmContext, hvmContextBlob, hvmStream } from "./hvm.js";
import {
  hvmParams,
  PAGE,
  p2mFrames,
  pageData,
  REC,
  sharedInfo,
  staticDataEnd,
  tscInfo,
  vcpuRecord,
} from "./libxc.js";
import { emulatorContext, emulatorXenstore, LIBXL_REC, libxlStream, PHYSMAP } from "./libxl.js";
import { join, libxcRecord, libxlRecord, type Part } from "./parts.js";
import { Prng } from "./prng.js";
import { extendedBlob, pvStream, simplePlan } from "./pv.js";

/** A part of a stream that keeps its identity while its bytes change. */
interface Slot {
  part: Part;
}

/** One fault that was put in: what must name it, and the bytes of the part it is in. */
export interface ExpectedFault {
  readonly rule: string;
  readonly from: number;
  readonly to: number;
}

/** A stream with its faults; `vcpus` is what its reader is to be told. */
export interface FaultyStream {
  readonly bytes: Uint8Array;
  readonly expected: readonly ExpectedFault[];
  readonly vcpus: number;
  readonly guest: "hvm" | "pv";
}

/** Parts are changed first, then others are put in, then some are taken away. */
const CHANGED = 0;
const PUT_IN = 1;
const TAKEN_AWAY = 2;

/** Puts one fault in; returns the slot that it must be found in. */
interface Put {
  readonly phase: typeof CHANGED | typeof PUT_IN | typeof TAKEN_AWAY;
  readonly run: (slots: Slot[], prng: Prng) => Slot;
}

/** A kind of fault. No two faults of one stream share a site. */
interface FaultKind {
  readonly rule: string;
  readonly site: string;
  readonly put: Put;
}

const kind = (rule: string, site: string, put: Put): FaultKind => ({ rule, site, put });

const VCPUS = 2;
const OUTSIDE_PFN = 0xffff;
const plan = { ...simplePlan(8, 31), userTable: 12 };

function slotOf(slots: readonly Slot[], type: number, layer = "libxc"): Slot {
  const slot = slots.find(({ part }) => part.layer === layer && part.type === type);
  if (slot === undefined) throw new RangeError(`no ${layer} part of type ${type}`);
  return slot;
}

/** Change bytes of the first part of a type; null for its layer's header. */
function change(type: number | null, at: number, bytes: Uint8Array, layer = "libxc"): Put {
  const run = (slots: Slot[]) => {
    const slot = slots.find(({ part }) => part.layer === layer && part.type === type);
    if (slot === undefined) throw new RangeError(`no part of type ${type}`);
    slot.part = { ...slot.part, bytes: poke(slot.part.bytes, at, ...bytes) };
    return slot;
  };
  return { phase: CHANGED, run };
}

/** Give another part for the first of a type. */
const replaceBy = (type: number, make: () => Part, layer = "libxc"): Put => ({
  phase: CHANGED,
  run: (slots) => {
    const slot = slotOf(slots, type, layer);
    slot.part = make();
    return slot;
  },
});

/** Put a part somewhere behind the pages and before END, where any record may stand. */
const insert = (make: (prng: Prng) => Part): Put => ({
  phase: PUT_IN,
  run: (slots, prng) => {
    const first = slots.indexOf(slotOf(slots, REC.X86_TSC_INFO));
    const last = slots.indexOf(slotOf(slots, REC.END));
    const slot = { part: make(prng) };
    slots.splice(prng.between(first, last), 0, slot);
    return slot;
  },
});

/** Put a part before the first of a type. */
const before = (type: number, make: () => Part): Put => ({
  phase: PUT_IN,
  run: (slots) => {
    const slot = { part: make() };
    slots.splice(slots.indexOf(slotOf(slots, type)), 0, slot);
    return slot;
  },
});

/** Take the first part of a type out; the fault is found in another one. */
const remove = (type: number, foundIn: number): Put => ({
  phase: TAKEN_AWAY,
  run: (slots) => {
    slots.splice(slots.indexOf(slotOf(slots, type)), 1);
    return slotOf(slots, foundIn);
  },
});

/** A page that the guest has anyway, so that a refused batch takes nothing from it. */
const spare = { pfn: 2 };
const oddBatch = (bytes: Uint8Array): Part => libxcRecord(REC.PAGE_DATA, bytes);

const msr = (): Uint8Array => concat(u32le(0xce), u32le(0), u64le(0));

const end = (): Uint8Array => contextRecord(0, 0, zeros(0));

const mcg = (index: number): Uint8Array => concat(u32le(index), u32le(0), u64le(1));

const outsideTable = (): Uint8Array =>
  concat(u64le((BigInt(OUTSIDE_PFN) << 12n) | 1n), zeros(4088));

/** Faults that any guest's stream can have. */
const COMMON: readonly FaultKind[] = [
  kind("LC-HDR-6", "options", change(null, 17, Uint8Array.of(2))),
  kind("LC-HDR-7", "reserved", change(null, 20, Uint8Array.of(1))),
  kind("LC-DOM-2", "shift", change(null, 28, Uint8Array.of(13))),
  kind("LC-DOM-3", "domain", change(null, 30, Uint8Array.of(1))),
  kind(
    "LC-REC-2",
    "unknown",
    insert((prng) => libxcRecord(prng.between(0x13, 0x7fff_ffff))),
  ),
  kind(
    "LC-REC-3",
    "optional",
    insert((prng) => libxcRecord(0x8000_0000 + prng.below(2 ** 20))),
  ),
  kind(
    "LC-REC-8",
    "end",
    replaceBy(REC.END, () => libxcRecord(REC.END, zeros(8))),
  ),
  kind(
    "LC-TYP-2",
    "toolstack",
    insert((prng) => libxcRecord(REC.TOOLSTACK, prng.bytes(16))),
  ),
  kind(
    "LC-TYP-3",
    "dirty",
    insert(() => libxcRecord(REC.CHECKPOINT_DIRTY_PFN_LIST, zeros(8))),
  ),
  kind(
    "LC-PG-1",
    "page-1",
    insert(() => oddBatch(zeros(4))),
  ),
  kind(
    "LC-PG-2",
    "page-2",
    insert(() => oddBatch(zeros(8))),
  ),
  kind(
    "LC-PG-3",
    "page-3",
    insert(() => oddBatch(concat(u32le(3), u32le(0), u64le(2)))),
  ),
  kind(
    "LC-PG-4",
    "page-4",
    insert(() => oddBatch(concat(u32le(1), u32le(0), u64le(2), zeros(24)))),
  ),
  kind(
    "LC-PG-5",
    "page-5",
    insert((prng) => pageData([{ ...spare, type: prng.between(5, 8) }])),
  ),
  kind(
    "LC-PG-6",
    "page-6",
    insert((prng) => pageData([{ ...spare, reserved: prng.between(1, 255) }])),
  ),
  kind(
    "LC-PG-7",
    "page-7",
    insert(() => pageData([spare], { reserved: 1 })),
  ),
  kind(
    "LC-TSC-1",
    "tsc",
    replaceBy(REC.X86_TSC_INFO, () => libxcRecord(REC.X86_TSC_INFO, zeros(16))),
  ),
  kind(
    "LC-TSC-2",
    "tsc",
    replaceBy(REC.X86_TSC_INFO, () => tscInfo({ reserved: 1 })),
  ),
  kind(
    "LC-TSC-3",
    "tsc",
    replaceBy(REC.X86_TSC_INFO, () => tscInfo({ mode: 3 })),
  ),
  kind("LC-ORD-4", "static", before(REC.X86_TSC_INFO, staticDataEnd)),
  kind(
    "LC-ORD-1",
    "late",
    before(REC.X86_TSC_INFO, () => libxcRecord(REC.X86_MSR_POLICY, msr())),
  ),
];

const HVM: readonly FaultKind[] = [
  kind(
    "LC-TYP-1",
    "foreign",
    insert(() => sharedInfo()),
  ),
  kind(
    "LC-PG-8",
    "page-8",
    insert(() => pageData([{ pfn: 2n ** 40n }])),
  ),
  kind("LC-ORD-2", "static", remove(REC.STATIC_DATA_END, REC.PAGE_DATA)),
  kind(
    "LC-POL-1",
    "cpuid",
    replaceBy(REC.X86_CPUID_POLICY, () => libxcRecord(REC.X86_CPUID_POLICY, zeros(23))),
  ),
  kind(
    "LC-POL-3",
    "msr",
    replaceBy(REC.X86_MSR_POLICY, () =>
      libxcRecord(REC.X86_MSR_POLICY, concat(u32le(0x10), u32le(0), u64le(0))),
    ),
  ),
  kind(
    "LC-HVM-1",
    "params",
    replaceBy(REC.HVM_PARAMS, () => hvmParams([[1, 1]], { count: 3 })),
  ),
  kind(
    "LC-HVM-2",
    "no-params",
    insert(() => hvmParams([])),
  ),
  kind("LC-HVM-3", "params", change(REC.HVM_PARAMS, 12, Uint8Array.of(1))),
  kind(
    "HP-1",
    "hp-1",
    insert((prng) => hvmParams([[prng.between(39, 2 ** 31), 1]])),
  ),
  kind(
    "HP-3",
    "hp-3",
    insert((prng) => hvmParams([[prng.between(20, 26), 1]])),
  ),
  kind(
    "HP-6",
    "hp-6",
    insert(() => hvmParams([[32, 1]])),
  ),
  kind(
    "HP-8",
    "hp-8",
    insert(() => hvmParams([[34, 0x1004]])),
  ),
  kind(
    "HP-10",
    "hp-10",
    insert((prng) => hvmParams([[10, prng.between(4, 99)]])),
  ),
  kind(
    "LC-HVM-5",
    "context",
    replaceBy(REC.HVM_CONTEXT, () => libxcRecord(REC.HVM_CONTEXT)),
  ),
  kind("LC-HVM-7", "context", remove(REC.HVM_CONTEXT, REC.END)),
  kind(
    "HC-2",
    "context",
    replaceBy(REC.HVM_CONTEXT, () => hvmContext(concat(contextHeader({ version: 2 }), end()))),
  ),
  kind(
    "HC-3",
    "context",
    replaceBy(REC.HVM_CONTEXT, () => hvmContext(concat(hvmContextBlob(), zeros(8)))),
  ),
  kind(
    "HC-4",
    "context",
    replaceBy(REC.HVM_CONTEXT, () => hvmContext(contextHeader())),
  ),
  kind(
    "HC-5",
    "context",
    replaceBy(REC.HVM_CONTEXT, () => hvmContext(hvmContextBlob(contextRecord(21, 0, zeros(8))))),
  ),
];

/** A word of vcpu 0's BASIC blob, behind the record's header and the blob's head. */
const register = (offset: number, value: bigint): Put =>
  change(REC.X86_PV_VCPU_BASIC, 16 + offset, u64le(value));

const PV: readonly FaultKind[] = [
  kind(
    "LC-TYP-1",
    "foreign",
    insert(() => hvmContext()),
  ),
  kind(
    "LC-PG-8",
    "page-8",
    insert(() => pageData([{ pfn: 32, type: PAGE.XTAB }])),
  ),
  kind(
    "LC-SIM-5",
    "pte",
    insert(() => pageData([{ pfn: 2, type: PAGE.L1TAB, page: outsideTable() }])),
  ),
  kind("LC-PV-3", "info", change(REC.X86_PV_INFO, 10, Uint8Array.of(1))),
  kind(
    "LC-PV-4",
    "info-2",
    before(REC.STATIC_DATA_END, () =>
      libxcRecord(REC.X86_PV_INFO, concat(Uint8Array.of(8, 4), zeros(6))),
    ),
  ),
  kind(
    "LC-PV-5",
    "p2m-5",
    insert(() => p2mFrames(33, 32, plan.p2m)),
  ),
  kind(
    "LC-PV-6",
    "p2m-6",
    insert(() => p2mFrames(0, 31, [1, 2, 3])),
  ),
  kind(
    "LC-PV-10",
    "shared",
    replaceBy(REC.SHARED_INFO, () => sharedInfo(zeros(4088))),
  ),
  kind(
    "LC-PV-12",
    "vcpu-12",
    insert(() => libxcRecord(REC.X86_PV_VCPU_MSRS, zeros(4))),
  ),
  kind(
    "LC-PV-13",
    "vcpu-13",
    insert(() => vcpuRecord(REC.X86_PV_VCPU_MSRS, 1, mcg(0x48), 1)),
  ),
  kind(
    "LC-PV-14",
    "vcpu-14",
    insert((prng) => vcpuRecord(REC.X86_PV_VCPU_EXTENDED, prng.between(2, 99), extendedBlob(2))),
  ),
  kind(
    "LC-PV-15",
    "vcpu-15",
    insert(() => vcpuRecord(REC.X86_PV_VCPU_XSAVE, 1, zeros(15))),
  ),
  kind("LC-PV-20", "edx", register(0x268, BigInt(OUTSIDE_PFN))),
  kind("LC-PV-21", "gdt", register(0x12e0, BigInt(OUTSIDE_PFN))),
  kind("LC-PV-22", "cr3", register(0x1390, BigInt(OUTSIDE_PFN) << 12n)),
  kind("LC-PV-23", "cr1", register(0x1380, (BigInt(OUTSIDE_PFN) << 12n) | 1n)),
];

const emulator = (type: number, make: () => Part): Put => replaceBy(type, make, "libxl");

const LIBXL: readonly FaultKind[] = [
  kind("LL-HDR-4", "ll-options", change(null, 15, Uint8Array.of(4), "libxl")),
  kind("LL-REC-2", "ll-unknown", {
    phase: PUT_IN,
    run: (slots, prng) => {
      const slot = { part: libxlRecord(prng.between(6, 2 ** 32 - 1)) };
      slots.splice(slots.length - 1, 0, slot);
      return slot;
    },
  }),
  kind(
    "LL-REC-5",
    "ll-end",
    emulator(LIBXL_REC.END, () => libxlRecord(LIBXL_REC.END, zeros(8))),
  ),
  kind(
    "LL-EMU-1",
    "ll-context",
    emulator(LIBXL_REC.EMULATOR_CONTEXT, () => libxlRecord(LIBXL_REC.EMULATOR_CONTEXT, zeros(4))),
  ),
  kind(
    "LL-EMU-2",
    "ll-context",
    emulator(LIBXL_REC.EMULATOR_CONTEXT, () => emulatorContext(undefined, 7)),
  ),
  kind(
    "LL-XS-1",
    "ll-xenstore",
    emulator(LIBXL_REC.EMULATOR_XENSTORE_DATA, () => emulatorXenstore("key")),
  ),
  kind(
    "LL-XS-2",
    "ll-xenstore",
    emulator(LIBXL_REC.EMULATOR_XENSTORE_DATA, () => emulatorXenstore([["/a", "b"]])),
  ),
  kind(
    "LL-XS-3",
    "ll-xenstore",
    emulator(LIBXL_REC.EMULATOR_XENSTORE_DATA, () => emulatorXenstore([["a b", "c"]])),
  ),
];

function hvmParts(prng: Prng): Part[] {
  const pfns = Array.from({ length: prng.between(3, 12) }, (_, pfn) => ({ pfn }));
  return hvmStream({
    batches: prng.runs(pfns, 4),
    params: [
      [1, 1],
      [17, 2],
    ],
  });
}

function pvParts(prng: Prng): Part[] {
  const pfns = Array.from({ length: prng.between(1, 8) }, (_, i) => ({ pfn: 20 + i }));
  return pvStream(plan, { batches: prng.runs(pfns, 3), vcpus: VCPUS });
}

/** The stream of a seed, without its faults or with 2 to 5 of them. */
export function faultyStream(seed: number, faults: boolean): FaultyStream {
  const prng = new Prng(seed);
  const guest = prng.chance(50) ? "hvm" : "pv";
  const libxc = guest === "hvm" ? hvmParts(prng) : pvParts(prng);
  const wrapped = guest === "hvm" && prng.chance(60);
  const parts = wrapped
    ? libxlStream(libxc, [emulatorXenstore(PHYSMAP), emulatorContext()])
    : libxc;
  const slots: Slot[] = parts.map((part) => ({ part }));
  const kinds = [...COMMON, ...(guest === "hvm" ? HVM : PV), ...(wrapped ? LIBXL : [])];
  const chosen = faults ? choose(prng, kinds, prng.between(2, 5)) : [];
  const put = chosen.map(({ rule, put: putIn }) => ({ rule, slot: putIn.run(slots, prng) }));
  const offsets = new Map<Slot, number>();
  let at = 0;
  for (const slot of slots) {
    offsets.set(slot, at);
    at += slot.part.bytes.length;
  }
  const expected = put.map(({ rule, slot }) => {
    const from = offsets.get(slot) ?? -1;
    return { rule, from, to: from + slot.part.bytes.length };
  });
  return { bytes: join(slots.map(({ part }) => part)), expected, vcpus: VCPUS, guest };
}

/** Kinds at different sites. */
function choose(prng: Prng, kinds: readonly FaultKind[], count: number): FaultKind[] {
  const chosen: FaultKind[] = [];
  for (const candidate of prng.shuffled(kinds)) {
    if (chosen.length === count) break;
    if (!chosen.some((other) => together(other, candidate))) chosen.push(candidate);
  }
  return chosen.sort((a, b) => a.put.phase - b.put.phase);
}

/** Faults of one site; and pfns outside the guest, where a refused record may have told its size. */
function together(a: FaultKind, b: FaultKind): boolean {
  const p2m = [a, b].some(({ site }) => site.startsWith("p2m"));
  const pfn = [a, b].some(({ site }) => REGISTERS.has(site));
  return a.site === b.site || (p2m && pfn);
}

const REGISTERS = new Set(["edx", "gdt", "cr3", "cr1"]);
