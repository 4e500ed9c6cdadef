/**
 * A minimal driver for tests of readers: serves requests from bytes in memory and keeps what was
 * given. In "pipe" mode it gets the input one byte at a time and forgets what no hold keeps, so that
 * a reader that goes back without one is caught. Not the drivers of input/.
 */
import { StreamError } from "../../src/findings/index.js";
import { PAGE_BYTES } from "../../src/format/index.js";
import {
  type BatchEvent,
  type BatchPlan,
  type BatchSink,
  isRequest,
  type Job,
  type PageRange,
  type Reader,
  type Request,
  type StreamEvent,
} from "../../src/stream/protocol.js";

/** How the bytes are served. */
export type DriveMode = "file" | "pipe";

/** A PAGE_DATA record as its sink saw it. */
export interface SeenBatch {
  readonly event: BatchEvent;
  entryCount: number;
  entries: Uint8Array[];
  /** Pages by ordinal; only those that the plan asked for. */
  pages: Map<number, Uint8Array>;
  wholePages: number | null;
  planned: boolean;
}

/** Everything that a reader gave, and how it ended. */
export interface Driven<R> {
  readonly events: StreamEvent[];
  readonly batches: SeenBatch[];
  /** Largest read that was asked for: what a claimed length made the reader allocate. */
  readonly largestRead: number;
  readonly result: R | null;
  readonly error: unknown;
}

export interface DriveOptions {
  readonly mode?: DriveMode;
  /** Pages that the plan asks for; all by default. */
  readonly ranges?: (dataPages: number) => readonly PageRange[];
  /** Bytes of the sink's windows, to make steps smaller than a batch. */
  readonly entryWindowBytes?: number;
  readonly pageWindowBytes?: number;
  /** Refuse every batch at its head. */
  readonly refuse?: boolean;
}

/** Run a reader over `input` to its end or to its error. Errors that are not typed are rethrown. */
export function drive<R>(
  reader: Reader<R>,
  input: Uint8Array,
  options: DriveOptions = {},
): Driven<R> {
  const serve = options.mode === "pipe" ? new Pipe(input) : new File(input);
  const events: StreamEvent[] = [];
  const batches: SeenBatch[] = [];
  let largestRead = 0;
  let answer = 0;
  try {
    for (;;) {
      const step = reader.next(answer);
      if (step.done) return { events, batches, largestRead, result: step.value, error: null };
      answer = 0;
      if (isRequest(step.value)) {
        if (step.value.request === "read") {
          largestRead = Math.max(largestRead, step.value.into.length);
        }
        answer = serve.answer(step.value);
        continue;
      }
      events.push(step.value);
      if (step.value.event === "batch") {
        const seen = newBatch(step.value);
        batches.push(seen);
        step.value.sink = new RecordingSink(seen, options);
      }
    }
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    return { events, batches, largestRead, result: null, error };
  }
}

/** Rules of the faults, in the order given, the one that broke the stream off last. */
export function rulesOf(driven: Driven<unknown>): string[] {
  return faultsOf(driven).map((fault) =>
    fault.ruleCase === undefined ? fault.rule : `${fault.rule}/${fault.ruleCase}`,
  );
}

/** The faults themselves. */
export function faultsOf(driven: Driven<unknown>) {
  const faults = driven.events.flatMap((event) => (event.event === "fault" ? [event.fault] : []));
  return driven.error instanceof StreamError ? [...faults, driven.error.fault] : faults;
}

function newBatch(event: BatchEvent): SeenBatch {
  return {
    event,
    entryCount: 0,
    entries: [],
    pages: new Map(),
    wholePages: null,
    planned: false,
  };
}

class RecordingSink implements BatchSink {
  readonly #seen: SeenBatch;
  readonly #options: DriveOptions;
  readonly #entryWindow: Uint8Array;
  readonly #pageWindow: Uint8Array;

  constructor(seen: SeenBatch, options: DriveOptions) {
    this.#seen = seen;
    this.#options = options;
    this.#entryWindow = new Uint8Array(options.entryWindowBytes ?? 8192);
    this.#pageWindow = new Uint8Array(options.pageWindowBytes ?? 16 * PAGE_BYTES);
  }

  head(entryCount: number): boolean {
    this.#seen.entryCount = entryCount;
    return this.#options.refuse !== true;
  }

  entryWindow(): Uint8Array {
    return this.#entryWindow;
  }

  entries(entryCount: number): void {
    this.#seen.entries.push(this.#entryWindow.slice(0, entryCount * 8));
  }

  plan(): BatchPlan {
    const body = this.#seen.event.head.bodyBytes;
    const dataPages = (body - 8 - this.#seen.entryCount * 8) / PAGE_BYTES;
    this.#seen.planned = true;
    const all = dataPages === 0 ? [] : [{ first: 0, count: dataPages }];
    return { ranges: this.#options.ranges?.(dataPages) ?? all, dataPages };
  }

  pageWindow(): Uint8Array {
    return this.#pageWindow;
  }

  *pages(first: number, count: number): Job<void> {
    for (let index = 0; index < count; index += 1) {
      const page = this.#pageWindow.slice(index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
      this.#seen.pages.set(first + index, page);
    }
    yield* [] as Request[];
  }

  end(wholePages: number): void {
    if (this.#seen.wholePages !== null) throw new Error("a batch ended twice");
    this.#seen.wholePages = wholePages;
  }
}

/** Any byte at any time. */
class File {
  readonly #input: Uint8Array;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  answer(request: Request): number {
    if (request.request === "hold" || request.request === "release") return 0;
    const left = Math.max(0, this.#input.length - request.byteOffset);
    if (request.request === "skip") return Math.min(left, request.bytes);
    const count = Math.min(left, request.into.length);
    request.into.set(this.#input.subarray(request.byteOffset, request.byteOffset + count));
    return count;
  }
}

/** One byte after another; what was passed is gone unless a hold keeps it. */
class Pipe {
  readonly #input: Uint8Array;
  readonly #kept = new Map<number, number>();
  #position = 0;
  #holdFrom: number | null = null;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  answer(request: Request): number {
    switch (request.request) {
      case "hold":
        this.#holdFrom = request.byteOffset;
        return 0;
      case "release":
        this.#holdFrom = null;
        this.#forget(request.byteOffset);
        return 0;
      case "skip":
        return this.#move(request.byteOffset, request.bytes, null);
      case "read":
        return this.#move(request.byteOffset, request.enough ?? request.into.length, request.into);
    }
  }

  #move(byteOffset: number, bytes: number, into: Uint8Array | null): number {
    if (into === null && bytes > this.#input.length) bytes = this.#input.length;
    let got = 0;
    for (; got < bytes; got += 1) {
      const byte = this.#byteAt(byteOffset + got);
      if (byte === null) break;
      if (into !== null) into[got] = byte;
    }
    if (this.#holdFrom === null) this.#forget(byteOffset + got);
    return got;
  }

  #byteAt(at: number): number | null {
    const kept = this.#kept.get(at);
    if (kept !== undefined) return kept;
    if (at < this.#position) throw new Error(`byte ${at} was passed and is gone`);
    for (; this.#position <= at; this.#position += 1) {
      const byte = this.#input[this.#position];
      if (byte === undefined) return null;
      this.#kept.set(this.#position, byte);
    }
    return this.#kept.get(at) ?? null;
  }

  #forget(before: number): void {
    for (const at of this.#kept.keys()) {
      if (at >= before) break;
      this.#kept.delete(at);
    }
  }
}
