/**
 * A set of pfns of 28 bits, as legacy entries have them. Its size is bounded by the pfns' width: 32
 * MiB, and only where batches name all of them.
 */

/** Pfns covered by one part of the set. */
const PART_SHIFT = 15;
const PART_BYTES = 2 ** (PART_SHIFT - 3);

/** Made per stream. Pfns beyond 28 bits may be asked for. */
export class PfnSet {
  readonly #parts = new Map<number, Uint8Array>();

  add(pfn: number): void {
    const part = this.#parts.get(pfn >>> PART_SHIFT) ?? this.#newPart(pfn >>> PART_SHIFT);
    const at = (pfn >>> 3) % PART_BYTES;
    part[at] = (part[at] ?? 0) | (1 << (pfn & 7));
  }

  has(pfn: number): boolean {
    const part = this.#parts.get(pfn >>> PART_SHIFT);
    return part !== undefined && (((part[(pfn >>> 3) % PART_BYTES] ?? 0) >> (pfn & 7)) & 1) === 1;
  }

  #newPart(index: number): Uint8Array {
    const part = new Uint8Array(PART_BYTES);
    this.#parts.set(index, part);
    return part;
  }
}
