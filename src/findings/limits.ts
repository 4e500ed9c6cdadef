/**
 * Every limit of ours, by name: what bounds memory, loops and queues against hostile input. Limits
 * that a standard sets live in format/. Options override those that a user may want to raise.
 */

/** Bounds that hold for one image: counts and bytes, and times where others are waited for. */
export interface Limits {
  /** Bytes of guest memory and retained input held at once (`--max-memory`). */
  readonly maxMemoryBytes: number;
  /** Banks of 2^19 pfns that one guest may spread over: 1024 cover 2 TiB of guest. */
  readonly maxBanks: number;
  /**
   * Largest metadata record body or section taken into memory. No smaller than a libxc record may
   * be (LC-REC-4), or there would be images that Xen takes and we cannot judge.
   */
  readonly maxMetadataBytes: number;
  /** Records, and headers, that a listing names one by one; those beyond are counted. */
  readonly maxRecordsListed: number;
  /** Findings kept for one image; those beyond are counted, not kept. */
  readonly maxFindingsKept: number;
  /** Nodes, watches, connections, transactions and domains of a Xenstore stream held at once. */
  readonly maxXenstoreItems: number;
  /** Bytes of paths, tokens and values of a Xenstore stream held at once. */
  readonly maxXenstoreTextBytes: number;
  /** Largest window that a compressed input may want kept while it is decoded (`--max-window`). */
  readonly maxWindowBytes: number;
  /**
   * Decompressed bytes for each compressed byte (`--max-ratio`), looked at once an input has given
   * 256 MiB. Pages of zeros with their entries reach some thousands; a real guest stays below 100.
   */
  readonly maxDecompressRatio: number;
  /** Requests for one range of a remote image before it is given up. */
  readonly maxRemoteTries: number;
  /** Milliseconds that one range of a remote image may be retried for. */
  readonly maxRemoteRetryMs: number;
  /** Milliseconds without a byte after which a request for a remote image has failed. */
  readonly remoteTimeoutMs: number;
  /** Redirects that are followed for one request. */
  readonly maxRedirects: number;
  /** Bytes of a remote image kept for reading again and read ahead. */
  readonly maxRemoteCacheBytes: number;
  /** Milliseconds without a word of a thread that helps, after which the work is done without it. */
  readonly threadSilenceMs: number;
}

/** The limits that hold where a caller sets none. */
export const DEFAULT_LIMITS: Limits = {
  maxMemoryBytes: 4 * 1024 ** 3,
  maxBanks: 1024,
  maxMetadataBytes: 128 * 1024 ** 2,
  maxRecordsListed: 100_000,
  maxFindingsKept: 100_000,
  maxXenstoreItems: 2_000_000,
  maxXenstoreTextBytes: 256 * 1024 ** 2,
  maxWindowBytes: 128 * 1024 ** 2,
  maxDecompressRatio: 10_000,
  maxRemoteTries: 6,
  maxRemoteRetryMs: 120_000,
  remoteTimeoutMs: 30_000,
  maxRedirects: 10,
  maxRemoteCacheBytes: 32 * 1024 ** 2,
  threadSilenceMs: 10_000,
};

/** Faults that one record body, header or chain can yield; what lies behind is not judged. */
export const MAX_FAULTS_PER_BODY = 4096;
/** Largest description of a host, or text to make one of. */
export const MAX_HOST_FILE_BYTES = 4 * 1024 ** 2;
/** Reasons that are listed why a host would not take an image; the others are counted. */
export const MAX_HOST_REASONS = 1000;
/** Items of one list, or bytes of one hex string, that an inspected record is printed with. */
export const MAX_ITEMS_PRINTED = 65_536;
/** Records of one HVM context whose content is judged; the framing of all of them is. */
export const MAX_HVM_RECORDS_JUDGED = 65_536;
/** Pinned page tables that a restore lists one by one; those beyond are counted. */
export const MAX_PINS_LISTED = 4096;
/** Pages that parameters clear, in order, that a restore lists; those beyond are counted. */
export const MAX_CLEARED_LISTED = 65_536;
