/**
 * A caller's own source, kept honest: its answers are checked before a reader builds on them, its
 * failures become InputErrors, and it is closed once. Adds no buffering and no other thread.
 */
import { InputError, XenstreamError } from "../../findings/index.js";
import type { AsyncSource, MaybePromise } from "../../input/index.js";

/** Stands before a source that is not ours. */
export class CustomSource implements AsyncSource {
  readonly name: string;
  readonly seekable: boolean;
  readonly #theirs: AsyncSource;
  #open = true;

  /** @param theirs  taken over: closed with this one */
  constructor(theirs: AsyncSource, name: string | null) {
    this.name = name ?? String(theirs.name ?? "(source)");
    this.seekable = theirs.seekable === true;
    this.#theirs = theirs;
  }

  get size(): number | null {
    return this.#theirs.size ?? null;
  }

  read(into: Uint8Array, byteOffset: number, signal?: AbortSignal): MaybePromise<number> {
    const read = () => this.#theirs.read(into, byteOffset, signal);
    return this.#answer("read", read, byteOffset, into.length, signal);
  }

  skip(byteOffset: number, bytes: number, signal?: AbortSignal): MaybePromise<number> {
    const skip = () => this.#theirs.skip(byteOffset, bytes, signal);
    return this.#answer("skip", skip, byteOffset, bytes, signal);
  }

  hold(byteOffset: number): void {
    this.#theirs.hold(byteOffset);
  }

  release(byteOffset: number): void {
    this.#theirs.release(byteOffset);
  }

  close(): MaybePromise<void> {
    if (!this.#open) return;
    this.#open = false;
    return this.#theirs.close?.();
  }

  /** An answer that is there at once stays so: most reads are small. */
  #answer(
    call: "read" | "skip",
    ask: () => MaybePromise<number>,
    byteOffset: number,
    most: number,
    signal: AbortSignal | undefined,
  ): MaybePromise<number> {
    const fail = (error: unknown): never => {
      throw this.#failure(error, call, byteOffset, signal);
    };
    let answer: MaybePromise<number>;
    try {
      answer = ask();
    } catch (error) {
      return fail(error);
    }
    if (typeof answer === "number") return this.#checked(answer, call, byteOffset, most);
    return Promise.resolve(answer)
      .catch(fail)
      .then((count) => this.#checked(count, call, byteOffset, most));
  }

  #checked(count: number, call: string, byteOffset: number, most: number): number {
    if (Number.isSafeInteger(count) && count >= 0 && count <= most) return count;
    const message = `${call}() at byte ${byteOffset} answered ${count}, not 0 to ${most} bytes`;
    throw this.#inputError(message, byteOffset);
  }

  #failure(
    error: unknown,
    call: string,
    byteOffset: number,
    signal: AbortSignal | undefined,
  ): unknown {
    if (error instanceof XenstreamError) return error;
    if (signal?.aborted === true && error === signal.reason) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return this.#inputError(`cannot ${call} at byte ${byteOffset}: ${reason}`, byteOffset, error);
  }

  #inputError(message: string, byteOffset: number, cause?: unknown): InputError {
    const code = "read-failed";
    return new InputError(`${this.name}: ${message}`, {
      code,
      source: this.name,
      byteOffset,
      cause,
    });
  }
}
