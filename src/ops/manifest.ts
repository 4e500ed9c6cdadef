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
  type ManifestOutput,
  UsageError,
} from "../findings/index.js";
import type { Guest, MemoryState } from "../guest/index.js";
import { type AsyncSource, driveAsync, openInput } from "../input/index.js";
import type { Job } from "../stream/index.js";
import { fileResult, withCompression } from "./documents.js";
import { driveOptions, openOptions, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import type { JudgedInput } from "./judged.js";
import { digestRest, hex64, PageDigests } from "./manifest-digests.js";
import { type ManifestHead, ManifestReader, ManifestWriter } from "./manifest-file.js";
import { type Output, writeOutputAsync } from "./output.js";
import { Pfns, type Step, steps } from "./pfn-sets.js";
import type { Platform } from "./runtime.js";
import { mustSpare } from "./same-file.js";

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
  mustSpare(path, outPath);
  const startMs = performance.now();
  const { source, compression, file } = await openInput(path, openOptions(hooks, options.limits));
  try {
    const image = await readImageOf(platform, source, options, hooks);
    const result = withCompression(judged(image, source, file, startMs), compression);
    const { guest } = image.restorer;
    if (result.verdict === "reject") return result;
    if (guest === null) throw new UsageError(`${file} holds no guest memory`, { option: "FILE" });
    const manifest = await manifestOf(guest, { source, result }, outPath, options.state, hooks);
    return { ...result, manifest };
  } finally {
    await source.close();
  }
}

/** Write the manifest of a guest as the image's run has left it. */
export async function manifestOf(
  guest: Guest,
  { source, result }: JudgedInput,
  outPath: string,
  state: MemoryState,
  hooks: ReadingHooks = {},
): Promise<ManifestOutput> {
  const chain = result.container.join("/");
  return await writeOutputAsync(outPath, async (output) => {
    const job = fill(output, guest, source, chain, state, hooks);
    const { head, root } = await driveAsync(job, source, quietly(hooks, source));
    const { pageCount: pages, restDigest } = head;
    const rest = restDigest === null ? {} : { rest: hex64(restDigest) };
    return { path: outPath, state, pages, bytes: output.byteCount, root, ...rest };
  });
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
  const startMs = performance.now();
  const { source, compression, file } = await openInput(path, openOptions(hooks, options.limits));
  try {
    const image = await readImageOf(platform, source, options, hooks);
    const result = withCompression(judged(image, source, file, startMs), compression);
    return { ...result, check: await checkOf(image, { source, result }, manifestPath, hooks) };
  } finally {
    await source.close();
  }
}

/** As checkManifest, of what a source gives. */
export async function checkSource(
  platform: Platform,
  source: AsyncSource,
  names: { readonly file: string; readonly manifestPath: string },
  options: ManifestOptions,
): Promise<ManifestCheckResult> {
  const startMs = performance.now();
  const image = await readImageOf(platform, source, options);
  const result = judged(image, source, names.file, startMs);
  return { ...result, check: await checkOf(image, { source, result }, names.manifestPath) };
}

/**
 * Measure the guest as the image's run has left it.
 *
 * @throws {InputError} code "manifest" if the manifest is none
 */
export async function checkOf(
  image: Image,
  { source, result }: JudgedInput,
  manifestPath: string,
  hooks: ReadingHooks = {},
): Promise<ManifestCheck> {
  const reader = new ManifestReader(manifestPath, image.engine.createXxh3());
  try {
    const { maxRecordsListed } = image.options.limits;
    const check = new Check(image.restorer.guest, source, reader, maxRecordsListed, hooks);
    const found = await driveAsync(
      check.run(result.container.join("/")),
      source,
      quietly(hooks, source),
    );
    const matches = result.verdict === "accept" && found.matches;
    return { path: manifestPath, ...found, matches };
  } finally {
    reader.close();
  }
}

/** Digests tell of their progress by themselves. */
function quietly({ signal }: ReadingHooks, source: AsyncSource) {
  return driveOptions({ signal }, source);
}

async function readImageOf(
  platform: Platform,
  source: AsyncSource,
  options: ManifestOptions,
  hooks: ReadingHooks = {},
): Promise<Image> {
  const model = source.seekable ? "indexed" : "resident";
  const image = new Image(platform.engine(options.engine), { ...options, readData: false, model });
  await driveAsync(image.run(), source, driveOptions(hooks, source));
  return image;
}

function judged(image: Image, source: AsyncSource, file: string, startMs: number) {
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  return fileResult(image, file, bytes, performance.now() - startMs);
}

function* fill(
  output: Output,
  guest: Guest,
  source: AsyncSource,
  chain: string,
  state: MemoryState,
  hooks: ReadingHooks,
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
  const pages = new PageDigests(guest, state, hooks);
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
  readonly #source: AsyncSource;
  readonly #reader: ManifestReader;
  readonly #most: number;
  readonly #hooks: ReadingHooks;
  readonly #missing: Pfns;
  readonly #extra: Pfns;
  readonly #rotten: { pfn: number; byteOffset?: number }[] = [];
  #rottenPages = 0;
  #pages = 0;

  /** @param most pages and runs that are listed */
  constructor(
    guest: Guest | null,
    source: AsyncSource,
    reader: ManifestReader,
    most: number,
    hooks: ReadingHooks,
  ) {
    this.#guest = guest;
    this.#hooks = hooks;
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
    const pages = guest === null ? null : new PageDigests(guest, head.state, this.#hooks);
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
