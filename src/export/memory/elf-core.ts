/**
 * ELF cores: a load segment for each run of populated pfns, with its physical address (also as the
 * virtual one, so that a debugger finds pages without a kernel's tables), and the notes of the
 * vcpus. Laid out as debuggers for kernels expect; no kernel's symbols are known here.
 *
 *   file header | notes header, load headers | section header 0 if there are too many | notes |
 *   padding to a page | pages, run by run
 *
 * Source: System V ABI, ELF; PN_XNUM as the Linux core format has it (facts).
 */
import { PAGE_BYTES, PAGE_SHIFT } from "../../format/index.js";
import { type CoreClass, coreNotes, pageAligned } from "./elf-notes.js";
import type { MemoryLayout, MemoryPart, Runs } from "./parts.js";
import type { VcpuRegisters } from "./registers.js";

const PT_LOAD = 1;
const PT_NOTE = 4;
const FLAGS_RWX = 7;
const ET_CORE = 4;
const EM_386 = 3;
const EM_X86_64 = 62;
/** The count of program headers stands in section header 0 if it is this or more. */
const PN_XNUM = 0xffff;
/** First address and file offset that a 32-bit core cannot name. */
const LIMIT_32 = 2 ** 32;
/** Load headers in one part. */
const HEADERS_PER_PART = 4096;

/** Bytes of each kind of header, by class. */
const SIZES = {
  64: { file: 64, program: 56, section: 64 },
  32: { file: 52, program: 32, section: 40 },
} as const;

/** Where the parts of one core stand. */
interface Plan {
  readonly coreClass: CoreClass;
  readonly runs: Runs;
  readonly programCount: number;
  readonly sectionOffset: number;
  readonly notes: Uint8Array;
  readonly notesOffset: number;
  readonly pagesOffset: number;
}

/**
 * The ELF core of runs and vcpus. Of i386 if no vcpu is one of 64 bits and all of it can be named
 * with 32 bits; else of x86-64.
 *
 * @param vcpus  in the order in which their notes are to stand; the first is what is shown first
 */
export function elfCoreLayout(runs: Runs, vcpus: readonly VcpuRegisters[]): MemoryLayout {
  let runCount = 0;
  let pages = 0;
  let endPfn = 0;
  for (const { first, count } of runs()) {
    runCount += 1;
    pages += count;
    endPfn = first + count;
  }
  const narrow = vcpus.length > 0 && vcpus.every(({ long }) => !long);
  const small = narrow ? planOf(32, runs, runCount, vcpus) : null;
  const fits =
    small !== null &&
    endPfn * PAGE_BYTES <= LIMIT_32 &&
    small.pagesOffset + pages * PAGE_BYTES <= LIMIT_32;
  const plan = fits ? small : planOf(64, runs, runCount, vcpus);
  return { sizeBytes: plan.pagesOffset + pages * PAGE_BYTES, parts: () => partsOf(plan) };
}

function planOf(
  coreClass: CoreClass,
  runs: Runs,
  runCount: number,
  vcpus: readonly VcpuRegisters[],
): Plan {
  const sizes = SIZES[coreClass];
  const programCount = runCount + 1;
  const headersEnd = sizes.file + programCount * sizes.program;
  const sectionOffset = programCount >= PN_XNUM ? headersEnd : 0;
  const notesOffset = headersEnd + (sectionOffset === 0 ? 0 : sizes.section);
  const notes = coreNotes(vcpus, coreClass);
  const pagesOffset = pageAligned(notesOffset + notes.length);
  return { coreClass, runs, programCount, sectionOffset, notes, notesOffset, pagesOffset };
}

function* partsOf(plan: Plan): Generator<MemoryPart> {
  const sizes = SIZES[plan.coreClass];
  yield { part: "bytes", fileOffset: 0, bytes: fileHeader(plan) };
  const noteHeader = new Uint8Array(sizes.program);
  programHeader(plan, noteHeader, 0, {
    type: PT_NOTE,
    flags: 0,
    offset: plan.notesOffset,
    address: 0,
    bytes: plan.notes.length,
    align: 4,
  });
  yield { part: "bytes", fileOffset: sizes.file, bytes: noteHeader };
  yield* loadHeaders(plan, sizes.file + sizes.program);
  if (plan.sectionOffset > 0) {
    yield { part: "bytes", fileOffset: plan.sectionOffset, bytes: countSection(plan) };
  }
  yield { part: "bytes", fileOffset: plan.notesOffset, bytes: plan.notes };
  let fileOffset = plan.pagesOffset;
  for (const { first, count } of plan.runs()) {
    yield { part: "pages", fileOffset, first, count };
    fileOffset += count * PAGE_BYTES;
  }
}

function* loadHeaders(plan: Plan, firstOffset: number): Generator<MemoryPart> {
  const size = SIZES[plan.coreClass].program;
  let headers = new Uint8Array(HEADERS_PER_PART * size);
  let used = 0;
  let fileOffset = firstOffset;
  let pagesOffset = plan.pagesOffset;
  for (const { first, count } of plan.runs()) {
    const address = first * PAGE_BYTES;
    const bytes = count * PAGE_BYTES;
    const load = { type: PT_LOAD, flags: FLAGS_RWX, offset: pagesOffset, address, bytes };
    programHeader(plan, headers, used, { ...load, align: 1 << PAGE_SHIFT });
    pagesOffset += bytes;
    used += size;
    if (used < headers.length) continue;
    yield { part: "bytes", fileOffset, bytes: headers };
    fileOffset += used;
    headers = new Uint8Array(HEADERS_PER_PART * size);
    used = 0;
  }
  if (used > 0) yield { part: "bytes", fileOffset, bytes: headers.subarray(0, used) };
}

function fileHeader(plan: Plan): Uint8Array {
  const wide = plan.coreClass === 64;
  const sizes = SIZES[plan.coreClass];
  const bytes = new Uint8Array(sizes.file);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]); // magic, class, little-endian, version
  view.setUint16(16, ET_CORE, true);
  view.setUint16(18, wide ? EM_X86_64 : EM_386, true);
  view.setUint32(20, 1, true);
  const word = wide ? 8 : 4;
  const offsets = 24 + word; // behind the entry point, which a core does not have
  setWord(view, plan, offsets, sizes.file);
  setWord(view, plan, offsets + word, plan.sectionOffset);
  const tail = offsets + 2 * word + 4; // behind the flags
  view.setUint16(tail, sizes.file, true);
  view.setUint16(tail + 2, sizes.program, true);
  view.setUint16(tail + 4, Math.min(plan.programCount, PN_XNUM), true);
  view.setUint16(tail + 6, sizes.section, true);
  view.setUint16(tail + 8, plan.sectionOffset === 0 ? 0 : 1, true);
  return bytes;
}

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
  readonly align: number;
}

/** The flags stand second in the 64-bit form, next to last in the 32-bit one. */
function programHeader(plan: Plan, into: Uint8Array, at: number, segment: Segment): void {
  const view = new DataView(into.buffer, into.byteOffset + at);
  const { type, flags, offset, address, bytes, align } = segment;
  view.setUint32(0, type, true);
  const wide = plan.coreClass === 64;
  const word = wide ? 8 : 4;
  let next = wide ? 8 : 4;
  for (const value of [offset, address, address, bytes, bytes]) {
    setWord(view, plan, next, value);
    next += word;
  }
  view.setUint32(wide ? 4 : 24, flags, true);
  setWord(view, plan, wide ? 48 : 28, align);
}

/** Section header 0, of type null; its info holds the count of program headers. */
function countSection(plan: Plan): Uint8Array {
  const bytes = new Uint8Array(SIZES[plan.coreClass].section);
  const view = new DataView(bytes.buffer);
  view.setUint32(plan.coreClass === 64 ? 44 : 28, plan.programCount, true);
  return bytes;
}

function setWord(view: DataView, plan: Plan, at: number, value: number): void {
  if (plan.coreClass === 64) view.setBigUint64(at, BigInt(value), true);
  else view.setUint32(at, value, true);
}
