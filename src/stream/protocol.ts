/**
 * How readers speak: they do no I/O but yield requests and events, and are resumed with what they
 * asked for. input/ drives requests; restore/ and ops/ consume events. No format knowledge here.
 */
import type { Fault, FieldSpan } from "../findings/index.js";
import type { ContainerName, GuestKind, Layer } from "../format/index.js";

/**
 * Fill `into` from `byteOffset`. Resumed with the number of bytes got: less than asked only at the
 * end of the input. The view stays the reader's own (or an engine window it was lent).
 */
export interface ReadRequest {
  readonly request: "read";
  readonly byteOffset: number;
  readonly into: Uint8Array;
  /**
   * So many bytes will do: what of `into` lies behind them is read ahead, and filled only where that
   * needs no waiting and can be read again, as in a seekable input. All of `into` if left out.
   */
  readonly enough?: number;
}

/** Pass over bytes unseen. Resumed with the number of bytes present, as a read would be. */
export interface SkipRequest {
  readonly request: "skip";
  readonly byteOffset: number;
  readonly bytes: number;
}

/**
 * From now on bytes at and after `byteOffset` must stay readable again (a pipe keeps them). Holds
 * nest: a reader that looks ahead within another's hold does not end it.
 */
export interface HoldRequest {
  readonly request: "hold";
  readonly byteOffset: number;
}

/**
 * End the latest hold: unless an earlier one keeps them, bytes before `byteOffset` are not asked for
 * again.
 */
export interface ReleaseRequest {
  readonly request: "release";
  readonly byteOffset: number;
}

/** What a driver of input/ serves. Offsets are in the decompressed input. */
export type Request = ReadRequest | SkipRequest | HoldRequest | ReleaseRequest;

/** Work that needs bytes and nothing else: yields requests, is resumed with byte counts. */
export type Job<R> = Generator<Request, R, number>;

/** A reader: yields requests and events; the answer to an event is ignored. */
export type Reader<R> = Generator<Request | StreamEvent, R, number>;

/** A record's head: everything that is known before its body is read. */
export interface RecordHead {
  readonly layer: Layer;
  /** Ordinal within its layer, from 0. */
  readonly recordIndex: number;
  readonly type: number;
  /** Name in the standard, or the number in hex. */
  readonly name: string;
  /** Of the record header, in the decompressed input. */
  readonly byteOffset: number;
  /** Claimed length of the body, without header and padding. */
  readonly bodyBytes: number;
  /**
   * Where the body's first byte stands, if not right behind an 8-byte header: set where a legacy
   * stream holds the bytes as they are, so that places in the body can be told. May name a byte
   * before the head's own, where the body begins with words that the legacy stream lacks.
   */
  readonly bodyByteOffset?: number;
  /** What tells the body's length, counted from `byteOffset`, if not a record header. */
  readonly lengthField?: FieldSpan;
  /** Where the field at `offset` of the body stands, if a legacy stream has the fields scattered. */
  readonly fieldByteOffset?: (offset: number) => number;
}

/** A format begins: one link of the container chain. */
export interface ContainerEvent {
  readonly event: "container";
  readonly name: ContainerName;
  readonly byteOffset: number;
}

/** A header was read and decoded. `fields` are JSON-able and keep the standard's names. */
export interface HeaderEvent {
  readonly event: "header";
  readonly layer: Layer;
  readonly name: string;
  readonly byteOffset: number;
  readonly bytes: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A record with its whole body (never PAGE_DATA, see BatchEvent). */
export interface RecordEvent {
  readonly event: "record";
  readonly head: RecordHead;
  /**
   * The body, owned by the consumer from now on; null where it was passed over: the type is
   * unknown, or the record is longer than any content of its type can be.
   */
  readonly body: Uint8Array | null;
}

/** A PAGE_DATA record is about to be read. The consumer sets `sink`, or leaves null to pass over. */
export interface BatchEvent {
  readonly event: "batch";
  readonly head: RecordHead;
  sink: BatchSink | null;
  /** Where entries and pages stand, if not as in a libxc record. */
  readonly layout?: BatchLayout;
}

/** Where the parts of a legacy page batch stand in the input. Valid until the sink's `end`. */
export interface BatchLayout {
  /** Of the first data page; the others follow without a gap. */
  readonly pagesByteOffset: number;
  /** Of an entry, by its ordinal among those that the sink is given. */
  entryByteOffset(entryIndex: number): number;
}

/** A fault that the reader saw itself: framing, headers. */
export interface FaultEvent {
  readonly event: "fault";
  readonly fault: Fault;
}

/** A named part of a container that is no record: a config, an emulator state. */
export interface SectionEvent {
  readonly event: "section";
  readonly layer: Layer;
  readonly name: "config" | "emulator" | "xenstore" | "qemu" | "hvm-context" | "metadata";
  readonly byteOffset: number;
  readonly bytes: number;
  /** The bytes, owned by the consumer from now on; null where passed over. */
  readonly body: Uint8Array | null;
}

/** What a consumer may have to know of the moments of a stream. */
export interface MomentEvent {
  readonly event: "moment";
  readonly layer: Layer;
  readonly moment:
    | "libxc-begin"
    | "libxc-end"
    /** Records of the epoch that is now replayed have been confirmed. */
    | "epoch-begin"
    /** Every record of the epoch has been given: it is committed. */
    | "epoch-committed"
    /** The records since the last checkpoint are dropped; the guest is as of that checkpoint. */
    | "failover"
    | "end";
  readonly byteOffset: number;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export type StreamEvent =
  | ContainerEvent
  | HeaderEvent
  | RecordEvent
  | BatchEvent
  | FaultEvent
  | SectionEvent
  | MomentEvent;

/** Pages of a batch that the consumer wants read: `first` and `count` in its data pages. */
export interface PageRange {
  readonly first: number;
  readonly count: number;
}

/** The consumer's answer once all entries of a batch were seen. */
export interface BatchPlan {
  /** Pages to read, ascending and disjoint; the others are passed over. */
  readonly ranges: readonly PageRange[];
  /** Data pages that follow the entries. */
  readonly dataPages: number;
}

/**
 * Where a PAGE_DATA record goes, in this order: head, then entries in window steps, then plan, then
 * the wanted pages in window steps, then end. Implemented by the consumer (guest/).
 */
export interface BatchSink {
  /** The head's two words, before any entry. Returns false to refuse: the body is passed over. */
  head(entryCount: number, reserved: number): boolean;
  /** Window for the next entries; at least one entry long, a multiple of 8 bytes. */
  entryWindow(): Uint8Array;
  /** `entryCount` entries were read to the start of the window. */
  entries(entryCount: number): void;
  /** All entries were seen. Null refuses the record: no trace of it stays. */
  plan(): BatchPlan | null;
  /** Window for the next pages; at least one page long, a multiple of 4096 bytes. */
  pageWindow(): Uint8Array;
  /** `count` whole pages, the first being data page `first`, were read to the start of the window. */
  pages(first: number, count: number): Job<void>;
  /**
   * The record is over, in any case and once; `wholePages` of its data pages are whole (all, unless
   * it was cut). Without an accepted plan before, the record was refused.
   */
  end(wholePages: number): void;
}

/** What a stream says of its guest, as far as readers need to know. */
export interface StreamFacts {
  readonly guest: GuestKind;
  readonly version: number;
}

/** True if a step is a request (and not an event). */
export function isRequest(step: Request | StreamEvent): step is Request {
  return "request" in step;
}
