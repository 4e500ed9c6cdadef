/**
 * How two pages are found equal. A native comparer is many times faster than any loop here, but
 * this room may not import the platform, so one can be passed in; without it the loop below serves.
 */

/**
 * Compare two arrays of the same length, a whole number of pages each. Node's `Buffer.compare` is
 * one.
 *
 * @returns 0 if every byte is equal, any other number if not
 */
export type PageComparer = (left: Uint8Array, right: Uint8Array) => number;

/** The comparer for platforms that offer none: u32 words where both are aligned, else bytes. */
export function comparePages(left: Uint8Array, right: Uint8Array): number {
  if (((left.byteOffset | right.byteOffset | left.length) & 3) !== 0) {
    return firstDifference(left, right);
  }
  return firstDifference(
    new Uint32Array(left.buffer, left.byteOffset, left.length >>> 2),
    new Uint32Array(right.buffer, right.byteOffset, right.length >>> 2),
  );
}

/** 0 if the arrays are equal, else the ordinal of the first item that differs, plus one. */
function firstDifference(left: ArrayLike<number>, right: ArrayLike<number>): number {
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return i + 1;
  return 0;
}
