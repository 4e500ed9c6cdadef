/**
 * What an operation may do with an image between its verdict and the end of its input. Types only.
 */
import type { FileResult } from "../findings/index.js";
import type { AsyncSource } from "../input/index.js";
import type { ReadingHooks } from "./hooks.js";
import type { Image } from "./image.js";

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
