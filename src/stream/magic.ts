/**
 * What the probes of all formats share: comparing first bytes, and the shape of a probe. No format
 * knowledge here; the table of probes is detect.ts.
 */
import type { ContainerName } from "../format/index.js";

/** Recognises one format by the first bytes of an input (or of what is wrapped in another). */
export interface Probe {
  /** Row of the specification page that this probe answers. */
  readonly row: string;
  readonly name: ContainerName;
  /** True if `head`, up to 64 bytes, can only be the beginning of this format. */
  readonly matches: (head: Uint8Array) => boolean;
}

/** True if `head` begins with the Latin-1 bytes of `magic`. */
export function startsWith(head: Uint8Array, magic: string): boolean {
  if (head.length < magic.length) return false;
  for (let index = 0; index < magic.length; index += 1) {
    if (head[index] !== magic.charCodeAt(index)) return false;
  }
  return true;
}

/** True if `head` begins with these bytes. */
export function startsWithBytes(head: Uint8Array, magic: readonly number[]): boolean {
  return head.length >= magic.length && magic.every((byte, index) => head[index] === byte);
}

/** A view of the same bytes, for numbers. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The Latin-1 text of some bytes. */
export function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
