/**
 * The libxc stream reader, v2 and v3: headers, record framing, PAGE_DATA steps, epochs of a
 * checkpointed stream. It judges framing alone; what records mean and their order is restore/'s.
 *
 * Up to and including the first CHECKPOINT records are given as they stand. From then on they are
 * walked over (buffered, in Xen's words) and given only when the CHECKPOINT behind them is
 * confirmed: the same records are then read a second time, under a hold where the input is a pipe.
 * Source: libxc stream document; LC-CP-4..7.
 */
import { type Limits, StreamError } from "../../findings/index.js";
import {
  DOMAIN_HEADER_BYTES,
  type GuestKind,
  IMAGE_HEADER_BYTES,
  REC_TYPE_CHECKPOINT,
  REC_TYPE_END,
  REC_TYPE_PAGE_DATA,
  RECORD_HEADER_BYTES,
  RECORD_OPTIONAL,
} from "../../format/index.js";
import { nextOffset, placeOf, skipBody } from "../framing.js";
import type { Job, Reader, RecordHead } from "../protocol.js";
import { readLibxcHeaders } from "./header-reader.js";
import { LibxcRecordReader } from "./record-reader.js";

/** What the layer above says of a checkpoint (LL-SM-7..9). */
export interface EpochAnswer {
  readonly result: "success" | "failover" | "error";
  /** Where the libxc stream goes on. */
  readonly byteOffset: number;
}

/** How the stream is wrapped and what the caller knows of it. */
export interface LibxcOptions {
  /** True: a Remus or COLO stream. False: a CHECKPOINT makes it one only if `upperFollows` says so. */
  readonly checkpointed: boolean;
  readonly limits: Limits;
  /** Reads what stands behind a CHECKPOINT; without it each checkpoint counts as confirmed. */
  readonly betweenEpochs?: (byteOffset: number, guest: GuestKind | null) => Reader<EpochAnswer>;
  /** Whether records of the layer above follow the CHECKPOINT that ends at this offset. */
  readonly upperFollows?: (byteOffset: number, guest: GuestKind | null) => Job<boolean>;
}

/** How and where a libxc stream ended. */
export interface LibxcEnd {
  /** `end`: by an END record; `failover`: by its break, at the last committed checkpoint. */
  readonly outcome: "end" | "failover";
  readonly checkpointed: boolean;
  /** First byte after what was read. */
  readonly byteOffset: number;
}

/**
 * Read one libxc stream.
 *
 * @param byteOffset of its image header
 * @throws {StreamError} where framing is lost
 */
export function* readLibxc(byteOffset: number, options: LibxcOptions): Reader<LibxcEnd> {
  yield { event: "container", name: "libxc", byteOffset };
  const guest = yield* readLibxcHeaders(byteOffset);
  yield {
    event: "moment",
    layer: "libxc",
    moment: "libxc-begin",
    byteOffset,
    detail: { guest, checkpointed: options.checkpointed },
  };
  const stream = new StreamWalk(guest, options);
  const end = yield* stream.walk(byteOffset + IMAGE_HEADER_BYTES + DOMAIN_HEADER_BYTES);
  yield { event: "moment", layer: "libxc", moment: "libxc-end", byteOffset: end.byteOffset };
  return end;
}

/** Where walking over an epoch stopped. */
type WalkStop =
  | { readonly kind: "record"; readonly head: RecordHead }
  | {
      readonly kind: "break";
      readonly byteOffset: number;
      /** Bytes of the record there, as far as they were looked for: 0 at a clean end. */
      readonly present: number;
    };

/** What of an epoch is dropped, and why. */
interface DroppedEpoch {
  readonly why: "END" | "broken off" | "not confirmed";
  readonly epochByteOffset: number;
  /** Whole records. */
  readonly records: number;
  readonly present?: number;
}

/** The records of one stream: where we are, and the epoch that is walked over but not given yet. */
class StreamWalk {
  readonly #guest: GuestKind | null;
  readonly #options: LibxcOptions;
  readonly #records: LibxcRecordReader;
  #checkpointed: boolean;
  #epoch = 0;

  constructor(guest: GuestKind | null, options: LibxcOptions) {
    this.#guest = guest;
    this.#options = options;
    this.#records = new LibxcRecordReader(options.limits);
    this.#checkpointed = options.checkpointed;
  }

  /** From the first record header to the end of the stream. */
  *walk(firstByteOffset: number): Reader<LibxcEnd> {
    let at = firstByteOffset;
    for (;;) {
      const read = yield* this.#records.next(at);
      if ("broken" in read) throw read.broken;
      const { head } = read;
      // Most records: given without one more generator in between.
      if (head.type === REC_TYPE_PAGE_DATA) yield* this.#records.batch(head);
      else yield* this.#records.give(head);
      at = nextOffset(head);
      if (head.type === REC_TYPE_END) return this.#end("end", at);
      if (head.type !== REC_TYPE_CHECKPOINT) continue;
      // What is behind a checkpoint is peeked at by both layers.
      yield { request: "hold", byteOffset: at };
      if (!(yield* this.#isCheckpointed(at))) {
        yield { request: "release", byteOffset: at };
        yield { event: "fault", fault: { ...placeOf(head), rule: "LC-CP-1" } };
        continue;
      }
      const answer = yield* this.#confirm(at);
      if (answer.result === "success") {
        yield* this.#committed(at);
        yield { request: "release", byteOffset: answer.byteOffset };
        return yield* this.#walkEpochs(answer.byteOffset);
      }
      throw new StreamError({
        rule: "LL-SM-8",
        layer: "libxl",
        byteOffset: answer.byteOffset,
        message: "The stream breaks off before its first checkpoint is confirmed.",
      });
    }
  }

  /** Told or found to be checkpointed: the first CHECKPOINT decides for the rest of the stream. */
  *#isCheckpointed(behind: number): Job<boolean> {
    const { upperFollows } = this.#options;
    if (!this.#checkpointed && upperFollows !== undefined) {
      this.#checkpointed = yield* upperFollows(behind, this.#guest);
    }
    return this.#checkpointed;
  }

  /** After the first checkpoint: walk over each epoch, give its records once it is confirmed. */
  *#walkEpochs(firstByteOffset: number): Reader<LibxcEnd> {
    let epochAt = firstByteOffset;
    for (;;) {
      yield { request: "hold", byteOffset: epochAt };
      const epochIndex = this.#records.nextIndex;
      const stop = yield* this.#walkOver(epochAt);
      const dropped = { epochByteOffset: epochAt, records: this.#records.nextIndex - epochIndex };
      if (stop.kind === "break") {
        const why = "broken off";
        return yield* this.#failOver(stop.byteOffset, { ...dropped, why, present: stop.present });
      }
      if (stop.head.type === REC_TYPE_END) {
        const records = dropped.records - 1;
        yield* this.#failOver(stop.head.byteOffset, { ...dropped, records, why: "END" });
        yield* this.#records.give(stop.head);
        return this.#end("end", nextOffset(stop.head));
      }
      const behind = nextOffset(stop.head);
      const answer = yield* this.#confirm(behind);
      if (answer.result !== "success") {
        return yield* this.#failOver(answer.byteOffset, { ...dropped, why: "not confirmed" });
      }
      yield* this.#replay(epochAt, epochIndex, stop.head.byteOffset);
      yield* this.#records.give(stop.head);
      yield* this.#committed(behind);
      yield { request: "release", byteOffset: answer.byteOffset };
      epochAt = answer.byteOffset;
    }
  }

  /** Walk record headers to the next CHECKPOINT or END, or to where the stream breaks off. */
  *#walkOver(epochAt: number): Reader<WalkStop> {
    let at = epochAt;
    for (;;) {
      const read = yield* this.#records.next(at);
      if ("broken" in read) return { kind: "break", byteOffset: at, present: read.present };
      const { head } = read;
      if (!(yield* skipBody(head))) {
        this.#records.nextIndex = head.recordIndex;
        return { kind: "break", byteOffset: at, present: RECORD_HEADER_BYTES };
      }
      if (head.type === REC_TYPE_END || head.type === REC_TYPE_CHECKPOINT) {
        return { kind: "record", head };
      }
      at = nextOffset(head);
    }
  }

  /** Give the records of a confirmed epoch. */
  *#replay(epochAt: number, epochIndex: number, endAt: number): Reader<void> {
    yield {
      event: "moment",
      layer: "libxc",
      moment: "epoch-begin",
      byteOffset: epochAt,
      detail: { epoch: this.#epoch + 1 },
    };
    const indexAfter = this.#records.nextIndex;
    this.#records.nextIndex = epochIndex;
    for (let at = epochAt; at < endAt; ) {
      const read = yield* this.#records.next(at);
      if ("broken" in read) throw read.broken;
      if (read.head.type >= RECORD_OPTIONAL) {
        yield { event: "fault", fault: { ...placeOf(read.head), rule: "LC-CP-7" } };
      }
      yield* this.#records.give(read.head);
      at = nextOffset(read.head);
    }
    this.#records.nextIndex = indexAfter;
  }

  *#confirm(byteOffset: number): Reader<EpochAnswer> {
    const { betweenEpochs } = this.#options;
    if (betweenEpochs === undefined) return { result: "success", byteOffset };
    return yield* betweenEpochs(byteOffset, this.#guest);
  }

  *#committed(byteOffset: number): Reader<void> {
    this.#epoch += 1;
    yield {
      event: "moment",
      layer: "libxc",
      moment: "epoch-committed",
      byteOffset,
      detail: { epoch: this.#epoch },
    };
  }

  *#failOver(stopAt: number, dropped: DroppedEpoch): Reader<LibxcEnd> {
    yield {
      event: "moment",
      layer: "libxc",
      moment: "failover",
      byteOffset: stopAt,
      detail: { epoch: this.#epoch, ...dropped },
    };
    yield { request: "release", byteOffset: stopAt };
    return this.#end("failover", stopAt);
  }

  #end(outcome: "end" | "failover", byteOffset: number): LibxcEnd {
    return { outcome, checkpointed: this.#checkpointed, byteOffset };
  }
}
