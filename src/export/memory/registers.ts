/**
 * The registers of a vcpu in one form, from the CPU records of an HVM context or from PV vcpu
 * contexts: what a debugger wants to know. Not a codec: those are stream/'s.
 * Source: Xen public arch-x86/hvm/save.h and arch-x86/xen.h (facts).
 */
import type { GuestWidth } from "../../format/index.js";
import { decodeVcpuContext32, decodeVcpuContext64, type HvmContext } from "../../stream/index.js";

const GENERAL = [
  ...(["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"] as const),
  ...(["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip", "rflags"] as const),
] as const;
const SEGMENTS = ["cs", "ss", "ds", "es", "fs", "gs", "fs_base", "gs_base"] as const;

/** Registers by their names of 64-bit mode; a 32-bit guest uses the lower halves. */
export type RegisterName = (typeof GENERAL)[number] | (typeof SEGMENTS)[number];

/** One vcpu. */
export interface VcpuRegisters {
  readonly vcpu: number;
  /** Whether the vcpu runs in long mode, or may: what its registers are to be shown as. */
  readonly long: boolean;
  readonly values: Readonly<Record<RegisterName, bigint>>;
  /** The 512 bytes of an FXSAVE area; null where the vcpu has not used its FPU. */
  readonly fpu: Uint8Array | null;
}

const EFER_LMA = 1n << 10n;
const FPU_INITIALISED = 1;
/** Bit 2 of a PV vcpu's flags: it runs in the kernel, whose gs base is the active one. */
const VGCF_IN_KERNEL = 1n << 2n;

/** Registers of the vcpus of an HVM context, in its order. */
export function hvmRegisters(context: HvmContext): VcpuRegisters[] {
  const vcpus: VcpuRegisters[] = [];
  for (const record of context) {
    if (record.name !== "CPU" || record.fields === null) continue;
    const { fields } = record;
    const values = {
      ...pick(GENERAL, fields),
      ...{ cs: BigInt(fields.cs_sel), ss: BigInt(fields.ss_sel), ds: BigInt(fields.ds_sel) },
      ...{ es: BigInt(fields.es_sel), fs: BigInt(fields.fs_sel), gs: BigInt(fields.gs_sel) },
      fs_base: fields.fs_base,
      gs_base: fields.gs_base,
    };
    const fpu = (fields.flags & FPU_INITIALISED) === 0 ? null : fields.fpu_regs;
    const long = (fields.msr_efer & EFER_LMA) !== 0n;
    vcpus.push({ vcpu: record.instance, long, values, fpu });
  }
  return vcpus;
}

/** Registers of one PV vcpu. `blob`: X86_PV_VCPU_BASIC without its head, of the right length. */
export function pvRegisters(vcpu: number, blob: Uint8Array, width: GuestWidth): VcpuRegisters {
  return width === 8 ? pvRegisters64(vcpu, blob) : pvRegisters32(vcpu, blob);
}

function pvRegisters64(vcpu: number, blob: Uint8Array): VcpuRegisters {
  const context = decodeVcpuContext64(blob);
  const regs = context.user_regs;
  const inKernel = (context.flags & VGCF_IN_KERNEL) !== 0n;
  const values = {
    ...pick(GENERAL, regs),
    ...{ cs: BigInt(regs.cs), ss: BigInt(regs.ss), ds: BigInt(regs.ds) },
    ...{ es: BigInt(regs.es), fs: BigInt(regs.fs), gs: BigInt(regs.gs) },
    fs_base: context.fs_base,
    gs_base: inKernel ? context.gs_base_kernel : context.gs_base_user,
  };
  return { vcpu, long: true, values, fpu: context.fpu_ctxt };
}

function pvRegisters32(vcpu: number, blob: Uint8Array): VcpuRegisters {
  const { user_regs: regs, fpu_ctxt: fpu } = decodeVcpuContext32(blob);
  const wide = (value: number) => BigInt(value);
  const values = {
    ...{ rax: wide(regs.eax), rbx: wide(regs.ebx), rcx: wide(regs.ecx), rdx: wide(regs.edx) },
    ...{ rsi: wide(regs.esi), rdi: wide(regs.edi), rbp: wide(regs.ebp), rsp: wide(regs.esp) },
    ...{ r8: 0n, r9: 0n, r10: 0n, r11: 0n, r12: 0n, r13: 0n, r14: 0n, r15: 0n },
    ...{ rip: wide(regs.eip), rflags: wide(regs.eflags), fs_base: 0n, gs_base: 0n },
    ...{ cs: wide(regs.cs), ss: wide(regs.ss), ds: wide(regs.ds) },
    ...{ es: wide(regs.es), fs: wide(regs.fs), gs: wide(regs.gs) },
  };
  return { vcpu, long: false, values, fpu };
}

function pick<N extends string>(
  names: readonly N[],
  from: Readonly<Record<N, bigint>>,
): Record<N, bigint> {
  const picked = {} as Record<N, bigint>;
  for (const name of names) picked[name] = from[name];
  return picked;
}
