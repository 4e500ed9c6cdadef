/**
 * A table of equal entries as it stands in a record: the bytes are kept, an entry is decoded when
 * it is asked for. A hostile record may claim millions of entries; they must not cost an object
 * each before someone looks at them.
 */

/** How one kind of entry is read and written. */
export interface EntryFormat<T> {
  readonly bytes: number;
  /** Decode the entry at `offset`. */
  read(bytes: Uint8Array, offset: number): T;
  /** Encode `entry` at `offset`. */
  write(entry: T, bytes: Uint8Array, offset: number): void;
}

/** Entries in order. Iterable as often as wanted. */
export class EntryTable<T> implements Iterable<T> {
  /** The raw entries, and what follows the last whole one. Not to be written to. */
  readonly bytes: Uint8Array;
  /** Number of whole entries. */
  readonly length: number;
  readonly #format: EntryFormat<T>;

  /** @param bytes raw entries; kept, not copied */
  constructor(format: EntryFormat<T>, bytes: Uint8Array) {
    this.#format = format;
    this.bytes = bytes;
    this.length = Math.floor(bytes.length / format.bytes);
  }

  /** Encode entries into a table with memory of its own. */
  static of<T>(format: EntryFormat<T>, entries: readonly T[]): EntryTable<T> {
    const bytes = new Uint8Array(entries.length * format.bytes);
    entries.forEach((entry, index) => {
      format.write(entry, bytes, index * format.bytes);
    });
    return new EntryTable(format, bytes);
  }

  /**
   * The entry of an ordinal.
   *
   * @throws {RangeError} for an ordinal that the table lacks
   */
  at(index: number): T {
    if (index < 0 || index >= this.length) throw new RangeError(`no entry ${index}`);
    return this.#format.read(this.bytes, index * this.#format.bytes);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  /** Ordinals and entries. */
  *entries(): Generator<[index: number, entry: T], void, undefined> {
    for (let index = 0; index < this.length; index++) yield [index, this.at(index)];
  }

  /** The first `count` entries, decoded. */
  first(count: number): T[] {
    return Array.from({ length: Math.min(count, this.length) }, (_, index) => this.at(index));
  }
}
