/**
 * Rows of what a host would not take: the `on-host` cases of the formats' rules, and HF. Each image
 * is checked against the same host twice, or the same image against two hosts.
 */
import { concat, poke, u8, u32le, u64le, zeros } from "../../builders/bytes.js";
import { changed, LEAVES, on, onCpu, onLeaves } from "../../builders/host.js";
import { contextRecord, hvmContextBlob, hvmStream } from "../../builders/hvm.js";
import {
  type CpuidLeaf,
  cpuidPolicy,
  msrPolicy,
  REC,
  staticDataEnd,
  tscInfo,
  vcpuRecord,
} from "../../builders/libxc.js";
import { emulatorContext, libxlStream, xlHeader } from "../../builders/libxl.js";
import { join, libxcRecord, type Part } from "../../builders/parts.js";
import { XenstoreStream } from "../../builders/xenstore.js";
import { beforeEnd, hvm, instead, pv, type RuleRow, row } from "./row.js";

const v2 = (...extra: Part[]) =>
  beforeEnd(hvmStream({ version: 2, batches: [[{ pfn: 1 }]] }), ...extra);
const policy = (leaves: readonly CpuidLeaf[]) =>
  instead(hvm(), REC.X86_CPUID_POLICY, cpuidPolicy(leaves));
const msrs = (...values: Parameters<typeof msrPolicy>[0]) =>
  instead(hvm(), REC.X86_MSR_POLICY, msrPolicy(values));
const context = (...records: Uint8Array[]) => hvm([], hvmContextBlob(...records));
const cpu = (bytes: number, ...changes: [at: number, value: Uint8Array][]) => {
  const plain = poke(poke(zeros(bytes), 0x290, 0x10), 0x2a0, 0);
  return contextRecord(
    2,
    0,
    changes.reduce((body, [at, value]) => poke(body, at, ...value), plain),
  );
};
const xsave = (accumulated: number) =>
  contextRecord(16, 0, poke(poke(zeros(24 + 832), 8, 3), 16, ...u8(accumulated)));
const pvXsave = (accumulated: bigint) =>
  instead(
    pv(),
    REC.X86_PV_VCPU_XSAVE,
    vcpuRecord(REC.X86_PV_VCPU_XSAVE, 0, concat(u64le(3n), u64le(accumulated), zeros(832))),
  );
const tsc = (mode: number, khz: number) => instead(hvm(), REC.X86_TSC_INFO, tscInfo({ mode, khz }));
const long = () => hvm([], concat(hvmContextBlob(), zeros(0x0080_0000)));
const xl = (flags: number) =>
  concat(xlHeader({ mandatoryFlags: flags }).bytes, join(libxlStream(hvm())));
const emulated = (id: number) => join(libxlStream(hvm(), [emulatorContext(undefined, id)]));
const xenstore = (version: number) => new XenstoreStream({ version }).global().end();
const memory = (freeBytes: number) => ({ host: on({ memory: { freeBytes } }) });
const NO_SMEP = changed([7, "ebx"], 0x20);
const SMEP_ON = cpu(1032, [0x2a8, u32le(1 << 20)]);

export const HOST: readonly RuleRow[] = [
  row("LC-HDR-4/on-host", "v3 on Xen 4.13", hvm, () => v2(), { host: on({ xen: "4.13" }) }),
  row(
    "LC-REC-2/on-host",
    "STATIC_DATA_END in a v2 stream on Xen 4.13",
    () => instead(v2(), REC.PAGE_DATA, staticDataEnd(), ...v2().filter(({ type }) => type === 1)),
    () => v2(),
    { host: on({ xen: "4.13" }) },
  ),
  row(
    "LC-REC-4/on-host",
    "a body over 8 MiB on Xen 4.9",
    () => v2(libxcRecord(REC.HVM_CONTEXT, concat(hvmContextBlob(), zeros(0x0080_0000)))),
    long,
    { host: on({ xen: "4.9" }) },
    { host: on({ xen: "4.14" }) },
  ),
  row(
    "XL-3/on-host",
    "the v2 flag on Xen 4.5",
    () => xl(3),
    () => xl(3),
    { host: on({ xen: "4.5" }) },
    { host: on({ xen: "4.6" }) },
  ),
  row(
    "XS-HDR-2/on-host",
    "version 2 on Xen 4.20",
    () => xenstore(2),
    () => xenstore(1),
    {
      host: on({ xen: "4.20" }),
    },
  ),
  row(
    "LC-TSC-3/on-host",
    "never emulate at another speed",
    () => tsc(2, 3_000_000),
    () => tsc(2, 2_400_001),
    { host: on() },
  ),
  row(
    "LC-POL-2/on-host",
    "avx2 above the host's maximum",
    () => policy(LEAVES),
    () => policy(changed([7, "ebx"], 0x80)),
    { host: onLeaves(changed([7, "ebx"], 0x80)) },
  ),
  row(
    "LC-POL-3/on-host",
    "rdcl-no above the host's",
    () => msrs([0x10a, 3n]),
    () => msrs([0x10a, 1n]),
    { host: on() },
  ),
  row(
    "HP-1/on-host",
    "VM86_TSS_SIZED on Xen 4.8",
    () => hvm([[37, 0x80_0000_0000n]]),
    () => hvm([[34, 0xfc00_a010]]),
    { host: on({ xen: "4.8" }) },
  ),
  row(
    "HP-10/on-host",
    "a Viridian feature",
    () => hvm([[9, 0x41]]),
    () => hvm([[9, 0x1f]]),
    { host: on({ limits: { viridianFeatures: "0x3f" } }) },
  ),
  row(
    "HC-5/on-host",
    "TSC_ADJUST on Xen 4.2",
    () => context(contextRecord(19, 0, zeros(8))),
    () => context(contextRecord(13, 0, zeros(8))),
    { host: on({ xen: "4.2" }) },
  ),
  row(
    "HC-7/on-host",
    "a CPU record of 1032 bytes on Xen 4.6",
    () => context(cpu(1032)),
    () => context(cpu(1024)),
    { host: on({ xen: "4.6" }) },
  ),
  row(
    "HC-20/on-host",
    "SMEP on in cr4",
    () => context(SMEP_ON),
    () => context(SMEP_ON),
    { host: onLeaves(NO_SMEP) },
    { host: on() },
  ),
  row(
    "HC-26/on-host",
    "AVX-512 state",
    () => context(xsave(0xe7)),
    () => context(xsave(7)),
    { host: on() },
  ),
  row(
    "LC-PV-15/on-host",
    "AVX-512 state",
    () => pvXsave(0xe7n),
    () => pvXsave(7n),
    { host: on() },
  ),
  row("HF-1", "a page more than is free", hvm, hvm, memory(4095), { host: on({ memory: {} }) }),
  row(
    "HF-1/estimate",
    "no memory beside the pages",
    hvm,
    hvm,
    memory(4096 + 2 * 2 ** 20),
    memory(4096 + 2 * 2 ** 20 + 8192),
  ),
  row(
    "HF-2",
    "2 vcpus where 1 is the most",
    hvm,
    hvm,
    { host: on({ maxVcpus: { hvm: 1 } }) },
    { host: on({ maxVcpus: { hvm: 2, pv: 1 } }) },
  ),
  row(
    "HF-2/overcommit",
    "2 vcpus on 1 processor",
    hvm,
    hvm,
    { host: on({ cpus: 1 }) },
    { host: on({ cpus: 2 }) },
  ),
  row(
    "HF-3",
    "a 64-bit PV guest",
    pv,
    pv,
    { host: on({ guests: ["hvm", "pv32"] }) },
    { host: on({ guests: ["pv64"] }) },
  ),
  row(
    "HF-4",
    "qemu-traditional",
    () => emulated(1),
    () => emulated(2),
    { host: on() },
  ),
  row(
    "HF-5",
    "another vendor",
    hvm,
    hvm,
    { host: onCpu({ vendor: "AuthenticAMD" }) },
    { host: onCpu({ vendor: "GenuineIntel" }) },
  ),
  row(
    "HF-6",
    "a page at 2^39",
    () => hvmStream({ batches: [[{ pfn: 2 ** 27 }]] }),
    () => hvmStream({ batches: [[{ pfn: 2 ** 27 - 1 }]] }),
    { host: on() },
  ),
];
