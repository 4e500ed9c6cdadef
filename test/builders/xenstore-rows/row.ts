/**
 * What a row of the rule tables is: a stream that breaks a rule, and one that just does not.
 */
import type { XenstoreStream } from "../xenstore.js";

/** Adds records to a stream. */
export type Build = (stream: XenstoreStream) => XenstoreStream;

/** A rule (and case) with what breaks it, and what comes close. */
export interface Row {
  readonly rule: string;
  readonly why: string;
  readonly breaks: Build;
  readonly keeps: Build;
  /** Where the fault points: record, and bytes into its body (null: its header). */
  readonly at: readonly [number, number | null];
  readonly options?: ConstructorParameters<typeof XenstoreStream>[0];
}

/** These bytes. */
export const bytes = (...values: number[]) => Uint8Array.from(values);
/** So many zeros. */
export const zeros = (count: number) => new Uint8Array(count);
/** A connection, a transaction of it, and the root. */
export const tree: Build = (stream) => stream.connection().transaction(1, 17).node("/");
/** Fresh fields of a body in the stream's order. */
export const body = (stream: XenstoreStream) => stream.fields();
/** An owner and one more permission. */
export const perm = (letter: string, flags = 0) =>
  [
    ["n", 0],
    [letter, 5, flags],
  ] as const;
