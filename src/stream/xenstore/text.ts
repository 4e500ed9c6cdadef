/**
 * Xenstore contents as people and JSON read them: text where it is text, else escapes or hex. Not
 * a codec: what is shown cannot be turned back.
 */
import { MAX_ITEMS_PRINTED } from "../../findings/index.js";
import { XENSTORE_PERMISSION_STALE, type XenstorePermission } from "../../format/index.js";
import { putText } from "./codec/bytes.js";

/** Control characters and what turns text around; in values, tab, LF and CR are text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A value: as text if it is UTF-8 that can be printed, else in lower-case hex. */
export type XenstoreShownValue = { readonly value: string } | { readonly valueHex: string };

/** Bytes as text; null if they are no UTF-8. */
function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The decoder throws for what is no UTF-8, which is an answer here.
    return null;
  }
}

/** Byte text without its final NUL; bytes that are no printable text as `\xNN`. */
export function showText(text: string): string {
  const bare = text.endsWith("\0") ? text.slice(0, -1) : text;
  if (/^[\x20-\x7e]*$/.test(bare)) return bare;
  const bytes = new Uint8Array(bare.length);
  putText(bytes, 0, bare);
  const decoded = utf8(bytes);
  if (decoded !== null && !UNPRINTABLE.test(decoded)) return decoded;
  return bare.replace(/[^\x20-\x7e]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** A node's value. */
export function showValue(bytes: Uint8Array): XenstoreShownValue {
  const decoded = utf8(bytes);
  if (decoded !== null && !UNPRINTABLE.test(decoded.replace(/[\t\n\r]/g, ""))) {
    return { value: decoded };
  }
  return { valueHex: showHex(bytes) };
}

/** Lower-case hex, two digits a byte; cut, with dots, behind `MAX_ITEMS_PRINTED` bytes. */
export function showHex(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes.subarray(0, MAX_ITEMS_PRINTED)) {
    digits += byte.toString(16).padStart(2, "0");
  }
  return bytes.length > MAX_ITEMS_PRINTED ? `${digits}...` : digits;
}

/** A permission as letter and domid, as in "r5"; one that is out of date says so. */
export function showPermission(permission: XenstorePermission): string {
  const letter = showText(String.fromCharCode(permission.letter));
  const stale = (permission.flags & XENSTORE_PERMISSION_STALE) !== 0 ? " (stale)" : "";
  return `${letter}${permission.domid}${stale}`;
}

/** A raw 64-bit or flag value. */
export function showRaw(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
