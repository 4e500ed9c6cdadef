/**
 * What a memory image is made of: pieces of bytes and runs of pages, each at its place in the file,
 * ascending. The layouts beside this file yield them; whoever writes fills the pages in. Nothing
 * here reads a guest or writes a file.
 */

/** A run of consecutive pfns. */
export interface MemoryRun {
  readonly first: number;
  readonly count: number;
}

/** Bytes that the layout itself makes: headers, notes. */
export interface BytesPart {
  readonly part: "bytes";
  readonly fileOffset: number;
  readonly bytes: Uint8Array;
}

/** The contents of `count` pages from pfn `first` on. */
export interface PagesPart {
  readonly part: "pages";
  readonly fileOffset: number;
  readonly first: number;
  readonly count: number;
}

/** What lies between two parts, and behind the last one up to the file's size, is zero. */
export type MemoryPart = BytesPart | PagesPart;

/** One file: its parts and how long it is in the end. */
export interface MemoryLayout {
  readonly sizeBytes: number;
  /** Ascending by fileOffset, not overlapping; may be walked once or more. */
  parts(): Iterable<MemoryPart>;
}

/** The populated pfns of a guest as maximal runs, ascending; may be walked as often as needed. */
export type Runs = () => Iterable<MemoryRun>;

/** First and last pfn, both of the range. */
export interface PfnRange {
  readonly first: number;
  readonly last: number;
}

/** The parts of runs that lie in a range. */
export function runsWithin(runs: Runs, range: PfnRange | null): Runs {
  if (range === null) return runs;
  return function* () {
    for (const run of runs()) {
      const first = Math.max(run.first, range.first);
      const end = Math.min(run.first + run.count, range.last + 1);
      if (first < end) yield { first, count: end - first };
    }
  };
}
