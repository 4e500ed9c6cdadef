/**
 * Every limit of ours, by name: what bounds memory, loops and queues against hostile input. Limits
 * that a standard sets live in format/. Options override those that a user may want to raise.
 */

/** Bounds that hold for one image. All counts and bytes, none is a time. */
export interface Limits {
  /** Bytes of guest memory and retained input held at once (`--max-memory`). */
  readonly maxMemoryBytes: number;
  /** Banks of 2^19 pfns that one guest may spread over: 1024 cover 2 TiB of guest. */
  readonly maxBanks: number;
  /** Largest metadata record body or section taken into memory. */
  readonly maxMetadataBytes: number;
  /** Findings kept for one image; those beyond are counted, not kept. */
  readonly maxFindingsKept: number;
  /** Largest window that a compressed input may want kept while it is decoded (`--max-window`). */
  readonly maxWindowBytes: number;
  /**
   * Decompressed bytes for each compressed byte (`--max-ratio`), looked at once an input has given
   * 256 MiB. Pages of zeros with their entries reach some thousands; a real guest stays below 100.
   */
  readonly maxDecompressRatio: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxMemoryBytes: 4 * 1024 ** 3,
  maxBanks: 1024,
  maxMetadataBytes: 32 * 1024 ** 2,
  maxFindingsKept: 100_000,
  maxWindowBytes: 128 * 1024 ** 2,
  maxDecompressRatio: 10_000,
};
