/**
 * Reads one PAGE_DATA record into the sink that the consumer set: head, entries in window steps,
 * wanted pages in window steps. Judges what the lengths alone decide (LC-PG-1..3, 7); entries and
 * the exact length are the sink's. Source: libxc stream document, PAGE_DATA.
 */
import type { Fault } from "../../findings/index.js";
import {
  ENTRY_BYTES,
  PAGE_BYTES,
  PAGE_DATA_HEAD_BYTES,
  RECORD_HEADER_BYTES,
} from "../../format/index.js";
import { bodyOffset, cutError, nextOffset, placeOf } from "../framing.js";
import type {
  BatchEvent,
  BatchPlan,
  BatchSink,
  FaultEvent,
  Job,
  Reader,
  RecordHead,
} from "../protocol.js";
import { readInto, skipBytes } from "../requests.js";
import type { ReadAhead } from "./read-ahead.js";

/**
 * Give one PAGE_DATA record to the consumer.
 *
 * @param ahead  what of the record was read ahead; the header of the next record, in the end, where
 *   that tells whether the pages that nobody wants are there
 * @throws {StreamError} LC-REC-5 where the input ends inside the record
 */
export function* readBatch(head: RecordHead, ahead: ReadAhead): Reader<void> {
  const batch: BatchEvent = { event: "batch", head, sink: null };
  yield batch;
  const bodyAt = bodyOffset(head);
  let entryCount = 0;
  if (head.bodyBytes < PAGE_DATA_HEAD_BYTES) {
    const actual = `${head.bodyBytes} bytes`;
    yield faultOf(head, { rule: "LC-PG-1", expected: "at least 8 bytes", actual });
  } else {
    if (ahead.presentAt(bodyAt) < PAGE_DATA_HEAD_BYTES) {
      ahead.got(yield ahead.request(bodyAt, PAGE_DATA_HEAD_BYTES));
      const present = ahead.presentAt(bodyAt);
      if (present < PAGE_DATA_HEAD_BYTES) throw cutError(head, "LC-REC-5", present);
    }
    entryCount = ahead.u32At(bodyAt);
    const reserved = ahead.u32At(bodyAt + 4);
    for (const fault of judgeHead(head, entryCount, reserved)) yield fault;
    if (mayHold(head, entryCount) && batch.sink?.head(entryCount, reserved)) {
      return yield* feed(head, entryCount, batch.sink, ahead);
    }
  }
  batch.sink?.end(0);
  // The head was read by now, if there is one: a pipe cannot give it again.
  const at = bodyAt + (head.bodyBytes < PAGE_DATA_HEAD_BYTES ? 0 : PAGE_DATA_HEAD_BYTES);
  const rest = nextOffset(head) - at;
  if ((yield* skipBytes(at, rest)) < rest) throw cutError(head, "LC-REC-5");
}

const NO_FAULTS: readonly FaultEvent[] = [];

/** What is wrong with the two words of the head: LC-PG-2, LC-PG-3, LC-PG-7. */
function judgeHead(head: RecordHead, entryCount: number, reserved: number): readonly FaultEvent[] {
  if (mayHold(head, entryCount) && reserved === 0) return NO_FAULTS;
  const faults: FaultEvent[] = [];
  if (!mayHold(head, entryCount)) faults.push(faultOf(head, countBreach(head, entryCount)));
  if (reserved !== 0) {
    const actual = `0x${reserved.toString(16)}`;
    const byteOffset = bodyOffset(head) + 4;
    faults.push(faultOf(head, { rule: "LC-PG-7", byteOffset, expected: "0", actual }));
  }
  return faults;
}

/** True if there are entries, and so many of them can be in the body. */
function mayHold(head: RecordHead, entryCount: number): boolean {
  return entryCount > 0 && head.bodyBytes >= PAGE_DATA_HEAD_BYTES + entryCount * ENTRY_BYTES;
}

/** LC-PG-2 and LC-PG-3: how the count itself is wrong. */
function countBreach(head: RecordHead, entryCount: number): RuleBreach {
  if (entryCount === 0) {
    const byteOffset = bodyOffset(head);
    return { rule: "LC-PG-2", byteOffset, expected: "at least 1 entry", actual: "0 entries" };
  }
  return {
    rule: "LC-PG-3",
    expected: `${PAGE_DATA_HEAD_BYTES + entryCount * ENTRY_BYTES} bytes for ${entryCount} entries`,
    actual: `${head.bodyBytes} bytes`,
  };
}

/** A fault of this record but for its place. */
type RuleBreach = Pick<Fault, "rule"> & Partial<Fault>;

function faultOf(head: RecordHead, breach: RuleBreach): FaultEvent {
  return { event: "fault", fault: { ...placeOf(head), ...breach } };
}

/** Entries, plan, pages. The sink is told of the end in any case, a cut one included. */
function* feed(head: RecordHead, entryCount: number, sink: BatchSink, ahead: ReadAhead): Job<void> {
  let at = bodyOffset(head) + PAGE_DATA_HEAD_BYTES;
  let wholePages = 0;
  /** Entries that were asked for by nobody: this input can be read at any place. */
  let readAhead = false;
  try {
    for (let left = entryCount; left > 0; ) {
      const window = sink.entryWindow();
      const step = Math.min(left, Math.floor(window.length / ENTRY_BYTES));
      const bytes = step * ENTRY_BYTES;
      readAhead = ahead.presentAt(at) >= bytes;
      if (readAhead) window.set(ahead.bytesAt(at, bytes));
      else if ((yield { request: "read", byteOffset: at, into: window.subarray(0, bytes) }) < bytes)
        throw cutError(head, "LC-REC-5");
      sink.entries(step);
      at += bytes;
      left -= step;
    }
    const plan = sink.plan();
    const next = nextOffset(head);
    if (readAhead && plan?.ranges.length === 0 && at + plan.dataPages * PAGE_BYTES <= next) {
      // The next header is wanted in any case: where it is there, so are the pages before it.
      ahead.got(yield ahead.request(next, RECORD_HEADER_BYTES));
      if (ahead.presentAt(next) > 0) {
        wholePages = plan.dataPages;
        return;
      }
    }
    if (plan !== null) {
      wholePages = yield* feedPages(at, plan, sink);
      at += wholePages * PAGE_BYTES;
      if (wholePages < plan.dataPages) throw cutError(head, "LC-REC-5");
    }
    if ((yield* skipBytes(at, next - at)) < next - at) throw cutError(head, "LC-REC-5");
  } finally {
    sink.end(wholePages);
  }
}

/** Read the wanted pages, pass over the others. Returns how many data pages are whole. */
export function* feedPages(pagesAt: number, plan: BatchPlan, sink: BatchSink): Job<number> {
  let next = 0;
  for (const range of plan.ranges) {
    next += yield* passPages(pagesAt, next, range.first);
    if (next < range.first) return next;
    const end = range.first + range.count;
    while (next < end) {
      const window = sink.pageWindow();
      const step = Math.min(end - next, Math.floor(window.length / PAGE_BYTES));
      const into = window.subarray(0, step * PAGE_BYTES);
      const got = yield* readInto(pagesAt + next * PAGE_BYTES, into);
      const pages = Math.floor(got / PAGE_BYTES);
      if (pages > 0) yield* sink.pages(next, pages);
      next += pages;
      if (pages < step) return next;
    }
  }
  return next + (yield* passPages(pagesAt, next, plan.dataPages));
}

/** Pass over data pages `from` up to `to`. Returns how many of them are whole. */
function* passPages(pagesAt: number, from: number, to: number): Job<number> {
  const present = yield* skipBytes(pagesAt + from * PAGE_BYTES, (to - from) * PAGE_BYTES);
  return Math.floor(present / PAGE_BYTES);
}
