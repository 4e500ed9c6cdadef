/**
 * `inspect`: what is in an image. Every header and record in order, decoded, next to the facts that
 * verify gives. The verdict comes along, so that nobody takes a broken image for a whole one.
 */
import type { EngineName } from "../engine/index.js";
import type {
  ConfigSummary,
  InspectBatch,
  InspectHeader,
  InspectRecord,
  InspectResult,
} from "../findings/index.js";
import { PAGE_TYPE_NAMES, type XenstoreHeader } from "../format/index.js";
import type { BatchFacts } from "../guest/index.js";
import { drive, openInput } from "../input/index.js";
import {
  bodyOffset,
  decodeXenstoreRecord,
  describeXenstoreContent,
  type HeaderEvent,
  interpretHvmContext,
  interpretRecord,
  placeOf,
  type RecordEvent,
  type SectionEvent,
  type StreamEvent,
  summarizeConfig,
  XenstoreTreeBuilder,
  xenstoreHeaderOf,
} from "../stream/index.js";
import { cpuPolicyOf } from "./cpu-policy.js";
import { fileResult, withCompression } from "./documents.js";
import { withExcerpts } from "./excerpts.js";
import { driveOptions, openOptions, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import type { Platform } from "./runtime.js";

/** What `inspect` takes beyond the reading options. */
export interface InspectOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
}

/**
 * Inspect the image at a path or URL ("-" for standard input).
 *
 * @throws {InputError} if its bytes cannot be had
 * @throws {CapacityError} if a limit of ours is in the way
 */
export async function inspectFile(
  platform: Platform,
  path: string,
  options: InspectOptions,
  hooks: ReadingHooks = {},
): Promise<InspectResult> {
  const startMs = performance.now();
  const { source, compression, file } = await openInput(path, openOptions(hooks, options.limits));
  try {
    const model = source.seekable ? "indexed" : "resident";
    const listing = new Listing(options.limits.maxRecordsListed);
    const image = new Image(platform.engine(options.engine), {
      ...options,
      readData: false,
      model,
      onBatch: (facts) => listing.batch(facts),
    });
    await drive(
      image.run((event) => listing.event(event, image)),
      source,
      driveOptions(hooks, source),
    );
    const bytes =
      source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
    const base = fileResult(image, file, bytes, performance.now() - startMs);
    const judged = await withExcerpts(base, source, hooks.signal);
    const document = { ...judged, ...listing.document(image) };
    return withCompression(document, compression);
  } finally {
    await source.close();
  }
}

/** The lists of an inspect document, filled event by event. */
export class Listing {
  readonly #limit: number;
  readonly #headers: InspectHeader[] = [];
  readonly #records: InspectRecord[] = [];
  readonly #batches: InspectBatch[] = [];
  readonly #config: unknown[] = [];
  #summary: ConfigSummary | null = null;
  #omitted = 0;
  #headersOmitted = 0;
  #store: { readonly header: XenstoreHeader; readonly tree: XenstoreTreeBuilder } | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  event(event: StreamEvent, image: Image): void {
    if (event.event === "header") {
      const header = xenstoreHeaderOf(event);
      if (header !== null) {
        this.#store = { header, tree: new XenstoreTreeBuilder(image.options.limits) };
      }
      this.#header(event);
    } else if (event.event === "record" || event.event === "batch") {
      this.#record(event.head, event.event === "record" ? event : null, image);
    } else if (event.event === "section" && event.name === "config") {
      this.#config.push(configOf(event));
      this.#summary ??= summarizeConfig(event);
    }
  }

  batch(facts: BatchFacts): void {
    if (this.#batches.length >= this.#limit) return;
    const pageTypes: Record<string, number> = {};
    for (const [type, count] of facts.typeCounts.entries()) {
      if (count > 0) pageTypes[PAGE_TYPE_NAMES[type] ?? `0x${type.toString(16)}`] = count;
    }
    const { recordIndex, byteOffset } = facts.head;
    const { entryCount, dataPages } = facts;
    this.#batches.push({ recordIndex, byteOffset, entries: entryCount, dataPages, pageTypes });
  }

  document(image: Image) {
    const context = image.restorer.domain?.hvmContext ?? null;
    const cpuPolicy = cpuPolicyOf(image.restorer.domain);
    const [config] = this.#config;
    return {
      headers: this.#headers,
      ...(this.#headersOmitted === 0 ? {} : { headersOmitted: this.#headersOmitted }),
      records: this.#records,
      ...(this.#omitted === 0 ? {} : { recordsOmitted: this.#omitted }),
      batches: this.#batches,
      ...(context === null ? {} : { hvmContext: interpretHvmContext(context.body) }),
      ...(cpuPolicy === null ? {} : { cpuPolicy }),
      ...(this.#store === null ? {} : { store: this.#store.tree.tree() }),
      ...(config === undefined ? {} : { config }),
      ...(this.#summary === null ? {} : { configSummary: this.#summary }),
    };
  }

  #header({ layer, name, byteOffset, bytes, fields }: HeaderEvent): void {
    if (this.#headers.length >= this.#limit) this.#headersOmitted += 1;
    else this.#headers.push({ layer, name, byteOffset, bytes, fields });
  }

  #record(head: RecordEvent["head"], event: RecordEvent | null, image: Image): void {
    if (this.#records.length >= this.#limit) {
      this.#omitted += 1;
      return;
    }
    const { layer, recordIndex, type, name, byteOffset, bodyBytes } = head;
    const body = event?.body ?? null;
    const guestWidth = image.restorer.domain?.pvWidth ?? null;
    const decoded =
      this.#xenstore(event) ??
      (body === null
        ? undefined
        : interpretRecord(layer, type, body, {
            ...placeOf(head),
            bodyByteOffset: bodyOffset(head),
            guestWidth,
          }));
    this.#records.push({
      layer,
      index: recordIndex,
      type,
      name,
      byteOffset,
      length: bodyBytes,
      ...(decoded === undefined ? {} : { decoded }),
    });
  }

  /** A record of a Xenstore stream: decoded by its header, and put into the tree. */
  #xenstore(event: RecordEvent | null): Record<string, unknown> | undefined {
    if (this.#store === null || event === null || event.head.layer !== "xenstore") return undefined;
    const record = decodeXenstoreRecord(event, this.#store.header);
    this.#store.tree.add(record);
    return describeXenstoreContent(record.content);
  }
}

/** A config as JSON where it is JSON, else as text. */
function configOf(event: SectionEvent): unknown {
  const text = new TextDecoder().decode(event.body ?? new Uint8Array(0)).replace(/\0$/, "");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
