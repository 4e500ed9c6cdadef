/**
 * `verify`: is one image right? A restore without the memory: on a seekable input the indexed
 * guest, so that only what a check needs is read.
 */
import type { EngineName } from "../engine/index.js";
import type { FileResult } from "../findings/index.js";
import { driveSync, openInput, type Source } from "../input/index.js";
import { fileResult, withCompression } from "./documents.js";
import { withExcerpts } from "./excerpts.js";
import { driveOptions, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import type { JudgedHooks } from "./judged.js";
import type { Platform } from "./runtime.js";

/** What `verify` takes beyond the reading options. */
export interface VerifyOptions extends Omit<ReadingOptions, "model"> {
  readonly engine: EngineName;
}

/**
 * Verify the image at a path ("-" for standard input).
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
  const startMs = performance.now();
  const { source, compression } = await openInput(path, { limits: options.limits });
  try {
    const judged = judge(platform, source, path, options, startMs, hooks);
    const result = withCompression(judged.result, compression);
    return (await hooks.onJudged?.(judged.image, { source, result })) ?? result;
  } finally {
    source.close();
  }
}

/** Verify what a source gives; `startMs` is when it was opened, by performance.now(). */
export function verifySource(
  platform: Platform,
  source: Source,
  file: string,
  options: VerifyOptions,
  startMs: number,
  hooks: ReadingHooks = {},
): FileResult {
  return judge(platform, source, file, options, startMs, hooks).result;
}

function judge(
  platform: Platform,
  source: Source,
  file: string,
  options: VerifyOptions,
  startMs: number,
  hooks: ReadingHooks,
): { readonly image: Image; readonly result: FileResult } {
  const model = source.seekable ? "indexed" : "resident";
  const image = new Image(platform.engine(options.engine), { ...options, model });
  driveSync(image.run(), source, driveOptions(hooks, source));
  const bytes = source.size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
  const result = fileResult(image, file, bytes, performance.now() - startMs);
  return { image, result: withExcerpts(result, source) };
}
