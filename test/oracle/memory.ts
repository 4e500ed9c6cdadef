/**
 * Guest memory as the oracle keeps it: two tables from pfn to page, one as the page records leave
 * it, one as the restorer does. Pages are views into the image, or copies where a fix-up wrote.
 * Source: libxc-stream LC-SIM-1, 2, 4, 8.
 */
import { createHash } from "node:crypto";

/** Bytes of a page in the stream and of a frame in the guest. */
export const PAGE_BYTES = 4096;

/** Stands for every page that was populated and never written. Nobody writes to it. */
export const ZERO_PAGE: Uint8Array = new Uint8Array(PAGE_BYTES);

/** The memory of one guest. A pfn is in both tables or in none. */
export class Memory {
  /** What LC-SIM-1, 2 and 5 make: page records, and pages that a page table entry populated. */
  readonly stream = new Map<number, Uint8Array>();
  /** The same with the restorer's fix-ups (LC-SIM-4, LC-PV-20, LC-PV-25). */
  readonly restored = new Map<number, Uint8Array>();

  has(pfn: number): boolean {
    return this.restored.has(pfn);
  }

  /** Allocate a zero page, unless the pfn has one. */
  populate(pfn: number): void {
    if (this.restored.has(pfn)) return;
    this.stream.set(pfn, ZERO_PAGE);
    this.restored.set(pfn, ZERO_PAGE);
  }

  /** The content of a page record lands. */
  write(pfn: number, page: Uint8Array): void {
    this.stream.set(pfn, page);
    this.restored.set(pfn, page);
  }

  /** A page of restored memory that a fix-up may write to. */
  patch(pfn: number): DataView {
    const copy = Uint8Array.from(this.restored.get(pfn) ?? ZERO_PAGE);
    this.restored.set(pfn, copy);
    return new DataView(copy.buffer);
  }

  /** A fix-up clears a page; one that is not populated stays so. */
  clear(pfn: number): void {
    if (this.restored.has(pfn)) this.restored.set(pfn, ZERO_PAGE);
  }
}

/** SHA-256 over, for each pfn ascending, the pfn as u64 little-endian and its 4096 bytes. */
export function memorySha256(pages: ReadonlyMap<number, Uint8Array>): string {
  const hash = createHash("sha256");
  const head = Buffer.alloc(8);
  for (const pfn of [...pages.keys()].sort((a, b) => a - b)) {
    head.writeBigUInt64LE(BigInt(pfn));
    hash.update(head);
    hash.update(pages.get(pfn) ?? ZERO_PAGE);
  }
  return hash.digest("hex");
}
