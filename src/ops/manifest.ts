/**
 * `manifest`: the digest of each page of a guest in a file, and an image measured by such a file.
 * What is digested is memory, so that a converted image still fits; the bytes around the pages have
 * one digest of their own, for images of the same form. The file is manifest-file.ts's.
 */
import type { EngineName } from "../engine/index.js";
import {
  type ManifestCheck,
  type ManifestCheckResult,
  type ManifestFileResult,
  UsageError,
} from "../findings/index.js";
import { PAGE_BYTES } from "../format/index.js";
import type { Guest, MemoryState } from "../guest/index.js";
import { driveSync, openInput, type Source } from "../input/index.js";
import { type Job, readInto } from "../stream/index.js";
import { fileResult, withCompression } from "./documents.js";
import { Image, type ReadingOptions } from "./image.js";
import { type ManifestHead, ManifestReader, ManifestWriter } from "./manifest-file.js";
import { type Output, writeOutput } from "./output.js";
import { Pfns, STEP_PAGES, type Step, steps } from "./pfn-sets.js";
import type { Platform } from "./runtime.js";

/** What `manifest` takes beyond the reading options. */
export interface ManifestOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
  /** Of the memory that is digested; a check takes that of the manifest. */
  readonly state: MemoryState;
}

/** Bytes outside the pages that are read at a time. */
const REST_BYTES = 1024 * 1024;

/**
 * Write the manifest of the image at `path`. Nothing is written if the image is rejected.
 *
 * @throws {InputError} if the image's bytes cannot be had, or the file not be written
 * @throws {UsageError} if the image holds no guest memory
 */
export async function writeManifest(
  platform: Platform,
  path: string,
  outPath: string,
  options: ManifestOptions,
): Promise<ManifestFileResult> {
  const startMs = performance.now();
  const opened = await openInput(path, { limits: options.limits });
  try {
    const image = readImageOf(platform, opened.source, options);
    const base = withCompression(judged(image, opened.source, path, startMs), opened.compression);
    const { guest } = image.restorer;
    if (base.verdict === "reject") return base;
    if (guest === null) throw new UsageError(`${path} holds no guest memory`, { option: "FILE" });
    const { source } = opened;
    const chain = base.container.join("/");
    return writeOutput(outPath, (output) => {
      const { head, root } = fill(output, guest, source, chain, options.state);
      const { state, pageCount: pages, restDigest } = head;
      const rest = restDigest === null ? {} : { rest: hex64(restDigest) };
      const bytes = output.byteCount;
      return { ...base, manifest: { path: outPath, state, pages, bytes, root, ...rest } };
    });
  } finally {
    opened.source.close();
  }
}

/**
 * Measure the image at `path` by the manifest at `manifestPath`.
 *
 * @throws {InputError} if the bytes of either cannot be had, or the manifest is none
 */
export async function checkManifest(
  platform: Platform,
  path: string,
  manifestPath: string,
  options: ManifestOptions,
): Promise<ManifestCheckResult> {
  const opened = await openInput(path, { limits: options.limits });
  try {
    const chain = opened.compression === null ? "" : `${opened.compression}/`;
    const { source } = opened;
    const result = checkSource(platform, source, { path, manifestPath, chain }, options);
    return withCompression(result, opened.compression);
  } finally {
    opened.source.close();
  }
}

/** As checkManifest, of what a source gives; `chain` is what stands before its formats. */
export function checkSource(
  platform: Platform,
  source: Source,
  names: { readonly path: string; readonly manifestPath: string; readonly chain: string },
  options: ManifestOptions,
): ManifestCheckResult {
  const startMs = performance.now();
  const image = readImageOf(platform, source, options);
  const engine = platform.engine(options.engine);
  const reader = new ManifestReader(names.manifestPath, engine.createXxh3());
  try {
    const base = judged(image, source, names.path, startMs);
    const check = new Check(image.restorer.guest, source, reader, options.limits.maxRecordsListed);
    const form = `${names.chain}${base.container.join("/")}`;
    const found = check.run(form);
    const matches = base.verdict === "accept" && found.matches;
    return { ...base, check: { path: names.manifestPath, ...found, matches } };
  } finally {
    reader.close();
  }
}

function readImageOf(platform: Platform, source: Source, options: ManifestOptions): Image {
  const model = source.seekable ? "indexed" : "resident";
  const image = new Image(platform.engine(options.engine), { ...options, readData: false, model });
  driveSync(image.run(), source);
  return image;
}

function judged(image: Image, source: Source, file: string, startMs: number) {
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  return fileResult(image, file, bytes, performance.now() - startMs);
}

function fill(
  output: Output,
  guest: Guest,
  source: Source,
  chain: string,
  state: MemoryState,
): { readonly head: ManifestHead; readonly root: string } {
  const { engine } = guest;
  const runs = [...guest.populatedRuns()];
  const pageCount = runs.reduce((sum, { count }) => sum + count, 0);
  const inputBytes = source.size ?? 0;
  const restDigest = source.seekable ? driveSync(digestRest(guest, inputBytes), source) : null;
  const head = { state, chain, inputBytes, pageCount, runs, restDigest };
  const writer = new ManifestWriter(output, engine.createXxh3());
  writer.head(head);
  const root = engine.createXxh3();
  const pages = new PageDigests(guest, source, state);
  for (const { first, count } of steps(runs, [])) {
    const digests = pages.of(first, count);
    writer.digests(digests.subarray(0, count));
    const pairs = new BigUint64Array(2 * count);
    for (let i = 0; i < count; i += 1) {
      pairs[2 * i] = BigInt(first + i);
      pairs[2 * i + 1] = digests[i] ?? 0n;
    }
    root.update(new Uint8Array(pairs.buffer));
  }
  writer.end(root.digest());
  return { head, root: hex64(root.digest()) };
}

/** Digests of a guest's pages, a step at a time. */
class PageDigests {
  readonly #guest: Guest;
  readonly #source: Source;
  readonly #state: MemoryState;
  readonly #digests = new BigUint64Array(STEP_PAGES);

  constructor(guest: Guest, source: Source, state: MemoryState) {
    this.#guest = guest;
    this.#source = source;
    this.#state = state;
  }

  /** One digest a page; overwritten by the next call. */
  of(first: number, count: number): BigUint64Array {
    const pages = this.#guest.engine.pageWindow().subarray(0, count * PAGE_BYTES);
    driveSync(this.#guest.readPages(first, count, pages, this.#state), this.#source);
    this.#guest.engine.digestWindow(count, this.#digests);
    return this.#digests;
  }
}

/** XXH3-64 of all bytes of the input that are no page's last copy, in order. */
function* digestRest(guest: Guest, inputBytes: number): Job<bigint> {
  const hash = guest.engine.createXxh3();
  const buffer = new Uint8Array(REST_BYTES);
  let at = 0;
  for (const pageAt of lastCopies(guest)) {
    if (pageAt > at) yield* hashRange(hash, buffer, at, pageAt);
    at = pageAt + PAGE_BYTES;
  }
  if (inputBytes > at) yield* hashRange(hash, buffer, at, inputBytes);
  return hash.digest();
}

function* hashRange(
  hash: { update(bytes: Uint8Array): void },
  buffer: Uint8Array,
  from: number,
  to: number,
): Job<void> {
  for (let at = from; at < to; at += REST_BYTES) {
    const view = buffer.subarray(0, Math.min(REST_BYTES, to - at));
    hash.update(view.subarray(0, yield* readInto(at, view)));
  }
}

/** Where the last copy of each pfn stands, in order of the input: one bit a copy is held. */
function* lastCopies(guest: Guest): Generator<number> {
  const copies = guest.pages.nextOrdinal;
  const isLast = new Uint8Array(Math.ceil(copies / 8));
  for (const { first, count } of guest.populatedRuns()) {
    for (let pfn = first; pfn < first + count; pfn += 1) {
      const ordinal = guest.engine.lastOrdinal(pfn);
      if (ordinal >= 0) isLast[ordinal >> 3] = (isLast[ordinal >> 3] ?? 0) | (1 << (ordinal & 7));
    }
  }
  for (let ordinal = 0; ordinal < copies; ordinal += 1) {
    if ((((isLast[ordinal >> 3] ?? 0) >> (ordinal & 7)) & 1) === 0) continue;
    yield guest.pages.byteOffsetOf(ordinal, PAGE_BYTES);
  }
}

/** One image against one manifest. */
class Check {
  readonly #guest: Guest | null;
  readonly #source: Source;
  readonly #reader: ManifestReader;
  readonly #most: number;
  readonly #missing: Pfns;
  readonly #extra: Pfns;
  readonly #rotten: { pfn: number; byteOffset?: number }[] = [];
  #rottenPages = 0;
  #pages = 0;

  /** @param most pages and runs that are listed */
  constructor(guest: Guest | null, source: Source, reader: ManifestReader, most: number) {
    this.#guest = guest;
    this.#source = source;
    this.#reader = reader;
    this.#most = most;
    this.#missing = new Pfns(most);
    this.#extra = new Pfns(most);
  }

  /** @param form the image's formats, with slashes between */
  run(form: string): Omit<ManifestCheck, "path"> {
    const { head } = this.#reader;
    const guest = this.#guest;
    const pages = guest === null ? null : new PageDigests(guest, this.#source, head.state);
    for (const step of steps(head.runs, guest?.populatedRuns() ?? [])) this.#take(step, pages);
    const rest = this.#rest(form);
    const differing = this.#rottenPages + this.#missing.pages + this.#extra.pages;
    return {
      state: head.state,
      matches: differing === 0 && rest !== "differs",
      pages: this.#pages,
      rottenPages: this.#rottenPages,
      rotten: this.#rotten,
      missing: this.#missing.set,
      extra: this.#extra.set,
      rest,
    };
  }

  #take({ first, count, inA, inB }: Step, pages: PageDigests | null): void {
    if (!inA) {
      this.#extra.add(first, count);
      return;
    }
    if (!inB || pages === null) {
      this.#missing.add(first, count);
      for (let i = 0; i < count; i += 1) this.#reader.next();
      return;
    }
    const digests = pages.of(first, count);
    this.#pages += count;
    for (let i = 0; i < count; i += 1) {
      if (this.#reader.next() !== digests[i]) this.#isRotten(first + i);
    }
  }

  #isRotten(pfn: number): void {
    this.#rottenPages += 1;
    if (this.#rotten.length >= this.#most) return;
    const byteOffset = this.#guest?.lastCopyOffset(pfn) ?? -1;
    this.#rotten.push(byteOffset < 0 ? { pfn } : { pfn, byteOffset });
  }

  #rest(form: string): ManifestCheck["rest"] {
    const { head } = this.#reader;
    const size = this.#source.size;
    if (head.restDigest === null || !this.#source.seekable || size === null) return "unknown";
    if (head.inputBytes !== size || head.chain !== form) return "other-form";
    if (this.#guest === null) return "differs";
    const digest = driveSync(digestRest(this.#guest, size), this.#source);
    return digest === head.restDigest ? "same" : "differs";
  }
}

function hex64(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}
