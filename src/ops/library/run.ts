/**
 * One image of the library from its open input to its result: drives the jobs that the commands run
 * too, so that the two cannot disagree. Always asynchronous: aborts and other calls get their turn.
 */
import type { MemoryModel, PageEngine } from "../../engine/index.js";
import {
  type FileResult,
  type MemoryResult,
  type RestoreFileResult,
  UsageError,
} from "../../findings/index.js";
import { PAGE_BYTES } from "../../format/index.js";
import { type BatchFacts, digestSha256, digestXxh3, type Guest } from "../../guest/index.js";
import { type AsyncSource, driveAsync } from "../../input/index.js";
import type { Job, StreamEvent } from "../../stream/index.js";
import { fileResult, restoreResult, withCompression } from "../documents.js";
import { withExcerpts } from "../excerpts.js";
import { PhaseProgress } from "../hooks.js";
import { Image } from "../image.js";
import { createSha256 } from "../runtime.js";
import { type ImageInput, type OpenedInput, openImageInput } from "./input.js";
import type { CheckedOptions, DigestName, ProgressCallback } from "./options.js";

/** Progress is told after this much of a phase. */
const PROGRESS_BYTES = 1024 * 1024;

/** Open an input, work on it, and close it whatever happens. */
export async function withInput<R>(
  input: ImageInput,
  options: CheckedOptions,
  work: (opened: OpenedInput) => Promise<R>,
): Promise<R> {
  const opened = await openChecked(input, options);
  try {
    return await work(opened);
  } finally {
    await opened.source.close();
  }
}

/** Open an input under a call's options. */
export function openChecked(input: ImageInput, options: CheckedOptions): Promise<OpenedInput> {
  const { name, signal, reading } = options;
  return openImageInput(input, { name, signal, limits: reading.limits });
}

/** What runImage() takes beyond the call's options. */
export interface RunSettings {
  readonly model: MemoryModel;
  readonly onBatch?: ((facts: BatchFacts) => void) | undefined;
  readonly observe?: ((event: StreamEvent, image: Image) => void) | undefined;
}

/** Read an image to its end. */
export async function runImage(
  engine: PageEngine,
  { source }: OpenedInput,
  options: CheckedOptions,
  { model, onBatch, observe }: RunSettings,
): Promise<Image> {
  const { reading, signal, onProgress } = options;
  const image = new Image(engine, { ...reading, model, onBatch });
  let toldBytes = 0;
  await driveAsync(image.run(observe && ((event) => observe(event, image))), source, {
    ...(signal && { signal }),
    progressBytes: PROGRESS_BYTES,
    onProgress: (bytes) => {
      toldBytes = bytes;
      onProgress?.({ phase: "read", bytes, totalBytes: source.size });
    },
  });
  const bytes = Math.max(toldBytes, bytesOf(image, source) ?? 0);
  onProgress?.({ phase: "read", bytes, totalBytes: bytes });
  return image;
}

/** `indexed` wherever the input can be read again: what verify and inspect need. */
export function lightModel(source: AsyncSource): MemoryModel {
  return source.seekable ? "indexed" : "resident";
}

/**
 * The memory model of a restore.
 *
 * @throws {UsageError} for an indexed guest of an input that can be read only once
 */
export function restoreModel(source: AsyncSource, options: CheckedOptions): MemoryModel {
  const { memory, reading } = options;
  if (!source.seekable) {
    if (memory !== "indexed") return "resident";
    throw new UsageError("an indexed guest needs an input that can be read again", {
      option: "memory",
      allowed: "resident or auto for a stream or compressed input",
    });
  }
  if (memory !== "auto") return memory;
  return (source.size ?? Number.POSITIVE_INFINITY) <= reading.limits.maxMemoryBytes
    ? "resident"
    : "indexed";
}

/** What verify gives of an image that was read. */
export async function resultOf(
  image: Image,
  opened: OpenedInput,
  options: CheckedOptions,
): Promise<FileResult> {
  return withCompression(await plainResult(image, opened, options), opened.compression);
}

/** What restore gives. */
export async function restoredOf(
  image: Image,
  opened: OpenedInput,
  options: CheckedOptions,
  digests: Partial<MemoryResult>,
): Promise<RestoreFileResult> {
  const plain = await plainResult(image, opened, options);
  return withCompression(restoreResult(image, plain, digests), opened.compression);
}

function plainResult(
  image: Image,
  { source, name, startMs }: OpenedInput,
  { signal }: CheckedOptions,
): Promise<FileResult> {
  const elapsedMs = performance.now() - startMs;
  const result = fileResult(image, name, bytesOf(image, source), elapsedMs);
  return withExcerpts(result, source, signal);
}

function bytesOf({ end }: Image, source: AsyncSource): number | null {
  return source.size ?? (end ? end.byteOffset + end.trailingBytes : null);
}

/** Who watches a digest. */
export interface DigestHooks {
  /** Ends it between reads; the guest stays open. */
  readonly signal?: AbortSignal | undefined;
  /** Told every few MiB, and at the end. */
  readonly onProgress?: ProgressCallback | undefined;
}

/** The digests of a guest that restore reports under one name. */
export async function digestGuest(
  guest: Guest,
  source: AsyncSource,
  digest: DigestName,
  hooks: DigestHooks,
): Promise<Partial<MemoryResult>> {
  const memoryBytes = guest.engine.stats().populatedPages * PAGE_BYTES;
  const progress = new PhaseProgress(hooks, memoryBytes, "digest");
  const job =
    digest === "sha256"
      ? digestSha256(guest, progress.hashes(createSha256))
      : progress.reads(digestXxh3(guest));
  const result = await driveAsync(abortable<Partial<MemoryResult>>(job, hooks.signal), source);
  hooks.onProgress?.({ phase: "digest", bytes: memoryBytes, totalBytes: memoryBytes });
  return result;
}

/** The same job, ended between requests by a signal that the source never sees. */
function* abortable<R>(job: Job<R>, signal: AbortSignal | undefined): Job<R> {
  signal?.throwIfAborted();
  let step = job.next(0);
  while (step.done !== true) {
    const answer = yield step.value;
    signal?.throwIfAborted();
    step = job.next(answer);
  }
  return step.value;
}
