/**
 * Paths whose bytes are no UTF-8, as text that loses nothing: a byte that is none becomes half of a
 * surrogate pair, U+DC80 to U+DCFF, which no UTF-8 gives. Not how such a path is shown: report/
 * escapes it. Source: PEP 383 (facts), which does so on systems whose paths are bytes.
 */

/** A surrogate that stands for a byte, not half of a pair. */
const BYTE = /[\udc80-\udcff]/u;
const BYTES = /([\udc80-\udcff])/u;
const BYTE_BASE = 0xdc00;

/** The text of a path. */
export function pathText(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decoded = (from: number, to: number): string | null => {
    try {
      return decoder.decode(bytes.subarray(from, to));
    } catch {
      return null; // no UTF-8, which is all that a fatal decoder throws for
    }
  };
  const whole = decoded(0, bytes.length);
  if (whole !== null) return whole;
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] ?? 0;
    const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    const character = decoded(at, Math.min(at + length, bytes.length));
    text += character ?? String.fromCharCode(BYTE_BASE + byte);
    at += character === null ? 1 : length;
  }
  return text;
}

/** What the platform is to be asked for: the path itself, or its bytes where it is no text. */
export function platformPath(path: string): string | Buffer {
  if (!BYTE.test(path)) return path;
  const encode = (part: string) =>
    BYTE.test(part) ? Buffer.from([part.charCodeAt(0) - BYTE_BASE]) : Buffer.from(part);
  return Buffer.concat(path.split(BYTES).map(encode));
}
