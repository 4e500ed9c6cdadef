/**
 * Reads one PAGE_DATA record into the sink that the consumer set: head, entries in window steps,
 * wanted pages in window steps. Judges what the lengths alone decide (LC-PG-1..3, 7); entries and
 * the exact length are the sink's. Source: libxc stream document, PAGE_DATA.
 */
import type { Fault } from "../../findings/index.js";
import { ENTRY_BYTES, PAGE_BYTES, PAGE_DATA_HEAD_BYTES } from "../../format/index.js";
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

/**
 * Give one PAGE_DATA record to the consumer.
 *
 * @throws {StreamError} LC-REC-5 where the input ends inside the record
 */
export function* readBatch(head: RecordHead): Reader<void> {
  const batch: BatchEvent = { event: "batch", head, sink: null };
  yield batch;
  const words = yield* readHead(head);
  if (words !== null && batch.sink?.head(words.entryCount, words.reserved)) {
    return yield* feed(head, words.entryCount, batch.sink);
  }
  batch.sink?.end(0);
  // The head was read by now, if there is one: a pipe cannot give it again.
  const at = bodyOffset(head) + (head.bodyBytes < PAGE_DATA_HEAD_BYTES ? 0 : PAGE_DATA_HEAD_BYTES);
  const rest = nextOffset(head) - at;
  if ((yield* skipBytes(at, rest)) < rest) throw cutError(head, "LC-REC-5");
}

/** The head's two words; null where the record must be refused. */
function* readHead(head: RecordHead): Reader<{ entryCount: number; reserved: number } | null> {
  const bodyAt = bodyOffset(head);
  if (head.bodyBytes < PAGE_DATA_HEAD_BYTES) {
    const actual = `${head.bodyBytes} bytes`;
    yield faultOf(head, { rule: "LC-PG-1", expected: "at least 8 bytes", actual });
    return null;
  }
  const bytes = new Uint8Array(PAGE_DATA_HEAD_BYTES);
  const present = yield* readInto(bodyAt, bytes);
  if (present < PAGE_DATA_HEAD_BYTES) throw cutError(head, "LC-REC-5", present);
  const view = new DataView(bytes.buffer);
  const entryCount = view.getUint32(0, true);
  const reserved = view.getUint32(4, true);
  const countFault = judgeCount(head, entryCount);
  if (countFault !== null) yield faultOf(head, countFault);
  if (reserved !== 0) {
    const actual = `0x${reserved.toString(16)}`;
    yield faultOf(head, { rule: "LC-PG-7", byteOffset: bodyAt + 4, expected: "0", actual });
  }
  return countFault === null ? { entryCount, reserved } : null;
}

/** LC-PG-2 and LC-PG-3: the count itself, and whether so many entries can be in the body. */
function judgeCount(head: RecordHead, entryCount: number): RuleBreach | null {
  if (entryCount === 0) {
    const byteOffset = bodyOffset(head);
    return { rule: "LC-PG-2", byteOffset, expected: "at least 1 entry", actual: "0 entries" };
  }
  const neededBytes = PAGE_DATA_HEAD_BYTES + entryCount * ENTRY_BYTES;
  if (head.bodyBytes >= neededBytes) return null;
  return {
    rule: "LC-PG-3",
    expected: `${neededBytes} bytes for ${entryCount} entries`,
    actual: `${head.bodyBytes} bytes`,
  };
}

/** A fault of this record but for its place. */
type RuleBreach = Pick<Fault, "rule"> & Partial<Fault>;

function faultOf(head: RecordHead, breach: RuleBreach): FaultEvent {
  return { event: "fault", fault: { ...placeOf(head), ...breach } };
}

/** Entries, plan, pages. The sink is told of the end in any case, a cut one included. */
function* feed(head: RecordHead, entryCount: number, sink: BatchSink): Job<void> {
  let at = bodyOffset(head) + PAGE_DATA_HEAD_BYTES;
  let wholePages = 0;
  try {
    for (let left = entryCount; left > 0; ) {
      const window = sink.entryWindow();
      const step = Math.min(left, Math.floor(window.length / ENTRY_BYTES));
      const bytes = step * ENTRY_BYTES;
      if ((yield* readInto(at, window.subarray(0, bytes))) < bytes)
        throw cutError(head, "LC-REC-5");
      sink.entries(step);
      at += bytes;
      left -= step;
    }
    const plan = sink.plan();
    if (plan !== null) {
      wholePages = yield* feedPages(at, plan, sink);
      at += wholePages * PAGE_BYTES;
      if (wholePages < plan.dataPages) throw cutError(head, "LC-REC-5");
    }
    const rest = nextOffset(head) - at;
    if ((yield* skipBytes(at, rest)) < rest) throw cutError(head, "LC-REC-5");
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
