/**
 * Where the data pages of a stream stand: ordinal in the stream to byte offset. One entry per
 * record, not per page; pages of a record are contiguous.
 */
export class PageIndex {
  #firstOrdinals: number[] = [];
  #byteOffsets: number[] = [];
  #next = 0;

  /** Ordinal that the next record's first data page will have. */
  get nextOrdinal(): number {
    return this.#next;
  }

  /** Add the `count` contiguous data pages that stand at `byteOffset`. */
  add(byteOffset: number, count: number): void {
    if (count === 0) return;
    this.#firstOrdinals.push(this.#next);
    this.#byteOffsets.push(byteOffset);
    this.#next += count;
  }

  /** Byte offset of the data page with this ordinal, which must have been added. */
  byteOffsetOf(ordinal: number, pageBytes: number): number {
    const record = this.#recordOf(ordinal);
    const first = this.#firstOrdinals[record] as number;
    return (this.#byteOffsets[record] as number) + (ordinal - first) * pageBytes;
  }

  /** Data pages from this ordinal on that stand behind one another: those of its record. */
  pagesFrom(ordinal: number): number {
    return (this.#firstOrdinals[this.#recordOf(ordinal) + 1] ?? this.#next) - ordinal;
  }

  /** The record that a data page came in. */
  #recordOf(ordinal: number): number {
    let low = 0;
    let high = this.#firstOrdinals.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#firstOrdinals[middle] as number) <= ordinal) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
