/**
 * The libxl stream reader, v2: header, records, the checkpoint protocol with the libxc stream
 * inside. The phases and what follows from what are transitions.ts; this file does what its rows
 * say. A failure row gives its fault and reading goes on, as long as framing survives.
 * Source: libxl stream document; LL-SM-1..14.
 */
import { InternalError, type Limits, StreamError } from "../../findings/index.js";
import {
  type GuestKind,
  LIBXL_HEADER_BYTES,
  LIBXL_REC_TYPE_CHECKPOINT_END,
  LIBXL_REC_TYPE_CHECKPOINT_STATE,
  LIBXL_REC_TYPE_EMULATOR_CONTEXT,
  LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA,
  LIBXL_REC_TYPE_END,
  LIBXL_REC_TYPE_LIBXC_CONTEXT,
  LIBXL_RECORD_NAMES,
  VCPU_BASIC_BYTES_32,
  VCPU_BASIC_BYTES_64,
  VCPU_HEAD_BYTES,
} from "../../format/index.js";
import {
  cutError,
  nextOffset,
  paddingFault,
  placeOf,
  readBody,
  readRecordHeader,
  skipBody,
  typeName,
} from "../framing.js";
import { type HeaderBlock, readHeaderBlock } from "../header-block.js";
import { type EpochAnswer, type LibxcEnd, readLibxc } from "../libxc/reader.js";
import type { Job, Reader, RecordHead } from "../protocol.js";
import { decodeLibxlHeader, type LibxlHeader, libxlHeaderFields } from "./header.js";
import { type Input, type Phase, type Transition, transition } from "./transitions.js";

/** Largest record body of a libxl stream that we take (LL-REC-4 leaves the number to the tool). */
export const LIBXL_BODY_MAX = 0x0800_0000;

export interface LibxlOptions {
  /** True: told to be a Remus or COLO stream. False: found out at the first libxc CHECKPOINT. */
  readonly checkpointed: boolean;
  readonly limits: Limits;
}

const LIBXL_HEADER: HeaderBlock<LibxlHeader> = {
  layer: "libxl",
  name: "libxl header",
  bytes: LIBXL_HEADER_BYTES,
  cutRule: "LL-HDR-1",
  decode: decodeLibxlHeader,
  fields: libxlHeaderFields,
};

/**
 * Read one libxl stream with everything in it.
 *
 * @param byteOffset of its header
 * @returns the first byte after the stream
 * @throws {StreamError} where framing is lost
 */
export function* readLibxl(byteOffset: number, options: LibxlOptions): Reader<number> {
  yield { event: "container", name: "libxl", byteOffset };
  yield* readHeaderBlock(LIBXL_HEADER, byteOffset);
  return yield* new LibxlWalk(byteOffset + LIBXL_HEADER_BYTES, options).walk();
}

/** A record with its body, as it waits in the queue. */
interface Queued {
  readonly head: RecordHead;
  readonly body: Uint8Array | null;
  readonly paddingZero: boolean;
}

/** The reader's variables: position, phase, record queue. */
class LibxlWalk {
  readonly #options: LibxlOptions;
  #at: number;
  #phase: Phase = "start";
  readonly #queue: Queued[] = [];
  #recordIndex = 0;
  #contexts = 0;
  /** The first record, if LIBXC_CONTEXT has not come before it. */
  #beforeContext: RecordHead | null = null;

  constructor(byteOffset: number, options: LibxlOptions) {
    this.#at = byteOffset;
    this.#options = options;
  }

  *walk(): Reader<number> {
    this.#step("header");
    while (this.#phase !== "complete") {
      const read = yield* this.#readRecord();
      if (read instanceof StreamError) {
        this.#step("break");
        yield* this.#contextLate(null);
        throw read;
      }
      if (this.#queue.length !== 0) throw new InternalError("two libxl records queued in NORMAL");
      this.#queue.push(read);
      this.#at = nextOffset(read.head);
      const record = this.#queue.shift();
      if (record !== undefined) yield* this.#processNormal(record);
    }
    yield { event: "moment", layer: "libxl", moment: "end", byteOffset: this.#at };
    return this.#at;
  }

  /** Take a row of the table. An input without a row is a bug of ours: the table is complete. */
  #step(input: Input): Transition {
    const row = transition(this.#phase, input);
    if (row === undefined) throw new InternalError(`libxl phase ${this.#phase} on ${input}`);
    this.#phase = row.to;
    return row;
  }

  *#processNormal(record: Queued): Reader<void> {
    const row = this.#step(inputOf(record.head.type));
    yield* this.#give(record, row);
    if (row.action !== "run-libxc") {
      this.#beforeContext ??= this.#contexts === 0 ? record.head : null;
      if (this.#phase === "complete") yield* this.#contextLate(record.head);
      return;
    }
    yield* this.#contextLate(null);
    if (this.#contexts > 0) {
      const fault = { ...placeOf(record.head), rule: "LL-POS-4", ruleCase: "repeated" };
      yield { event: "fault", fault };
    }
    this.#contexts += 1;
    const end = yield* this.#runLibxc();
    this.#at = end.byteOffset;
    this.#step(end.checkpointed ? "libxc-checkpointed" : "libxc-plain");
  }

  /**
   * LL-POS-4: the first record should be LIBXC_CONTEXT. Said once, at the first that is not; of a
   * stream that has none, at its END.
   */
  *#contextLate(end: RecordHead | null): Reader<void> {
    const first = this.#beforeContext;
    if (first === null || this.#contexts > 0) return;
    const place = placeOf(end ?? first);
    const missing = end === null ? {} : { ruleCase: "missing" };
    const expected = end === null ? "LIBXC_CONTEXT as the first record" : "a LIBXC_CONTEXT";
    const actual = (end ?? first).name;
    yield { event: "fault", fault: { ...place, ...missing, rule: "LL-POS-4", expected, actual } };
  }

  /** LL-SM-5: the position is libxc's until it returns or reports a checkpoint. */
  *#runLibxc(): Reader<LibxcEnd> {
    return yield* readLibxc(this.#at, {
      checkpointed: this.#options.checkpointed,
      limits: this.#options.limits,
      betweenEpochs: (byteOffset, guest) => this.#checkpoint(byteOffset, guest),
      upperFollows: (byteOffset, guest) => libxlFollows(byteOffset, guest),
    });
  }

  /** LL-SM-6..9: queue records up to CHECKPOINT_END, then process them in order. */
  *#checkpoint(byteOffset: number, guest: GuestKind | null): Reader<EpochAnswer> {
    this.#at = byteOffset;
    this.#step("libxc-checkpoint");
    while (this.#phase === "buffering") {
      const read = yield* this.#readRecord();
      if (read instanceof StreamError) {
        // The stream ends here, whatever was queued.
        this.#step("break");
        return { result: "failover", byteOffset: this.#at };
      }
      this.#queue.push(read);
      this.#at = nextOffset(read.head);
      this.#step(inputOf(read.head.type));
    }
    for (let record = this.#queue.shift(); record; record = this.#queue.shift()) {
      const row = this.#step(inputOf(record.head.type));
      yield* this.#give(record, row);
    }
    if (guest === "hvm") yield* this.#coloState();
    return { result: "success", byteOffset: this.#at };
  }

  /** COLO: the primary announces the next checkpoint by a CHECKPOINT_STATE record (LL-CS-4). */
  *#coloState(): Reader<void> {
    const next = yield* readRecordHeader(this.#at);
    if (next.kind === "cut" || next.type !== LIBXL_REC_TYPE_CHECKPOINT_STATE) return;
    const read = yield* this.#readRecord();
    if (read instanceof StreamError) return;
    this.#at = nextOffset(read.head);
    yield* this.#give(read, undefined);
  }

  /** Give one record, with the faults of its framing and of the row it met. */
  *#give(record: Queued, row: Transition | undefined): Reader<void> {
    const { head, body } = record;
    if (!record.paddingZero) {
      yield { event: "fault", fault: paddingFault(head, "LL-REC-3") };
    }
    if (row?.rule !== undefined) {
      yield { event: "fault", fault: { ...placeOf(head), rule: row.rule } };
      return;
    }
    yield { event: "record", head, body };
  }

  /** Read one record whole; an error where it cannot be. Numbers it, moves nothing. */
  *#readRecord(): Job<Queued | StreamError> {
    const byteOffset = this.#at;
    const header = yield* readRecordHeader(byteOffset);
    const place = { layer: "libxl", byteOffset, recordIndex: this.#recordIndex } as const;
    if (header.kind === "cut") {
      const message =
        header.present === 0
          ? "The stream ends where a record should begin: there is no END record."
          : "The stream ends inside a record header.";
      return new StreamError({ ...place, rule: "LL-SM-2", message });
    }
    const { type, bodyBytes } = header;
    const name = typeName(LIBXL_RECORD_NAMES, type);
    const head: RecordHead = { ...place, type, name, bodyBytes };
    if (bodyBytes > LIBXL_BODY_MAX) {
      const expected = `at most ${LIBXL_BODY_MAX} bytes`;
      const actual = `${bodyBytes} bytes`;
      return new StreamError({ ...placeOf(head), rule: "LL-REC-4", expected, actual });
    }
    this.#recordIndex += 1;
    const known = LIBXL_RECORD_NAMES[type] !== undefined;
    if (!known || bodyBytes > this.#options.limits.maxMetadataBytes) {
      if (!(yield* skipBody(head))) return cutError(head, "LL-SM-2");
      return { head, body: null, paddingZero: true };
    }
    const read = yield* readBody(head);
    if (read.kind === "cut") return cutError(head, "LL-SM-2", read.present);
    return { head, body: read.body, paddingZero: read.paddingZero };
  }
}

/**
 * What follows a CHECKPOINT in a stream that was not told to be checkpointed. The first numbers of
 * both record tables overlap: 2, 3 and 4 are PV records to libxc, so in an HVM stream they can only
 * be libxl's; in a PV stream a record of type 4 is a vcpu's if it has a vcpu's length.
 */
function* libxlFollows(byteOffset: number, guest: GuestKind | null): Job<boolean> {
  const next = yield* readRecordHeader(byteOffset);
  if (next.kind === "cut") return false;
  if (next.type === LIBXL_REC_TYPE_CHECKPOINT_END) {
    return guest === "hvm" || !VCPU_BASIC_RECORD_BYTES.includes(next.bodyBytes);
  }
  const emulator =
    next.type === LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA ||
    next.type === LIBXL_REC_TYPE_EMULATOR_CONTEXT;
  return guest === "hvm" && emulator;
}

/** Lengths of X86_PV_VCPU_BASIC, whose type number is that of CHECKPOINT_END. */
const VCPU_BASIC_RECORD_BYTES = [
  VCPU_HEAD_BYTES + VCPU_BASIC_BYTES_64,
  VCPU_HEAD_BYTES + VCPU_BASIC_BYTES_32,
];

const INPUT_BY_TYPE: Readonly<Record<number, Input>> = {
  [LIBXL_REC_TYPE_END]: "end",
  [LIBXL_REC_TYPE_LIBXC_CONTEXT]: "libxc-context",
  [LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA]: "emulator",
  [LIBXL_REC_TYPE_EMULATOR_CONTEXT]: "emulator",
  [LIBXL_REC_TYPE_CHECKPOINT_END]: "checkpoint-end",
  [LIBXL_REC_TYPE_CHECKPOINT_STATE]: "checkpoint-state",
};

function inputOf(type: number): Input {
  return INPUT_BY_TYPE[type] ?? "unknown";
}
