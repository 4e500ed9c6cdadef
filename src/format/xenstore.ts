/**
 * Numbers and names of the Xenstore stream (live update and migration), versions 1 and 2. Numbers
 * only: what decoded records look like is xenstore-records.ts, codecs live in stream/xenstore.
 * Source: Xenstore migration document; Xen's C xenstored (facts).
 *
 *   header (16, BE): ident "xenstore" | version u32 | flags u32 (bit 0: bodies are big-endian)
 *   record:          type u32 | len u32 | body | zero padding to 8 (after len, or counted in it)
 */

export const XENSTORE_HEADER_BYTES = 16;
export const XENSTORE_IDENT = "xenstore";
export const XENSTORE_IDENT_BYTES = 8;
export const XENSTORE_VERSION_MIN = 1;
export const XENSTORE_VERSION_MAX = 2;
export const XENSTORE_FLAG_BIG_ENDIAN = 0x0000_0001;

export const XENSTORE_RECORD_HEADER_BYTES = 8;
export const XENSTORE_RECORD_ALIGN = 8;

export const XENSTORE_REC_TYPE_END = 0;
export const XENSTORE_REC_TYPE_GLOBAL_DATA = 1;
export const XENSTORE_REC_TYPE_CONNECTION_DATA = 2;
export const XENSTORE_REC_TYPE_WATCH_DATA = 3;
export const XENSTORE_REC_TYPE_TRANSACTION_DATA = 4;
export const XENSTORE_REC_TYPE_NODE_DATA = 5;
export const XENSTORE_REC_TYPE_GLOBAL_QUOTA_DATA = 6;
export const XENSTORE_REC_TYPE_DOMAIN_DATA = 7;
export const XENSTORE_REC_TYPE_WATCH_DATA_EXTENDED = 8;

/** Record names by type number, as the document spells them. */
export const XENSTORE_RECORD_NAMES = [
  "END",
  "GLOBAL_DATA",
  "CONNECTION_DATA",
  "WATCH_DATA",
  "TRANSACTION_DATA",
  "NODE_DATA",
  "GLOBAL_QUOTA_DATA",
  "DOMAIN_DATA",
  "WATCH_DATA_EXTENDED",
] as const;

export type XenstoreRecordName = (typeof XENSTORE_RECORD_NAMES)[number];

/** Bytes of each record type's fixed part, by type number. */
export const XENSTORE_FIXED_BYTES = [0, 8, 24, 8, 8, 16, 4, 8, 12] as const;

export const XENSTORE_CONN_TYPE_RING = 0;
export const XENSTORE_CONN_TYPE_SOCKET = 1;
/** Bit of CONNECTION_DATA `fields`: a unique id follows the data. */
export const XENSTORE_CONN_FIELD_UNIQUE_ID = 0x0001;
export const XENSTORE_UNIQUE_ID_BYTES = 8;
/** `tdomid` of a ring connection that has no target domain. */
export const XENSTORE_DOMID_NONE = 0x7ff4;
/** First of the domids that name no real domain. */
export const XENSTORE_DOMID_RESERVED = 0x7ff0;

/** Head of a buffered message: type u32 | req-id u32 | tx-id u32 | len u32. */
export const XENSTORE_MESSAGE_HEAD_BYTES = 16;
export const XENSTORE_MESSAGE_LENGTH_OFFSET = 12;

/** `depth` of a watch on everything below its path, as a WATCH_DATA always is. */
export const XENSTORE_DEPTH_UNLIMITED = 0xffff;
/** Shortest wpath: one character and its NUL. */
export const XENSTORE_WPATH_BYTES_MIN = 2;

/** NODE_DATA `access` of a pending node: bit 0 read, bit 1 written; 0 means deleted. */
export const XENSTORE_ACCESS_READ = 0x0001;
export const XENSTORE_ACCESS_WRITTEN = 0x0002;
export const XENSTORE_PERMISSION_BYTES = 4;
/** Letters of a permission: none, read, write, both. */
export const XENSTORE_PERMISSION_LETTERS = "nrwb";
/** Permission flag: the entry is out of date and to be ignored. */
export const XENSTORE_PERMISSION_STALE = 0x01;
/** Nodes that stand beside the tree: they have no parent. */
export const XENSTORE_SPECIAL_NODES = ["@releaseDomain", "@introduceDomain"] as const;

export const XENSTORE_QUOTA_VALUE_BYTES = 4;
/** Quotas that the protocol names or the C xenstored knows, each also with prefix "soft-". */
export const XENSTORE_QUOTA_NAMES = [
  "nodes",
  "watches",
  "outstanding",
  "memory",
  "transactions",
  "transaction-nodes",
  "node-permissions",
  "permissions",
  "path-max",
  "node-size",
] as const;
export const XENSTORE_QUOTA_SOFT_PREFIX = "soft-";
