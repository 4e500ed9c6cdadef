/** What the tests of remote inputs share: small limits, reading through the door. No tests here. */
import { DEFAULT_LIMITS, type InputError, type Limits } from "../../../src/findings/index.js";
import { type AsyncSource, openInput } from "../../../src/input/index.js";

/** Impatient, so that what fails for ever fails soon. */
export const IMPATIENT: Limits = {
  ...DEFAULT_LIMITS,
  maxRemoteTries: 3,
  maxRemoteRetryMs: 5000,
  remoteTimeoutMs: 300,
  maxRedirects: 3,
};

/** An opened URL that is closed when its scope ends, and the notes on it. */
export async function opened(url: string, limits = IMPATIENT, signal?: AbortSignal) {
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  const input = await openInput(url, { limits, signal, onNote });
  return { ...input, notes, [Symbol.asyncDispose]: async () => await input.source.close() };
}

/** Bytes of a source from an offset on. */
export async function readBytes(source: AsyncSource, byteOffset: number, bytes: number) {
  const into = new Uint8Array(bytes);
  return into.subarray(0, await source.read(into, byteOffset));
}

/** All bytes, read forwards in steps of odd sizes. */
export async function readAll(source: AsyncSource, stepBytes = 100_003): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = 0; ; ) {
    const part = await readBytes(source, at, stepBytes);
    parts.push(part);
    at += part.length;
    if (part.length < stepBytes) return Buffer.concat(parts);
  }
}

/** The error of work that must fail. */
export async function failureOf(work: Promise<unknown>): Promise<InputError> {
  return await work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: InputError) => error,
  );
}
