/**
 * Random HVM guests: their memory over the passes of a live save, their parameters and contexts.
 * Everything made here is sound in both profiles, but for the page a VERIFY pass may change.
 * Source: libxc-stream sections 5, 7 to 9; hvm-state sections 1 to 4.
 */
import { PAGE_BYTES } from "./bytes.js";
import { contextRecord, hvmContext, hvmContextBlob } from "./hvm.js";
import {
  type CpuidLeaf,
  cpuidPolicy,
  type HvmParam,
  hvmParams,
  msrPolicy,
  NO_SUBLEAF,
  PAGE,
  type PageEntry,
  tscInfo,
} from "./libxc.js";
import { libxcRecord, type Part } from "./parts.js";
import type { Prng } from "./prng.js";
import { few, randomPage, type Script } from "./script.js";

const TABLE_TYPES = [0x1, 0x2, 0x3, 0x4, 0x9, 0xa, 0xb, 0xc];

/** One entry for a pfn: a page mostly, now and then a hole or a type that HVM savers never use. */
function randomEntry(prng: Prng, pfn: number): PageEntry {
  const kind = prng.below(100);
  if (kind < 8) return { pfn, type: PAGE.XTAB };
  if (kind < 11) return { pfn, type: PAGE.BROKEN };
  if (kind < 16) return { pfn, type: PAGE.XALLOC };
  const type = kind < 19 ? prng.pick(TABLE_TYPES) : PAGE.NOTAB;
  return { pfn, type, page: randomPage(prng) };
}

/** The pfns of a guest, ascending: mostly from 0 on without a gap. */
export function randomPfns(prng: Prng): number[] {
  const pfns = Array.from({ length: 1 + few(prng, 63) }, (_, i) => i);
  if (prng.chance(15)) return pfns.map((pfn) => pfn + prng.pick([0, 0x100, 0xf_fff0]));
  if (prng.chance(15)) return pfns.map((pfn) => 3 * pfn + prng.below(3));
  return pfns;
}

/** A pass over some of the guest's pfns. */
export function randomPass(prng: Prng, pfns: readonly number[], percent: number): PageEntry[] {
  const sent = pfns.filter(() => prng.chance(percent));
  const entries = sent.map((pfn) => randomEntry(prng, pfn));
  // The format lets a pfn come twice, even in one record: the last copy counts.
  if (sent.length > 0 && prng.chance(10)) entries.push(randomEntry(prng, prng.pick(sent)));
  return entries;
}

/** Send entries as PAGE_DATA records of random size. */
export function sendBatches(prng: Prng, script: Script, entries: readonly PageEntry[]): void {
  for (const run of prng.runs(entries, prng.pick([4, 16, 64]))) script.batch(run);
}

/** What is there now, sent again after VERIFY; sometimes with a page that differs. */
export function sendAgain(prng: Prng, script: Script, mayDiffer: boolean): void {
  const entries = [...script.intended]
    .sort(([a], [b]) => a - b)
    .map(([pfn, page]): PageEntry => ({ pfn, page }));
  const odd = prng.below(Math.max(1, entries.length));
  const differs = mayDiffer && prng.chance(30);
  const changed = entries.map((entry, i) =>
    differs && i === odd ? { ...entry, page: randomPage(prng) } : entry,
  );
  script.verify();
  sendBatches(prng, script, changed);
}

/** Values that a saver may send and the hypervisor takes; some are set once in a guest's life. */
export function randomParams(prng: Prng, pfns: readonly number[]): HvmParam[] {
  const pfn = (): number => (prng.chance(80) ? prng.pick(pfns) : prng.pick([0, 9, 0xf_eff0]));
  const values: readonly HvmParam[] = [
    [1, pfn()],
    [5, pfn()],
    [6, pfn()],
    [27, pfn()],
    [28, pfn()],
    [29, pfn()],
    [37, (128n << 32n) | BigInt(PAGE_BYTES * pfn())],
    [17, pfn()],
    [19, prng.below(2)],
    [9, 1 | prng.below(0x2000)],
    [12, PAGE_BYTES * pfn()],
    [34, (PAGE_BYTES * pfn() + 8 * prng.below(500)) % 2 ** 32],
    [32, pfn()],
    [33, prng.between(1, 64)],
    [36, prng.pick([0, 4, 8])],
    [38, prng.below(2)],
    [15, (PAGE_BYTES * pfn()) % 2 ** 32],
    [4, prng.below(2)],
    [10, prng.below(4)],
    [14, prng.pick([0, 3])],
    [31, prng.below(6)],
    [0, BigInt(prng.next()) << 32n],
    [2, prng.below(100)],
    [18, prng.below(100)],
    [11, 1],
    [16, 1],
  ];
  return values.filter(() => prng.chance(45));
}

/** Typecodes with a length their loader takes, the exact ones first. */
const CONTEXT_LENGTHS: readonly (readonly [typecode: number, lengths: readonly number[]])[] = [
  [2, [1016, 1024, 1032]],
  [3, [8]],
  [4, [400]],
  [5, [16, 24, 32]],
  [6, [1024]],
  [7, [16]],
  [8, [8]],
  [9, [8]],
  [10, [56]],
  [11, [16, 24]],
  [12, [1048]],
  [13, [8]],
  [14, [240]],
  [15, [16, 24, 32]],
  [16, [24 + 576]],
  [17, [8, 16, 216]],
  [18, [8, 24, 32]],
  [19, [8]],
  [20, [8 + 16]],
];

/** An HVM_CONTEXT whose framing is sound; its contents are arbitrary. */
export function randomContext(prng: Prng): Part {
  const share = prng.pick([0, 5, 30]);
  const records = CONTEXT_LENGTHS.filter(() => prng.chance(share)).map(([typecode, lengths]) =>
    contextRecord(typecode, 0, new Uint8Array(prng.pick(lengths)).fill(prng.next())),
  );
  return hvmContext(hvmContextBlob(...records));
}

/** The policy records of a version 3 stream; either may be missing. */
export function randomPolicies(prng: Prng): Part[] {
  const leaves = Array.from({ length: few(prng, 8) }, (_, leaf): CpuidLeaf => {
    const hasSubleaf = leaf === 4 || leaf === 7;
    return [leaf, hasSubleaf ? 0 : NO_SUBLEAF, prng.next(), prng.next(), 0, 0];
  });
  const parts = [cpuidPolicy(leaves), msrPolicy([[0xce, 0x8000_0000n]])];
  return prng.shuffled(parts.filter(() => prng.chance(85)));
}

/** An X86_TSC_INFO of any mode Xen takes. */
export function randomTsc(prng: Prng): Part {
  return tscInfo({
    mode: prng.below(3),
    khz: prng.next(),
    nsec: BigInt(prng.next()),
    incarnation: prng.below(4),
  });
}

/** The records that end an HVM save or one of its checkpoints. */
export function randomEnding(prng: Prng, params: readonly HvmParam[]): Part[] {
  const ending = [randomTsc(prng), randomContext(prng)];
  if (params.length > 0) ending.push(hvmParams(params));
  if (params.length > 1 && prng.chance(10)) ending.push(hvmParams(params.slice(1)));
  return prng.chance(25) ? prng.shuffled(ending) : ending;
}

/** A record that no reader knows and every reader skips. */
export function randomOptional(prng: Prng): Part {
  return libxcRecord((0x8000_0000 | prng.below(0x1000)) >>> 0, prng.bytes(prng.below(20)));
}
