/**
 * Runs the Xenstore reader over bytes in memory, as strictly as a pipe would: forward only, except
 * for what is held, and in pieces of any size. Then decodes and judges what it gave.
 */
import { XenstoreChecks } from "../../src/checks/index.js";
import { DEFAULT_LIMITS, type Fault, type Limits, StreamError } from "../../src/findings/index.js";
import type { XenstoreHeader, XenstoreRecord } from "../../src/format/index.js";
import {
  isRequest,
  type Reader,
  type Request,
  type StreamEvent,
} from "../../src/stream/protocol.js";
import {
  decodeXenstoreRecord,
  readXenstore,
  xenstoreHeaderOf,
} from "../../src/stream/xenstore/index.js";

/** Bytes that can be read once, in order, unless held. */
class Pipe {
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  #floor = 0;
  #held = false;

  constructor(bytes: Uint8Array, pieceBytes: number) {
    this.#bytes = bytes;
    this.#pieceBytes = pieceBytes;
  }

  serve(request: Request): number {
    if (request.byteOffset < this.#floor) throw new Error("the reader went back over the input");
    if (request.request === "hold" || request.request === "release") {
      this.#held = request.request === "hold";
      this.#floor = request.byteOffset;
      return 0;
    }
    const wanted = request.request === "read" ? request.into.length : request.bytes;
    const present = Math.max(0, Math.min(wanted, this.#bytes.length - request.byteOffset));
    if (request.request === "read") {
      for (let at = 0; at < present; at += this.#pieceBytes) {
        const end = Math.min(present, at + this.#pieceBytes);
        const piece = this.#bytes.subarray(request.byteOffset + at, request.byteOffset + end);
        request.into.set(piece, at);
      }
    }
    if (!this.#held) this.#floor = request.byteOffset + present;
    return present;
  }
}

/** What a reader gave, and how it ended. */
export interface ReaderRun<R> {
  readonly events: StreamEvent[];
  /** Null where framing was lost. */
  readonly result: R | null;
  readonly error: StreamError | null;
}

/** Drive a reader to its end, or to where framing is lost. */
export function runReader<R>(
  reader: Reader<R>,
  bytes: Uint8Array,
  pieceBytes = Number.POSITIVE_INFINITY,
): ReaderRun<R> {
  const pipe = new Pipe(bytes, pieceBytes);
  const events: StreamEvent[] = [];
  try {
    let answer = 0;
    for (;;) {
      const step = reader.next(answer);
      if (step.done) return { events, result: step.value, error: null };
      if (isRequest(step.value)) answer = pipe.serve(step.value);
      else events.push(step.value);
    }
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    return { events, result: null, error };
  }
}

/** A stream read, decoded and judged. */
export interface Judged extends ReaderRun<number> {
  readonly header: XenstoreHeader | null;
  readonly records: XenstoreRecord[];
  readonly faults: Fault[];
  readonly suppressed: number;
}

/** Read, decode and judge a stream. */
export function judge(
  bytes: Uint8Array,
  options: { limits?: Partial<Limits>; pieceBytes?: number; byteOffset?: number } = {},
): Judged {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const run = runReader(readXenstore(options.byteOffset ?? 0, limits), bytes, options.pieceBytes);
  const records: XenstoreRecord[] = [];
  const faults: Fault[] = [];
  let header: XenstoreHeader | null = null;
  let checks: XenstoreChecks | null = null;
  for (const event of run.events) {
    if (event.event === "header") {
      header = xenstoreHeaderOf(event);
      checks = header === null ? null : new XenstoreChecks(header, limits);
    } else if (event.event === "fault") {
      faults.push(event.fault);
    } else if (event.event === "record" && header !== null && checks !== null) {
      const record = decodeXenstoreRecord(event, header);
      records.push(record);
      faults.push(...checks.record(record));
    }
  }
  if (checks !== null) faults.push(...checks.finish());
  if (run.error !== null) faults.push(run.error.fault);
  return { ...run, header, records, faults, suppressed: checks?.suppressed ?? 0 };
}

/** Rules of the faults, with their case behind a colon, sorted and without repeats. */
export function rulesOf(faults: readonly Fault[]): string[] {
  const names = faults.map(({ rule, ruleCase }) =>
    ruleCase === undefined ? rule : `${rule}:${ruleCase}`,
  );
  return [...new Set(names)].sort();
}
