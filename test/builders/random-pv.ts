/**
 * Random PV guests, 64-bit and 32-bit: where their special pages lie, what their tables map, their
 * vcpus. Everything made here completes (libxc-stream LC-PV-17, LC-PV-20 to 25).
 */
import { wordsPage } from "./bytes.js";
import {
  carriesData,
  PAGE,
  type PageEntry,
  p2mFrames,
  pvInfo,
  REC,
  sharedInfo,
  vcpuRecord,
} from "./libxc.js";
import type { Part } from "./parts.js";
import type { Prng } from "./prng.js";
import { basicBlob, extendedBlob, type PvPlan, pte, specialEntries, xsaveBlob } from "./pv.js";
import { few, randomPage } from "./script.js";

/** A guest with its special pages in random places, and the pfns that are left for the rest. */
export interface RandomPvGuest {
  readonly plan: PvPlan;
  readonly others: readonly number[];
}

/** A guest of 15 to 64 pages, 64-bit or 32-bit. */
export function randomPvGuest(prng: Prng): RandomPvGuest {
  const width = prng.chance(50) ? 8 : 4;
  const pageCount = 14 + few(prng, 50);
  // Now and then the p2m takes two pages and most of the guest is never sent.
  const perFrame = 4096 / width;
  const maxPfn = prng.chance(5) ? perFrame + prng.below(perFrame) : pageCount - 1;
  const pfns = prng.shuffled(Array.from({ length: pageCount }, (_, i) => i));
  const take = (count: number): number[] => pfns.splice(0, count);
  const one = (): number => take(1)[0] as number;
  const plan: PvPlan = {
    width,
    maxPfn,
    startInfo: one(),
    store: one(),
    console: one(),
    tables: take(width === 8 ? 4 : 3),
    p2m: take(Math.floor(maxPfn / perFrame) + 1),
    gdt: take(prng.below(3)),
    ...(width === 8 && prng.chance(50) ? { userTable: one() } : {}),
  };
  return { plan, others: pfns };
}

/** One entry for a pfn that is nothing special. */
function randomEntry(prng: Prng, guest: RandomPvGuest, pfn: number): PageEntry {
  const kind = prng.below(100);
  if (kind < 8) return { pfn, type: PAGE.XTAB };
  if (kind < 11) return { pfn, type: PAGE.BROKEN };
  if (kind < 15) return { pfn, type: PAGE.XALLOC };
  if (kind < 25) {
    const pinned = prng.chance(30) ? PAGE.PINNED : 0;
    return { pfn, type: PAGE.L1TAB | pinned, page: randomTable(prng, guest) };
  }
  return { pfn, page: randomPage(prng) };
}

/** An L1 table: some entries present, some not, all of them inside the guest. */
function randomTable(prng: Prng, { plan }: RandomPvGuest): Uint8Array {
  const words = Array.from({ length: prng.below(6) }, (): readonly [number, bigint] => {
    const target = pte(prng.below(plan.maxPfn + 1));
    // Slots from 428 on belong to Xen in some tables of 32-bit guests.
    return [prng.below(428), prng.chance(80) ? target : target & ~1n];
  });
  return wordsPage(words);
}

/** The first pass: every page of the guest, in the order of pfns or without any. */
export function firstPvPass(prng: Prng, guest: RandomPvGuest): PageEntry[] {
  const mapped = guest.others.filter(() => prng.chance(20)).slice(0, 400);
  const special = specialEntries(guest.plan, mapped);
  const rest = guest.others.map((pfn) => randomEntry(prng, guest, pfn));
  const entries = [...special, ...rest];
  if (prng.chance(20)) return prng.shuffled(entries);
  return entries.sort((a, b) => Number(a.pfn) - Number(b.pfn));
}

/** A later pass: some pages again; special pages stay what they are. */
export function laterPvPass(
  prng: Prng,
  guest: RandomPvGuest,
  first: readonly PageEntry[],
): PageEntry[] {
  const others = new Set(guest.others);
  return first
    .filter(() => prng.chance(20))
    .map((entry) =>
      others.has(Number(entry.pfn)) ? randomEntry(prng, guest, Number(entry.pfn)) : entry,
    );
}

/** The last copy of each page that carries data, as a VERIFY pass sends it. */
export function lastCopies(entries: readonly PageEntry[]): PageEntry[] {
  const last = new Map(entries.map((entry) => [entry.pfn, entry]));
  return [...last.values()].filter((entry) => carriesData(entry.type ?? PAGE.NOTAB));
}

/** X86_PV_INFO, which belongs to the static part. */
export function pvStatic(guest: RandomPvGuest): Part {
  return pvInfo(guest.plan.width);
}

/** X86_PV_P2M_FRAMES, the first of the dynamic records; a second one may repeat the first frame. */
export function pvFrames(prng: Prng, { plan }: RandomPvGuest): Part[] {
  const all = p2mFrames(0, plan.maxPfn, plan.p2m);
  const firstPage = p2mFrames(0, Math.min(3, plan.maxPfn), plan.p2m.slice(0, 1));
  return prng.chance(5) ? [firstPage, all] : [all];
}

/** How many vcpus a guest has, and which of them are online; vcpu 0 always is. */
export function randomVcpus(prng: Prng): number[] {
  const count = few(prng, 3);
  return Array.from({ length: count }, (_, id) => id).filter((id) => id === 0 || prng.chance(70));
}

/** SHARED_INFO and the vcpu records that end a PV save or one of its checkpoints. */
export function randomPvEnding(prng: Prng, guest: RandomPvGuest, vcpus: readonly number[]): Part[] {
  const parts: Part[] = prng.chance(90) ? [sharedInfo(randomPage(prng))] : [];
  for (const id of vcpus) {
    parts.push(vcpuRecord(REC.X86_PV_VCPU_BASIC, id, basicBlob(guest.plan)));
    if (prng.chance(70)) {
      const blob = extendedBlob(id, prng.pick([56, 64, 128]));
      parts.push(vcpuRecord(REC.X86_PV_VCPU_EXTENDED, id, blob));
    }
    if (prng.chance(40)) parts.push(vcpuRecord(REC.X86_PV_VCPU_XSAVE, id, xsaveBlob()));
    if (prng.chance(40)) {
      const values = wordsPage([[0, 0xc001_1027n]]).subarray(0, 16 * prng.below(2));
      parts.push(vcpuRecord(REC.X86_PV_VCPU_MSRS, id, values));
    }
  }
  return parts;
}
