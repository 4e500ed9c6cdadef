/**
 * An image from the opening of its input to its closing, and what an operation may do with it in
 * between. How it is judged is the operation's.
 */
import type { FileResult, Limits } from "../findings/index.js";
import { type AsyncSource, openInput } from "../input/index.js";
import { withCompression } from "./documents.js";
import { openOptions, type ReadingHooks } from "./hooks.js";
import type { Image } from "./image.js";

/** An image that was read, and what is said of it. */
export interface Judged<R extends FileResult> {
  readonly image: Image;
  readonly result: R;
}

/** The input of an image that was judged, still open. */
export interface JudgedInput<R extends FileResult = FileResult> {
  readonly source: AsyncSource;
  /** As documents have it: a compression of the input stands in `container`. */
  readonly result: R;
}

/** The same, opened by its name. */
export interface JudgedOpened<R extends FileResult = FileResult> extends JudgedInput<R> {
  /** As openInput() tells it. */
  readonly identity: string | null;
}

/** Hooks of verifyFile() and restoreFile() for those who go on with the image. */
export interface JudgedHooks<R extends FileResult> extends ReadingHooks {
  /** Called once, when the image was judged; what it returns is the result then. */
  readonly onJudged?: (image: Image, judged: JudgedOpened<R>) => R | Promise<R>;
}

/**
 * Open the image at a path or URL ("-" for standard input), judge it, and close it again.
 *
 * @param judge  what the operation does with its source; `startMs` by performance.now()
 * @throws {InputError} if its bytes cannot be had
 * @throws {CapacityError} if a limit of ours is in the way
 */
export async function judgeInput<R extends FileResult>(
  path: string,
  limits: Limits,
  hooks: JudgedHooks<R>,
  judge: (source: AsyncSource, file: string, startMs: number) => Promise<Judged<R>>,
): Promise<R> {
  const startMs = performance.now();
  const { source, compression, file, identity } = await openInput(path, openOptions(hooks, limits));
  try {
    const { image, result: bare } = await judge(source, file, startMs);
    const result = withCompression(bare, compression);
    return (await hooks.onJudged?.(image, { source, identity, result })) ?? result;
  } finally {
    await source.close();
  }
}
