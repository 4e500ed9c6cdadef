/**
 * A context is judged by the CPU policy of its stream, and without one only by what holds on every
 * processor: HC-20 and HC-26 through the whole pipeline.
 */
import { describe, expect, it } from "vitest";
import { concat, poke, u8, u32le, u64le, zeros } from "../builders/bytes.js";
import { contextRecord, hvmContextBlob } from "../builders/hvm.js";
import { type CpuidLeaf, cpuidPolicy, NO_SUBLEAF, REC } from "../builders/libxc.js";
import { join } from "../builders/parts.js";
import { ENGINES, runBytes } from "../harness.js";
import { hvm, instead } from "../rules/tables/row.js";

const CR4_SMAP = 1 << 21;
const SMAP_GRANTED = 1 << 20;
/** PKRU: a component whose place in the area only the processor knows. */
const PKRU = 9;

/** A CPU record that no policy has a say about, and one that runs with SMAP. */
const plain = poke(zeros(1032), 0x290, 0x10);
const plainCpu = contextRecord(2, 0, plain);
const smapCpu = contextRecord(2, 0, poke(plain, 0x2a8, ...u32le(CR4_SMAP)));
const xsave = (areaBytes: number): Uint8Array =>
  contextRecord(
    16,
    0,
    concat(u64le(0), u64le(3), u64le(3n | (1n << BigInt(PKRU))), zeros(areaBytes - 1), u8(1)),
  );

/** Rules about the CPU policy that a stream with these leaves (or no policy) is told of. */
function told(leaves: readonly CpuidLeaf[] | null, ...records: Uint8Array[]): string[][] {
  const policies = leaves === null ? [] : [cpuidPolicy(leaves)];
  const bytes = join(
    instead(hvm([], hvmContextBlob(...records)), REC.X86_CPUID_POLICY, ...policies),
  );
  return ENGINES.map((engine) => {
    const { findings } = runBytes(bytes, { engine, vcpus: 1 });
    return findings
      .filter(({ rule }) => rule === "HC-20" || rule === "HC-26")
      .map(({ rule, severity }) => `${rule} ${severity}`);
  });
}

const both = (...expected: string[]) => [expected, expected];

describe("a context in a stream with a CPU policy", () => {
  it("has no bit in cr4 whose feature the policy withholds, HC-20", () => {
    expect(told([[7, 0, 0, 0, 0, 0]], smapCpu)).toEqual(both("HC-20 warning"));
    expect(told([[7, 0, 0, SMAP_GRANTED, 0, 0]], smapCpu)).toEqual(both());
  });

  it("is judged by the last of two entries of a leaf, as a hypervisor keeps it", () => {
    const none: CpuidLeaf = [7, 0, 0, 0, 0, 0];
    const smap: CpuidLeaf = [7, 0, 0, SMAP_GRANTED, 0, 0];
    expect(told([none, smap], smapCpu)).toEqual(both());
    expect(told([smap, none], smapCpu)).toEqual(both("HC-20 warning"));
  });

  it("has an XSAVE area of the size that the policy gives its components, HC-26", () => {
    const pkru: CpuidLeaf = [0xd, PKRU, 8, 2688, 0, 0];
    expect(told([pkru], plainCpu, xsave(2688))).toEqual(both("HC-26 warning"));
    expect(told([pkru], plainCpu, xsave(2696))).toEqual(both());
  });
});

describe("a context in a stream without a CPU policy, or with one that does not tell", () => {
  it("may have any bit in cr4 and an area of any size for a component of unknown place", () => {
    for (const leaves of [null, [[1, NO_SUBLEAF, 0, 0, 0, 0] as const]]) {
      expect(told(leaves, smapCpu)).toEqual(both());
      expect(told(leaves, plainCpu, xsave(2688))).toEqual(both());
    }
  });
});
