/**
 * `verify`: is one image right? A restore without the memory: on a seekable input the indexed
 * guest, so that only what a check needs is read.
 */
import type { EngineName } from "../engine/index.js";
import type { FileResult } from "../findings/index.js";
import { type AsyncSource, drive } from "../input/index.js";
import { fileResult } from "./documents.js";
import { withExcerpts } from "./excerpts.js";
import { driveOptions, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import { type Judged, type JudgedHooks, judgeInput } from "./judged.js";
import type { Platform } from "./runtime.js";

/** What `verify` takes beyond the reading options. */
export interface VerifyOptions extends Omit<ReadingOptions, "model"> {
  readonly engine: EngineName;
}

/**
 * Verify the image at a path or URL ("-" for standard input).
 *
 * @throws {InputError} if its bytes cannot be had
 * @throws {CapacityError} if a limit of ours is in the way
 */
export async function verifyFile(
  platform: Platform,
  path: string,
  options: VerifyOptions,
  hooks: JudgedHooks<FileResult> = {},
): Promise<FileResult> {
  return judgeInput(path, options.limits, hooks, (source, file, startMs) =>
    judge(platform, source, file, options, startMs, hooks),
  );
}

/** Verify what a source gives; `startMs` is when it was opened, by performance.now(). */
export async function verifySource(
  platform: Platform,
  source: AsyncSource,
  file: string,
  options: VerifyOptions,
  startMs: number,
  hooks: ReadingHooks = {},
): Promise<FileResult> {
  return (await judge(platform, source, file, options, startMs, hooks)).result;
}

async function judge(
  platform: Platform,
  source: AsyncSource,
  file: string,
  options: VerifyOptions,
  startMs: number,
  hooks: ReadingHooks,
): Promise<Judged<FileResult>> {
  const model = source.seekable ? "indexed" : "resident";
  const image = new Image(platform.engine(options.engine), { ...options, model });
  await drive(image.run(), source, driveOptions(hooks, source));
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  const result = fileResult(image, file, bytes, performance.now() - startMs);
  return { image, result: await withExcerpts(result, source, hooks.signal) };
}
