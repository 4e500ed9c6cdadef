/**
 * `--salvage`: what is whole of a damaged image. The image is judged as always first; then its
 * records are read again by their own numbers (stream/libxc/salvage), and each whole page is taken,
 * uncommitted epochs included. What comes of it is never a restored guest.
 */
import { type FileResult, type SalvageResult, StreamError, UsageError } from "../findings/index.js";
import { DOMAIN_HEADER_BYTES, IMAGE_HEADER_BYTES, PAGE_TYPE_XALLOC } from "../format/index.js";
import { Batch, type Guest } from "../guest/index.js";
import { type AsyncSource, drive } from "../input/index.js";
import {
  type BatchEvent,
  type BatchPlan,
  type BatchSink,
  isRequest,
  type Job,
  type MomentEvent,
  type RecordHead,
  readImage,
  type SalvageHooks,
  type StreamEvent,
  salvageLibxc,
} from "../stream/index.js";
import { fileResult } from "./documents.js";
import { driveOptions } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import { Pfns } from "./pfn-sets.js";
import type { Platform } from "./runtime.js";

/** An image that was salvaged: its verdict, its guest, and what is not whole. */
interface Salvaged {
  /** As verify gives it. */
  readonly judged: FileResult;
  /** Its guest holds what was recovered. */
  readonly image: Image;
  readonly salvage: SalvageResult;
}

type SalvageOptions = ReadingOptions & { readonly engine: "wasm" | "reference" };

/**
 * Judge an image, then recover what is whole of it.
 *
 * @throws {UsageError} for an input that cannot be read twice
 */
export async function salvageSource(
  platform: Platform,
  source: AsyncSource,
  file: string,
  options: SalvageOptions,
  startMs: number,
  signal?: AbortSignal,
): Promise<Salvaged> {
  if (!source.seekable) {
    const allowed = "a file that is not compressed";
    throw new UsageError("salvage reads its input twice", { option: "--salvage", allowed });
  }
  const engine = platform.engine(options.engine);
  const first = new Image(engine, { ...options, model: "indexed" });
  const driving = driveOptions({ signal }, source);
  await drive(first.run(), source, driving);
  const judged = fileResult(first, file, source.size, performance.now() - startMs);
  const image = new Image(engine, { ...options, model: "indexed" });
  const salvage = await drive(new Salvage(image).run(), source, driving);
  return { judged, image, salvage };
}

/** The second reading. */
class Salvage implements SalvageHooks {
  readonly maxMetadataBytes: number;
  readonly #image: Image;
  readonly #passedOver: { byteOffset: number; bytes: number }[] = [];
  /** Pfns that a record wrote whose page could not be had, and where that record stands. */
  readonly #lost = new Map<number, number>();
  #refusedRecords = 0;

  constructor(image: Image) {
    this.#image = image;
    this.maxMetadataBytes = image.options.limits.maxMetadataBytes;
  }

  *run(): Job<SalvageResult> {
    let begin = yield* this.#readHeaders();
    if (begin?.layer === "legacy") return this.#result();
    const known = begin !== null;
    if (begin === null) {
      begin = { event: "moment", layer: "libxc", moment: "libxc-begin", byteOffset: 0 };
      yield* this.#accept({ ...begin, detail: { guest: "hvm" } });
    }
    const headers = known ? IMAGE_HEADER_BYTES + DOMAIN_HEADER_BYTES : 0;
    const records = salvageLibxc(begin.byteOffset + headers, known ? 8 : 1, this);
    let answer = 0;
    for (;;) {
      const step = records.next(answer);
      if (step.done) break;
      if (isRequest(step.value)) answer = yield step.value;
      else yield* this.#take(step.value);
    }
    return this.#result();
  }

  /** Up to where a libxc stream begins; a legacy stream, which has no records, to its end. */
  *#readHeaders(): Job<MomentEvent | null> {
    const { checkpointed, limits, formatHint } = this.#image.options;
    const reader = readImage({ checkpointed, limits, formatHint });
    let begin: MomentEvent | null = null;
    try {
      let answer = 0;
      for (;;) {
        const step = reader.next(answer);
        if (step.done) return begin;
        if (isRequest(step.value)) {
          answer = yield step.value;
          continue;
        }
        yield* this.#accept(step.value);
        if (step.value.event !== "moment" || step.value.moment !== "libxc-begin") continue;
        begin = step.value;
        if (begin.layer !== "legacy") return begin;
      }
    } catch (error) {
      if (error instanceof StreamError) return begin;
      throw error;
    } finally {
      reader.return({ name: "", byteOffset: 0, trailingBytes: 0 });
    }
  }

  *#accept(event: StreamEvent): Job<void> {
    const job = this.#image.restorer.accept(event);
    if (job !== null) yield* job;
  }

  *#take(event: StreamEvent): Job<void> {
    const { guest } = this.#image.restorer;
    if (event.event !== "batch") yield* this.#accept(event);
    else if (guest !== null) event.sink = new SalvageSink(guest, event, this.#lost);
  }

  batch(maxPfn: number): void {
    const { guest } = this.#image.restorer;
    if (guest !== null) guest.maxPfn = Math.max(guest.maxPfn, maxPfn);
  }

  passedOver(byteOffset: number, bytes: number): void {
    this.#passedOver.push({ byteOffset, bytes });
  }

  refused(head: RecordHead, pfns: readonly number[]): void {
    this.#refusedRecords += 1;
    for (const pfn of pfns) this.#lost.set(pfn, head.byteOffset);
  }

  #result(): SalvageResult {
    const { guest } = this.#image.restorer;
    const most = this.#image.options.limits.maxRecordsListed;
    const notWhole = new Pfns(most);
    let wholePages = 0;
    if (guest !== null) {
      const lacking = [...this.#lost].filter(([pfn, at]) => guest.lastCopyOffset(pfn) < at);
      const lost = new Set(lacking.map(([pfn]) => pfn));
      for (const { first, count } of guest.populatedRuns()) {
        for (let pfn = first; pfn < first + count; pfn += 1) {
          const sent = guest.engine.lastOrdinal(pfn) >= 0;
          if (!sent && guest.engine.pageType(pfn) !== PAGE_TYPE_XALLOC) lost.add(pfn);
          else if (!lost.has(pfn)) wholePages += 1;
        }
      }
      for (const pfn of [...lost].sort((a, b) => a - b)) notWhole.add(pfn, 1);
    }
    return {
      wholePages,
      notWhole: notWhole.set,
      refusedRecords: this.#refusedRecords,
      passedOver: this.#passedOver.slice(0, most),
      passedOverBytes: this.#passedOver.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }
}

/** A batch whose last pages may be cut off: it remembers their pfns. */
class SalvageSink implements BatchSink {
  readonly #batch: Batch;
  readonly #guest: Guest;
  readonly #byteOffset: number;
  readonly #lost: Map<number, number>;
  #dataPages = 0;

  constructor(guest: Guest, event: BatchEvent, lost: Map<number, number>) {
    this.#batch = new Batch(guest, event, "apply");
    this.#guest = guest;
    this.#byteOffset = event.head.byteOffset;
    this.#lost = lost;
  }

  head(entryCount: number): boolean {
    return this.#batch.head(entryCount);
  }

  entryWindow(): Uint8Array {
    return this.#batch.entryWindow();
  }

  entries(entryCount: number): void {
    this.#batch.entries(entryCount);
  }

  plan(): BatchPlan | null {
    const plan = this.#batch.plan();
    this.#dataPages = plan?.dataPages ?? 0;
    return plan;
  }

  pageWindow(): Uint8Array {
    return this.#batch.pageWindow();
  }

  pages(first: number, count: number): Job<void> {
    return this.#batch.pages(first, count);
  }

  end(wholePages: number): void {
    for (let page = wholePages; page < this.#dataPages; page += 1) {
      this.#lost.set(this.#guest.engine.dataPagePfn(page), this.#byteOffset);
    }
    this.#batch.end(wholePages);
  }
}
