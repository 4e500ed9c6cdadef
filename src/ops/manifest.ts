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
import { driveAsync, driveSync, openInput, type Source } from "../input/index.js";
import type { Job } from "../stream/index.js";
import { fileResult, withCompression } from "./documents.js";
import { driveOptions, PhaseProgress, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import { digestRest, PageDigests } from "./manifest-digests.js";
import { type ManifestHead, ManifestReader, ManifestWriter } from "./manifest-file.js";
import { type Output, openOutput } from "./output.js";
import { Pfns, type Step, steps } from "./pfn-sets.js";
import type { Platform } from "./runtime.js";

/** What `manifest` takes beyond the reading options. */
export interface ManifestOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
  /** Of the memory that is digested; a check takes that of the manifest. */
  readonly state: MemoryState;
}

/**
 * Write the manifest of the image at `path`. Nothing is written if the image is rejected, and
 * nothing is left of what was when the signal of `hooks` is aborted.
 *
 * @throws {InputError} if the image's bytes cannot be had, or the file not be written
 * @throws {UsageError} if the image holds no guest memory
 */
export async function writeManifest(
  platform: Platform,
  path: string,
  outPath: string,
  options: ManifestOptions,
  hooks: ReadingHooks = {},
): Promise<ManifestFileResult> {
  const startMs = performance.now();
  const { source, compression } = await openInput(path, { limits: options.limits });
  try {
    const drive = driveOptions(hooks, source);
    const image = imageOf(platform, source, options);
    await driveAsync(image.run(), source, drive);
    const base = withCompression(judged(image, source, path, startMs), compression);
    const { guest } = image.restorer;
    if (base.verdict === "reject") return base;
    if (guest === null) throw new UsageError(`${path} holds no guest memory`, { option: "FILE" });
    const chain = base.container.join("/");
    const output = openOutput(outPath);
    try {
      const filling = fill(output, guest, source, chain, options.state);
      const job = new PhaseProgress(hooks, digestedBytes(guest, source), "digest").reads(filling);
      const { signal } = hooks;
      const { head, root } = await driveAsync(job, source, signal === undefined ? {} : { signal });
      output.close();
      const { state, pageCount: pages, restDigest } = head;
      const rest = restDigest === null ? {} : { rest: hex64(restDigest) };
      const bytes = output.byteCount;
      return { ...base, manifest: { path: outPath, state, pages, bytes, root, ...rest } };
    } catch (error) {
      output.abort();
      throw error;
    }
  } finally {
    source.close();
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
  hooks: ReadingHooks = {},
): Promise<ManifestCheckResult> {
  const opened = await openInput(path, { limits: options.limits });
  try {
    const chain = opened.compression === null ? "" : `${opened.compression}/`;
    const { source } = opened;
    const names = { path, manifestPath, chain };
    const result = checkSource(platform, source, names, options, hooks);
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
  hooks: ReadingHooks = {},
): ManifestCheckResult {
  const startMs = performance.now();
  const image = imageOf(platform, source, options);
  driveSync(image.run(), source, driveOptions(hooks, source));
  const engine = platform.engine(options.engine);
  const reader = new ManifestReader(names.manifestPath, engine.createXxh3());
  try {
    const base = judged(image, source, names.path, startMs);
    const { guest } = image.restorer;
    const check = new Check(guest, source, reader, options.limits.maxRecordsListed);
    const form = `${names.chain}${base.container.join("/")}`;
    const totalBytes = guest === null ? 0 : digestedBytes(guest, source);
    const progress = new PhaseProgress(hooks, totalBytes, "digest");
    const found = driveSync(progress.reads(check.run(form)), source);
    const matches = base.verdict === "accept" && found.matches;
    return { ...base, check: { path: names.manifestPath, ...found, matches } };
  } finally {
    reader.close();
  }
}

function imageOf(platform: Platform, source: Source, options: ManifestOptions): Image {
  const model = source.seekable ? "indexed" : "resident";
  return new Image(platform.engine(options.engine), { ...options, readData: false, model });
}

/** Every byte of a file is digested, of a pipe only what was held. */
function digestedBytes(guest: Guest, source: Source): number {
  const memoryBytes = guest.engine.stats().populatedPages * PAGE_BYTES;
  return source.seekable ? (source.size ?? memoryBytes) : memoryBytes;
}

function judged(image: Image, source: Source, file: string, startMs: number) {
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  return fileResult(image, file, bytes, performance.now() - startMs);
}

function* fill(
  output: Output,
  guest: Guest,
  source: Source,
  chain: string,
  state: MemoryState,
): Job<{ readonly head: ManifestHead; readonly root: string }> {
  const { engine } = guest;
  const runs = [...guest.populatedRuns()];
  const pageCount = runs.reduce((sum, { count }) => sum + count, 0);
  const inputBytes = source.size ?? 0;
  const restDigest = source.seekable ? yield* digestRest(guest, inputBytes) : null;
  const head = { state, chain, inputBytes, pageCount, runs, restDigest };
  const writer = new ManifestWriter(output, engine.createXxh3());
  writer.head(head);
  const root = engine.createXxh3();
  const pages = new PageDigests(guest, state);
  for (const { first, count } of steps(runs, [])) {
    const digests = yield* pages.of(first, count);
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
  *run(form: string): Job<Omit<ManifestCheck, "path">> {
    const { head } = this.#reader;
    const guest = this.#guest;
    const pages = guest === null ? null : new PageDigests(guest, head.state);
    for (const step of steps(head.runs, guest?.populatedRuns() ?? [])) {
      yield* this.#take(step, pages);
    }
    const rest = yield* this.#rest(form);
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

  *#take({ first, count, inA, inB }: Step, pages: PageDigests | null): Job<void> {
    if (!inA) {
      this.#extra.add(first, count);
      return;
    }
    if (!inB || pages === null) {
      this.#missing.add(first, count);
      for (let i = 0; i < count; i += 1) this.#reader.next();
      return;
    }
    const digests = yield* pages.of(first, count);
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

  *#rest(form: string): Job<ManifestCheck["rest"]> {
    const { head } = this.#reader;
    const size = this.#source.size;
    if (head.restDigest === null || !this.#source.seekable || size === null) return "unknown";
    if (head.inputBytes !== size || head.chain !== form) return "other-form";
    if (this.#guest === null) return "differs";
    const digest = yield* digestRest(this.#guest, size);
    return digest === head.restDigest ? "same" : "differs";
  }
}

function hex64(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}
