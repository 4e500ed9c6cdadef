/**
 * The libxc stream of a synthetic guest, item by item, in the order in which savers write it:
 * static data, pass after pass of pages, the records behind them, END; or epoch after epoch.
 * Source: libxc stream document, Layout; LC-CP-2, LC-CP-3.
 */
import {
  ENTRY_BYTES,
  ENTRY_HIGH_TYPE_SHIFT,
  PAGE_BYTES,
  REC_TYPE_CHECKPOINT,
  REC_TYPE_END,
  REC_TYPE_STATIC_DATA_END,
  REC_TYPE_VERIFY,
} from "../../format/index.js";
import {
  carriesData,
  domainHeader,
  encodeDomainHeader,
  encodeImageHeader,
  imageHeader,
  writeU32,
} from "../../stream/index.js";
import { libxcRecord } from "./cpu.js";
import type { BatchItem, Items, RecordItem } from "./items.js";
import { NOT_SENT } from "./memory.js";
import type { GuestModel } from "./model.js";
import type { GenerateOptions } from "./options.js";

/** Entries of a record that savers write at most. */
const BATCH_ENTRIES = 1024;
const XEN = { 3: [4, 21], 2: [4, 13] } as const;

/** Between checkpoints: what the container has to say there. */
export type BetweenEpochs = () => Iterable<RecordItem>;

/** The Xen that is said to have saved a stream of this version, "major.minor". */
export function xenOf(version: 2 | 3): string {
  return XEN[version].join(".");
}

/**
 * A whole libxc stream.
 *
 * @param betweenEpochs  items behind each CHECKPOINT
 * @param withEnd        an END record closes a checkpointed stream; savers just break off
 */
export function* libxcItems(
  model: GuestModel,
  options: GenerateOptions,
  betweenEpochs: BetweenEpochs,
  withEnd: boolean,
): Items {
  const { version, live, checkpoints } = options;
  const [major, minor] = XEN[version];
  yield { kind: "header", name: "image header", bytes: encodeImageHeader(imageHeader(version)) };
  const domain = domainHeader(model.kind, major, minor);
  yield { kind: "header", name: "domain header", bytes: encodeDomainHeader(domain) };
  yield* staticItems(model, version);
  yield* model.recordsBeforePages();
  const batches = new BatchMaker(model);
  for (let pass = 0; pass <= live; pass++) yield* batches.pass(pass);
  if (options.verify) {
    yield marker(REC_TYPE_VERIFY);
    yield* batches.everything(live);
  }
  yield* model.recordsBehindPages();
  for (let epoch = 1; epoch <= checkpoints; epoch++) {
    if (epoch > 1) {
      yield* batches.pass(live + epoch - 1);
      yield* model.recordsBehindPages();
    }
    yield marker(REC_TYPE_CHECKPOINT);
    yield* betweenEpochs();
  }
  if (checkpoints === 0 || withEnd) yield marker(REC_TYPE_END);
}

function* staticItems(model: GuestModel, version: 2 | 3): Items {
  const records = model.staticRecords();
  if (version === 3) {
    yield* records;
    yield marker(REC_TYPE_STATIC_DATA_END);
    return;
  }
  // Version 2 has neither the end marker nor the policies.
  yield* records.filter(({ type }) => type < REC_TYPE_STATIC_DATA_END);
}

/** A libxc record without a body. */
export function marker(type: number): RecordItem {
  return libxcRecord(type, new Uint8Array(0));
}

/** Makes PAGE_DATA records in memory that each of them reuses. */
class BatchMaker {
  readonly #model: GuestModel;
  readonly #entries = new Uint8Array(BATCH_ENTRIES * ENTRY_BYTES);
  readonly #pages = new Uint8Array(BATCH_ENTRIES * PAGE_BYTES);
  #entryCount = 0;
  #dataPages = 0;

  constructor(model: GuestModel) {
    this.#model = model;
  }

  /** The records of one pass. */
  *pass(pass: number): Items {
    const { memory } = this.#model;
    yield* this.#walk(
      (pfn) => memory.typeAt(pfn, pass),
      (pfn) => memory.versionAt(pfn, pass),
    );
  }

  /** The records that send everything again, as it is after `lastPass`. */
  *everything(lastPass: number): Items {
    const { memory } = this.#model;
    yield* this.#walk(
      (pfn) => memory.typeAfter(pfn, lastPass),
      (pfn) => memory.stateAfter(pfn, lastPass).version ?? 0,
    );
  }

  *#walk(typeOf: (pfn: number) => number, versionOf: (pfn: number) => number): Items {
    for (const { first, end } of this.#model.memory.segments) {
      for (let pfn = first; pfn < end; pfn++) {
        const type = typeOf(pfn);
        if (type === NOT_SENT) continue;
        this.#add(pfn, type, versionOf);
        if (this.#entryCount === BATCH_ENTRIES) yield this.#take();
      }
      if (this.#entryCount > 0) yield this.#take();
    }
  }

  #add(pfn: number, type: number, versionOf: (pfn: number) => number): void {
    const offset = this.#entryCount * ENTRY_BYTES;
    writeU32(this.#entries, offset, pfn);
    writeU32(this.#entries, offset + 4, type << ENTRY_HIGH_TYPE_SHIFT);
    this.#entryCount += 1;
    if (!carriesData(type)) return;
    const at = this.#dataPages * PAGE_BYTES;
    this.#model.page(pfn, versionOf(pfn), this.#pages.subarray(at, at + PAGE_BYTES));
    this.#dataPages += 1;
  }

  #take(): BatchItem {
    const entries = this.#entries.subarray(0, this.#entryCount * ENTRY_BYTES);
    const pages = this.#pages.subarray(0, this.#dataPages * PAGE_BYTES);
    this.#entryCount = 0;
    this.#dataPages = 0;
    return { kind: "batch", entries, pages };
  }
}
