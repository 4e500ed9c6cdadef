/**
 * Builders of hosts: a description with all that a check may ask for, and ones that lack something.
 */
import type { HostDescription, HostLeaf } from "../../src/findings/index.js";
import { hostCheck } from "../../src/ops/index.js";
import { type CpuidLeaf, NO_SUBLEAF } from "./libxc.js";

const hex = (value: number): string => `0x${value.toString(16)}`;

/** Leaves of a stream's policy as a description has them. */
export function hostLeaves(leaves: readonly CpuidLeaf[]): HostLeaf[] {
  return leaves.map(([leaf, subleaf, eax, ebx, ecx, edx]) => ({
    leaf: hex(leaf),
    ...(subleaf === NO_SUBLEAF ? {} : { subleaf }),
    eax: hex(eax),
    ebx: hex(ebx),
    ecx: hex(ecx),
    edx: hex(edx),
  }));
}

/** A processor with AVX2 (leaf 7, ebx bit 5), AVX (leaf 1, ecx bit 28) and SMEP (7.ebx bit 7). */
export const LEAVES: readonly CpuidLeaf[] = [
  [0, NO_SUBLEAF, 0xd, 0x756e_6547, 0x6c65_746e, 0x4965_6e69],
  [1, NO_SUBLEAF, 0x0003_06c3, 0, 0x1400_0000, 0x0000_1bff],
  [7, 0, 0, 0xa0, 0, 0],
  [0xd, 0, 7, 0x340, 0x340, 0],
  [0x8000_0000, NO_SUBLEAF, 0x8000_0008, 0, 0, 0],
  [0x8000_0001, NO_SUBLEAF, 0, 0, 1, 0x2810_0800],
  [0x8000_0008, NO_SUBLEAF, 0x3027, 0, 0, 0],
];

/** The leaves with one register of one leaf changed. */
export function changed(
  at: readonly [leaf: number, register: "eax" | "ebx" | "ecx" | "edx"],
  value: number,
): CpuidLeaf[] {
  const column = 2 + ["eax", "ebx", "ecx", "edx"].indexOf(at[1]);
  return LEAVES.map((leaf) =>
    leaf[0] === at[0] ? (leaf.map((old, i) => (i === column ? value : old)) as never) : leaf,
  );
}

const POLICY = {
  leaves: hostLeaves(LEAVES),
  msrs: [
    { index: "0xce", value: "0x80000000" },
    { index: "0x10a", value: "0x1" },
  ],
};

/** A host that takes everything that the tests' sound images ask for. */
export const AMPLE: HostDescription = {
  format: "xenstream-host",
  v: 1,
  name: "ample",
  xen: "4.22",
  architecture: "x86_64",
  guests: ["hvm", "pvh", "pv64", "pv32"],
  memory: { totalBytes: 2 ** 36, freeBytes: 2 ** 35 },
  cpus: 16,
  maxVcpus: { hvm: 128, pv: 128 },
  cpu: {
    vendor: "GenuineIntel",
    physicalAddressBits: 39,
    maxLeaves: 120,
    maxMsrs: 2,
    policies: { hvmMax: POLICY, pvMax: POLICY },
  },
  tsc: { khz: 2_400_000, scaling: false },
  deviceModels: ["qemu-xen"],
};

/** The ample host, with these fields in place of its own. */
export const like = (fields: Partial<HostDescription>): HostDescription => ({
  ...AMPLE,
  ...fields,
});

/** What watches an image for the ample host, with these fields in place of its own. */
export const on = (fields: Partial<HostDescription> = {}) => hostCheck(like(fields));

/** The ample host with another processor. */
export const onCpu = (cpu: Partial<NonNullable<HostDescription["cpu"]>>) =>
  on({ cpu: { ...AMPLE.cpu, ...cpu } });

/** The ample host whose guests have these leaves, and MSRs, at most. */
export function onLeaves(leaves: readonly CpuidLeaf[], msrs = POLICY.msrs) {
  const policy = { leaves: hostLeaves(leaves), msrs };
  return onCpu({ policies: { hvmMax: policy, pvMax: policy } });
}
