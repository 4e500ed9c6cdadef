/**
 * `restore`: simulate the restore of one image and report the memory that results. Nothing is
 * written. Resident where the image fits the memory limit, else indexed.
 */
import type { EngineName, MemoryModel } from "../engine/index.js";
import { type MemoryResult, type RestoreFileResult, UsageError } from "../findings/index.js";
import { PAGE_BYTES } from "../format/index.js";
import { digestSha256, digestXxh3 } from "../guest/index.js";
import { type AsyncSource, drive } from "../input/index.js";
import type { Job } from "../stream/index.js";
import { fileResult, restoreResult } from "./documents.js";
import { withExcerpts } from "./excerpts.js";
import { type GenidChange, genidJob } from "./genid.js";
import { driveOptions, PhaseProgress, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import { type Judged, type JudgedHooks, judgeInput } from "./judged.js";
import { parallelDigest } from "./parallel-digest.js";
import { fillGuest, fillSource } from "./parallel-fill.js";
import { createSha256, type Platform } from "./runtime.js";
import { salvageSource } from "./salvage.js";

/** What `restore` takes beyond the reading options. */
export interface RestoreImageOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
  readonly memory: MemoryModel | "auto";
  readonly digest: "sha256" | "xxh3" | null;
  /** "keep" if left out. */
  readonly genid?: GenidChange;
  /** Recover what is whole of a damaged image instead. */
  readonly salvage?: boolean;
  /** Threads at most that digest an indexed guest or fill a resident one; left out: as are worth. */
  readonly threads?: number | undefined;
}

/**
 * Simulate the restore of the image at a path or URL ("-" for standard input).
 *
 * @throws {InputError} if its bytes cannot be had
 * @throws {CapacityError} if a limit of ours is in the way
 * @throws {UsageError} for an indexed guest of an input that cannot be read twice
 */
export async function restoreFile(
  platform: Platform,
  path: string,
  options: RestoreImageOptions,
  hooks: JudgedHooks<RestoreFileResult> = {},
): Promise<RestoreFileResult> {
  return judgeInput(path, options.limits, hooks, (source, file, startMs) =>
    judge(platform, source, file, options, startMs, hooks),
  );
}

/** Simulate the restore of what a source gives. */
export async function restoreSource(
  platform: Platform,
  source: AsyncSource,
  file: string,
  options: RestoreImageOptions,
  startMs: number,
  hooks: ReadingHooks = {},
): Promise<RestoreFileResult> {
  return (await judge(platform, source, file, options, startMs, hooks)).result;
}

async function judge(
  platform: Platform,
  source: AsyncSource,
  file: string,
  options: RestoreImageOptions,
  startMs: number,
  hooks: ReadingHooks,
): Promise<Judged<RestoreFileResult>> {
  if (options.salvage === true) {
    return salvageResult(platform, source, file, options, startMs, hooks);
  }
  const model = chooseModel(source, options);
  const later =
    model === "resident" ? fillSource(source, options.engine, options.threads ?? null) : null;
  const reading = { ...options, readData: false, model, fillLater: later !== null };
  const image = new Image(platform.engine(options.engine), reading);
  const driving = driveOptions(hooks, source);
  const quiet = driveOptions({ signal: hooks.signal }, source);
  await drive(image.run(), source, later === null ? driving : quiet);
  const { guest } = image.restorer;
  if (later !== null && guest !== null) {
    await fillGuest(guest, later, hooks, options.limits.threadSilenceMs);
  }
  const genid = await drive(genidJob(image, options.genid ?? "keep"), source, quiet);
  const digests =
    digestByThreads(platform, image, source, options, hooks) ??
    (await drive(digestsOf(image, options.digest, hooks), source, driving));
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  const base = fileResult(image, file, bytes, performance.now() - startMs);
  const judged = await withExcerpts(base, source, hooks.signal);
  return { image, result: restoreResult(image, judged, digests, genid) };
}

/** What was recovered, with its digests; the guest is always indexed. */
async function salvageResult(
  platform: Platform,
  source: AsyncSource,
  file: string,
  options: RestoreImageOptions,
  startMs: number,
  hooks: ReadingHooks,
): Promise<Judged<RestoreFileResult>> {
  const reading = { ...options, readData: false, model: "indexed" } as const;
  const salvaged = await salvageSource(platform, source, file, reading, startMs, hooks.signal);
  const { image, salvage } = salvaged;
  const { signal } = hooks;
  const driving = driveOptions({ signal }, source);
  const genid = await drive(genidJob(image, options.genid ?? "keep"), source, driving);
  const digests = await drive(digestsOf(image, options.digest, {}), source, driving);
  const judged = await withExcerpts(salvaged.judged, source, signal);
  return { image, result: { ...restoreResult(image, judged, digests, genid), salvage } };
}

/** `auto`: resident if the image could be held whole, else indexed. A pipe cannot be indexed. */
function chooseModel(source: AsyncSource, options: RestoreImageOptions): MemoryModel {
  if (!source.seekable) {
    if (options.memory !== "indexed") return "resident";
    throw new UsageError("an indexed guest needs an input that can be read again: a file", {
      option: "--memory",
      allowed: "resident or auto for a pipe",
    });
  }
  if (options.memory !== "auto") return options.memory;
  return (source.size ?? 0) <= options.limits.maxMemoryBytes ? "resident" : "indexed";
}

/** The page digest of a large indexed guest; null where it is left to one thread. */
function digestByThreads(
  platform: Platform,
  image: Image,
  source: AsyncSource,
  { digest, threads }: RestoreImageOptions,
  hooks: ReadingHooks,
): Partial<MemoryResult> | null {
  const { guest } = image.restorer;
  if (guest === null || digest !== "xxh3") return null;
  const progress = new PhaseProgress(
    hooks,
    guest.engine.stats().populatedPages * PAGE_BYTES,
    "digest",
  );
  return parallelDigest(platform, guest, source, {
    threads: threads ?? null,
    onPages: (pages) => {
      hooks.signal?.throwIfAborted();
      progress.add(pages * PAGE_BYTES);
    },
  });
}

function* digestsOf(
  image: Image,
  digest: "sha256" | "xxh3" | null,
  hooks: ReadingHooks,
): Job<Partial<MemoryResult>> {
  const { guest } = image.restorer;
  if (guest === null || digest === null) return {};
  const memoryBytes = guest.engine.stats().populatedPages * PAGE_BYTES;
  if (digest === "sha256") {
    const progress = new PhaseProgress(hooks, memoryBytes, "digest");
    return yield* digestSha256(guest, progress.hashes(createSha256));
  }
  const progress = new PhaseProgress(hooks, memoryBytes, "digest");
  return yield* progress.reads(digestXxh3(guest));
}
