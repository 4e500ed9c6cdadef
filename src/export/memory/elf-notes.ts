/**
 * The notes of an ELF core: a status and an FPU state for each vcpu, in the layouts of Linux for
 * x86-64 and i386, which debuggers know. A vcpu stands there as a thread with id vcpu + 1.
 * Source: System V ABI (notes), Linux elfcore and user_regs_struct (facts).
 */
import { PAGE_BYTES } from "../../format/index.js";
import type { RegisterName, VcpuRegisters } from "./registers.js";

/** Which of the two layouts a core has. */
export type CoreClass = 64 | 32;

const NT_PRSTATUS = 1;
const NT_FPREGSET = 2;
const NT_PRXFPREG = 0x46e6_2b7f;

/** A word of a status: a register, its original return value, or the place of a 32-bit half. */
type Slot = RegisterName | "orig";

const ORDER_64: readonly Slot[] = [
  ...(["r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax"] as const),
  ...(["rcx", "rdx", "rsi", "rdi", "orig", "rip", "cs", "rflags", "rsp", "ss"] as const),
  ...(["fs_base", "gs_base", "ds", "es", "fs", "gs"] as const),
];
const ORDER_32: readonly Slot[] = [
  ...(["rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rax", "ds", "es", "fs", "gs"] as const),
  ...(["orig", "rip", "cs", "rflags", "rsp", "ss"] as const),
];

/** Where things stand in a status, by class. */
const STATUS = {
  64: { bytes: 336, pid: 32, registers: 112, fpuValid: 328, wordBytes: 8, order: ORDER_64 },
  32: { bytes: 144, pid: 24, registers: 72, fpuValid: 140, wordBytes: 4, order: ORDER_32 },
} as const;

/** No system call is being restarted. */
const NO_CALL = -1n;

/** The notes of all vcpus, one after the other, padded as the ABI wants it. */
export function coreNotes(vcpus: readonly VcpuRegisters[], coreClass: CoreClass): Uint8Array {
  const notes: Uint8Array[] = [];
  for (const vcpu of vcpus) {
    notes.push(note("CORE", NT_PRSTATUS, status(vcpu, coreClass)));
    if (vcpu.fpu === null) continue;
    if (coreClass === 64) notes.push(note("CORE", NT_FPREGSET, vcpu.fpu));
    else notes.push(note("LINUX", NT_PRXFPREG, vcpu.fpu));
  }
  const bytes = new Uint8Array(notes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of notes) {
    bytes.set(one, at);
    at += one.length;
  }
  return bytes;
}

/** First offset at or behind `bytes` that is a multiple of a page. */
export function pageAligned(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

function status({ vcpu, values, fpu }: VcpuRegisters, coreClass: CoreClass): Uint8Array {
  const layout = STATUS[coreClass];
  const bytes = new Uint8Array(layout.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(layout.pid, vcpu + 1, true);
  view.setUint32(layout.fpuValid, fpu === null ? 0 : 1, true);
  for (const [i, slot] of layout.order.entries()) {
    const value = slot === "orig" ? NO_CALL : values[slot];
    const at = layout.registers + i * layout.wordBytes;
    if (coreClass === 64) view.setBigUint64(at, BigInt.asUintN(64, value), true);
    else view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
  }
  return bytes;
}

function note(owner: string, type: number, content: Uint8Array): Uint8Array {
  const nameBytes = owner.length + 1;
  const contentAt = 12 + aligned4(nameBytes);
  const bytes = new Uint8Array(contentAt + aligned4(content.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, nameBytes, true);
  view.setUint32(4, content.length, true);
  view.setUint32(8, type, true);
  for (let i = 0; i < owner.length; i += 1) bytes[12 + i] = owner.charCodeAt(i);
  bytes.set(content, contentAt);
  return bytes;
}

function aligned4(bytes: number): number {
  return (bytes + 3) & ~3;
}
