/**
 * What the header and records of a Xenstore stream look like once decoded: shapes only, shared by
 * the codec (stream/xenstore), the checks and the writer. Every byte of a body is in its shape, so
 * that encoding gives the same bytes back. Source: Xenstore migration document.
 *
 * Byte text: names, paths and tokens are strings of one character (0..0xff) per byte, as in the
 * stream, NULs included where the length counts them. Nothing promises that they are UTF-8.
 */

/** Byte order of record heads and bodies; the stream's header is always big-endian. */
export type XenstoreByteOrder = "little" | "big";

/** The stream's header. `flags` are as read, reserved bits and all. */
export interface XenstoreHeader {
  readonly version: number;
  readonly flags: number;
  readonly byteOrder: XenstoreByteOrder;
}

/** What every decoded body ends in. */
interface Tail {
  /** Bytes of the body that no field covers: padding counted in len, or surplus. */
  readonly surplus: Uint8Array;
}

export interface XenstoreEnd extends Tail {
  readonly kind: "END";
}

/** Descriptors of the process that wrote the stream; -1 is none. */
export interface XenstoreGlobalData extends Tail {
  readonly kind: "GLOBAL_DATA";
  readonly rwSocketFd: number;
  readonly evtchnFd: number;
}

export interface XenstoreRingSpec {
  readonly kind: "ring";
  readonly domid: number;
  readonly tdomid: number;
  /** Event channel. */
  readonly port: number;
}

export interface XenstoreSocketSpec {
  readonly kind: "socket";
  readonly fd: number;
  readonly pad: number;
}

export interface XenstoreConnectionData extends Tail {
  readonly kind: "CONNECTION_DATA";
  readonly connId: number;
  /** 0 ring, 1 socket; anything else is decoded as a ring, as the C xenstored does. */
  readonly connType: number;
  readonly fields: number;
  readonly spec: XenstoreRingSpec | XenstoreSocketSpec;
  /** Bytes at the head of `output` that finish a partly sent response (out-resp-len). */
  readonly partialBytes: number;
  /** Unread request bytes. */
  readonly input: Uint8Array;
  /** Unsent response bytes. */
  readonly output: Uint8Array;
  /** Padding between data and unique id; empty without a unique id. */
  readonly gap: Uint8Array;
  /** Only if `fields` has the unique id's bit. */
  readonly uniqueId: bigint | null;
}

export interface XenstoreWatchData extends Tail {
  readonly kind: "WATCH_DATA";
  readonly connId: number;
  /** Byte text, its NUL included. */
  readonly wpath: string;
  /** Byte text, its NUL included. */
  readonly token: string;
}

/**
 * Offset of the strings of a WATCH_DATA_EXTENDED: 12 by the document, 10 as the C xenstored reads
 * them, 8 as it writes them.
 */
export type XenstoreWatchForm = 12 | 10 | 8;

export interface XenstoreWatchDataExtended extends Tail {
  readonly kind: "WATCH_DATA_EXTENDED";
  readonly connId: number;
  readonly wpath: string;
  readonly token: string;
  readonly form: XenstoreWatchForm;
  /** Levels below the path that match; null in form 8, which does not hold it. */
  readonly depth: number | null;
  /** Null in forms 10 and 8. */
  readonly pad: number | null;
  /** The record is 8 bytes shorter than its len says (form 8 alone). */
  readonly shortLength: boolean;
}

export interface XenstoreTransactionData extends Tail {
  readonly kind: "TRANSACTION_DATA";
  readonly connId: number;
  readonly txId: number;
}

export interface XenstorePermission {
  /** Character code, one of 'n' 'r' 'w' 'b' in a good stream. */
  readonly letter: number;
  readonly flags: number;
  readonly domid: number;
}

export interface XenstoreNodeData extends Tail {
  readonly kind: "NODE_DATA";
  /** 0: committed. Else the connection of the transaction in which the node is pending. */
  readonly connId: number;
  readonly txId: number;
  readonly access: number;
  readonly permissions: readonly XenstorePermission[];
  /** Byte text, its NUL included. */
  readonly path: string;
  readonly value: Uint8Array;
}

export interface XenstoreQuota {
  /** Byte text without its NUL. */
  readonly name: string;
  /** 0 is unlimited. */
  readonly value: number;
}

export interface XenstoreGlobalQuotaData extends Tail {
  readonly kind: "GLOBAL_QUOTA_DATA";
  /** Defaults for every new domain (group D). */
  readonly domainQuotas: readonly XenstoreQuota[];
  /** Quotas of the whole store (group G). */
  readonly globalQuotas: readonly XenstoreQuota[];
}

export interface XenstoreDomainData extends Tail {
  readonly kind: "DOMAIN_DATA";
  readonly domid: number;
  readonly features: number;
  readonly quotas: readonly XenstoreQuota[];
}

/** A record type that the document does not know. */
export interface XenstoreUnknown {
  readonly kind: "unknown";
  readonly body: Uint8Array;
}

/** What a malformed body still tells: its own names, so that rules that need them can be left out. */
export interface XenstoreKnownNames {
  readonly connId?: number;
  readonly domid?: number;
  /** Byte text, its NUL included. */
  readonly path?: string;
}

/** A body that does not hold what its own lengths promise. */
export interface XenstoreMalformed {
  readonly kind: "malformed";
  /** Id of the length rule that the body breaks. */
  readonly rule: string;
  readonly message: string;
  readonly expected: string;
  readonly actual: string;
  readonly known: XenstoreKnownNames;
  readonly body: Uint8Array;
}

/** A body that was passed over unread. */
export interface XenstoreSkipped {
  readonly kind: "skipped";
}

/** A body whose fields are known. */
export type XenstoreFields =
  | XenstoreEnd
  | XenstoreGlobalData
  | XenstoreConnectionData
  | XenstoreWatchData
  | XenstoreWatchDataExtended
  | XenstoreTransactionData
  | XenstoreNodeData
  | XenstoreGlobalQuotaData
  | XenstoreDomainData;

/** A body that can be encoded again. */
export type XenstoreEncodable = XenstoreFields | XenstoreUnknown | XenstoreMalformed;

/** Any decoded body. */
export type XenstoreContent = XenstoreEncodable | XenstoreSkipped;

/** A decoded record and where it stands. */
export interface XenstoreRecord {
  /** Ordinal in the stream, from 0. */
  readonly recordIndex: number;
  readonly type: number;
  /** Name in the document, or the number in hex. */
  readonly name: string;
  /** Of the record header, in the decompressed input. */
  readonly byteOffset: number;
  /** `len` as the record claims it. */
  readonly bodyBytes: number;
  readonly content: XenstoreContent;
}
