/**
 * A random stream while it is being written: its parts, and beside them what a restorer should have
 * in memory after them. The second is plain bookkeeping, made without any restorer.
 * Source: libxc-stream LC-SIM-1, 2, 5, LC-VER-2, LC-CP-4 to 6.
 */
import { PAGE_BYTES, patternPage, zeros } from "./bytes.js";
import { carriesData, checkpoint, PAGE, type PageEntry, pageData, verify } from "./libxc.js";
import type { Part } from "./parts.js";
import type { Prng } from "./prng.js";

/** Collects parts, and applies their pages to `intended` when a restorer would. */
export class Script {
  readonly parts: Part[] = [];
  /** Stream memory (LC-SIM-8): page by populated pfn. */
  readonly intended = new Map<number, Uint8Array>();
  private verifying = false;
  private buffer: (() => void)[] | null = null;

  constructor(private readonly guest: "hvm" | "pv") {}

  add(...parts: readonly Part[]): void {
    this.parts.push(...parts);
  }

  /** A PAGE_DATA record. */
  batch(entries: readonly PageEntry[]): void {
    this.parts.push(pageData(entries));
    this.later(() => this.land(entries));
  }

  verify(): void {
    this.parts.push(verify());
    this.later(() => {
      this.verifying = true;
    });
  }

  /** A CHECKPOINT that is confirmed; `between` is what libxl writes behind it. */
  checkpoint(between: readonly Part[]): void {
    this.parts.push(checkpoint(), ...between);
    for (const step of this.buffer ?? []) step();
    this.buffer = [];
  }

  /** Records apply at once up to the first checkpoint, then when the next one is confirmed. */
  private later(step: () => void): void {
    if (this.buffer === null) step();
    else this.buffer.push(step);
  }

  private populate(pfn: number): void {
    if (!this.intended.has(pfn)) this.intended.set(pfn, NO_CONTENT);
  }

  private land(entries: readonly PageEntry[]): void {
    for (const { pfn, type = PAGE.NOTAB, page = NO_CONTENT } of entries) {
      if (type === PAGE.BROKEN || type === PAGE.XTAB) continue;
      this.populate(Number(pfn));
      if (!carriesData(type)) continue;
      if (this.guest === "pv" && type !== PAGE.NOTAB) this.follow(page);
      if (!this.verifying) this.intended.set(Number(pfn), page);
    }
  }

  /** What the entries of a page table point to is there from now on. */
  private follow(table: Uint8Array): void {
    const view = new DataView(table.buffer, table.byteOffset);
    for (let at = 0; at < PAGE_BYTES; at += 8) {
      if ((view.getUint8(at) & 1) === 0) continue;
      this.populate(Number((view.getBigUint64(at, true) >> 12n) & 0xff_ffff_ffffn));
    }
  }
}

const NO_CONTENT = zeros(PAGE_BYTES);

/** A page as guests have them: empty, seen before, its own, or empty but for one byte. */
export function randomPage(prng: Prng): Uint8Array {
  const kind = prng.below(100);
  if (kind < 30) return NO_CONTENT;
  if (kind < 55) return patternPage(prng.below(4));
  if (kind < 80) return patternPage(prng.next());
  const page = zeros(PAGE_BYTES);
  page[prng.chance(50) ? prng.pick([0, 7, 8, 2048, 4088, 4095]) : prng.below(PAGE_BYTES)] = 1;
  return page;
}

/** A small number of things, mostly few: 1..most. */
export function few(prng: Prng, most: number): number {
  return 1 + prng.below(1 + prng.below(most));
}
