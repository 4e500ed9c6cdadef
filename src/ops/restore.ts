/**
 * `restore`: simulate the restore of one image and report the memory that results. Nothing is
 * written. Resident where the image fits the memory limit, else indexed.
 */
import type { EngineName, MemoryModel } from "../engine/index.js";
import { type MemoryResult, type RestoreFileResult, UsageError } from "../findings/index.js";
import { PAGE_BYTES } from "../format/index.js";
import { digestSha256, digestXxh3 } from "../guest/index.js";
import { driveSync, openInput, type Source } from "../input/index.js";
import type { Job } from "../stream/index.js";
import { fileResult, restoreResult, withCompression } from "./documents.js";
import { withExcerpts } from "./excerpts.js";
import { type GenidChange, genidJob } from "./genid.js";
import { driveOptions, PhaseProgress, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import { parallelDigest } from "./parallel-digest.js";
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
  /** Threads that digest an indexed guest; as many as are worth it if left out. */
  readonly threads?: number | undefined;
}

/**
 * Simulate the restore of the image at a path ("-" for standard input).
 *
 * @throws {InputError} if its bytes cannot be had
 * @throws {CapacityError} if a limit of ours is in the way
 * @throws {UsageError} for an indexed guest of an input that cannot be read twice
 */
export async function restoreFile(
  platform: Platform,
  path: string,
  options: RestoreImageOptions,
  hooks: ReadingHooks = {},
): Promise<RestoreFileResult> {
  const startMs = performance.now();
  const { source, compression } = await openInput(path, { limits: options.limits });
  try {
    const result = restoreSource(platform, source, path, options, startMs, hooks);
    return withCompression(result, compression);
  } finally {
    source.close();
  }
}

/** Simulate the restore of what a source gives. */
export function restoreSource(
  platform: Platform,
  source: Source,
  file: string,
  options: RestoreImageOptions,
  startMs: number,
  hooks: ReadingHooks = {},
): RestoreFileResult {
  if (options.salvage === true) return salvageResult(platform, source, file, options, startMs);
  const model = chooseModel(source, options);
  const image = new Image(platform.engine(options.engine), { ...options, readData: false, model });
  const drive = driveOptions(hooks, source);
  driveSync(image.run(), source, drive);
  const genid = driveSync(genidJob(image, options.genid ?? "keep"), source);
  const digests =
    digestByThreads(platform, image, source, options, hooks) ??
    driveSync(digestsOf(image, options.digest, hooks), source, drive);
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  const base = fileResult(image, file, bytes, performance.now() - startMs);
  return restoreResult(image, withExcerpts(base, source), digests, genid);
}

/** What was recovered, with its digests; the guest is always indexed. */
function salvageResult(
  platform: Platform,
  source: Source,
  file: string,
  options: RestoreImageOptions,
  startMs: number,
): RestoreFileResult {
  const reading = { ...options, readData: false, model: "indexed" } as const;
  const { judged, image, salvage } = salvageSource(platform, source, file, reading, startMs);
  const genid = driveSync(genidJob(image, options.genid ?? "keep"), source);
  const digests = driveSync(digestsOf(image, options.digest, {}), source);
  return { ...restoreResult(image, withExcerpts(judged, source), digests, genid), salvage };
}

/** `auto`: resident if the image could be held whole, else indexed. A pipe cannot be indexed. */
function chooseModel(source: Source, options: RestoreImageOptions): MemoryModel {
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
  source: Source,
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
