/**
 * Rules that hold for Xenstore records of every type: lengths, padding, unknown types, and what a
 * body that is too short takes with it (XS-REC-1..4, XS-REC-8, the length rules of each type).
 */
import { RECORD_LENGTH } from "../../findings/index.js";
import {
  XENSTORE_REC_TYPE_CONNECTION_DATA,
  XENSTORE_REC_TYPE_NODE_DATA,
  XENSTORE_REC_TYPE_TRANSACTION_DATA,
  XENSTORE_RECORD_ALIGN,
  type XenstoreFields,
  type XenstoreMalformed,
  type XenstoreRecord,
} from "../../format/index.js";
import { connectionKey, domainKey, nodeKey, span, type XenstoreState } from "./state.js";

/** Lengths of the record, and whether its type is known. */
export function checkFraming(state: XenstoreState, record: XenstoreRecord): void {
  if (record.bodyBytes % XENSTORE_RECORD_ALIGN !== 0 && state.first("odd length")) {
    state.recordFault(record, "XS-REC-1", {
      message:
        "The len does not count the padding (reported once): xenstored would look for the next " +
        "record too early.",
      expected: "a multiple of 8",
      actual: `${record.bodyBytes}`,
    });
  }
  const { content } = record;
  if (content.kind === "unknown" || content.kind === "skipped") {
    state.recordFault(record, "XS-REC-4", {
      message: "The record type is unknown: the record is skipped.",
      actual: record.name,
    });
  }
}

/** Bytes behind the last field: padding, or more than padding. */
export function checkSurplus(
  state: XenstoreState,
  record: XenstoreRecord,
  content: XenstoreFields,
): void {
  const surplusBytes = content.surplus.length;
  if (surplusBytes === 0) return;
  const early = content.kind === "WATCH_DATA_EXTENDED" && content.shortLength;
  const presentBytes = early ? record.bodyBytes - XENSTORE_RECORD_ALIGN : record.bodyBytes;
  const offset = presentBytes - surplusBytes;
  const zero = content.surplus.every((byte) => byte === 0);
  if (!zero && mayHoldNames(record, content)) {
    const expected = "only padding behind the last name";
    state.fieldFault(record, "XS-QUO-3", span(offset, surplusBytes), {
      expected,
      actual: "bytes other than zero",
    });
  } else if (surplusBytes >= allowedSurplus(content)) {
    state.recordFault(record, "XS-REC-2", {
      expected: `a body of ${offset} bytes, or up to 7 more of padding`,
      actual: `${record.bodyBytes} bytes`,
    });
  } else if (!zero) {
    state.fieldFault(record, "XS-REC-3", span(offset, surplusBytes), {
      message: "Padding is not zero.",
      expected: "zeros",
    });
  }
}

/**
 * Whether bytes behind the last quota name can be names that nobody counted. Less than 8 of them in
 * a len that is rounded up are padding, which readers ignore (XS-REC-2, XS-REC-3).
 */
function mayHoldNames(record: XenstoreRecord, content: XenstoreFields): boolean {
  if (content.kind !== "GLOBAL_QUOTA_DATA" && content.kind !== "DOMAIN_DATA") return false;
  const rounded = record.bodyBytes % XENSTORE_RECORD_ALIGN === 0;
  return !rounded || content.surplus.length >= XENSTORE_RECORD_ALIGN;
}

/** First count of bytes that is no padding; shifted watches keep the length of unshifted ones. */
function allowedSurplus(content: XenstoreFields): number {
  const shifted = content.kind === "WATCH_DATA_EXTENDED" && content.form !== 12;
  return shifted ? 2 * XENSTORE_RECORD_ALIGN : XENSTORE_RECORD_ALIGN;
}

/** Report the length fault of a body, and remember what went with it. */
export function checkMalformed(
  state: XenstoreState,
  record: XenstoreRecord,
  content: XenstoreMalformed,
): void {
  const { message, expected, actual, known } = content;
  // Names that are missing have no place; all else is a length that does not do.
  const field = content.rule === "XS-QUO-3" ? null : RECORD_LENGTH;
  state.recordFault(record, content.rule, { message, expected, actual, field });
  switch (record.type) {
    case XENSTORE_REC_TYPE_CONNECTION_DATA:
      state.lose("c", known.connId === undefined ? undefined : connectionKey(known.connId));
      state.lose("d", known.domid === undefined ? undefined : domainKey(known.domid));
      break;
    case XENSTORE_REC_TYPE_TRANSACTION_DATA:
      state.lose("t", undefined);
      break;
    case XENSTORE_REC_TYPE_NODE_DATA:
      state.lose("n", known.path === undefined ? undefined : nodeKey(untilNul(known.path)));
      break;
  }
}

/** Byte text up to its first NUL, as C reads it. */
export function untilNul(text: string): string {
  const nul = text.indexOf("\0");
  return nul < 0 ? text : text.slice(0, nul);
}

/** True if the only NUL of `text` is its last character. */
export function isTerminated(text: string): boolean {
  return text.length > 0 && text.indexOf("\0") === text.length - 1;
}
