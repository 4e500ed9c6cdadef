/**
 * GLOBAL_DATA and TRANSACTION_DATA bodies: two numbers each. Decoding checks bounds alone; what
 * the numbers may be is checks/xenstore. Source: Xenstore migration document.
 *
 *   GLOBAL_DATA       rw-socket-fd i32 | evtchn-fd i32
 *   TRANSACTION_DATA  conn-id u32 | tx-id u32
 */
import type {
  XenstoreByteOrder,
  XenstoreGlobalData,
  XenstoreMalformed,
  XenstoreTransactionData,
} from "../../../format/index.js";
import { type Body, newBody, tooShort } from "./bytes.js";

const PLAIN_BYTES = 8;

/** @returns the decoded body, or what is wrong with its length (XS-GLB-1) */
export function decodeGlobalData(body: Body): XenstoreGlobalData | XenstoreMalformed {
  if (body.bytes.length < PLAIN_BYTES) return tooShort("XS-GLB-1", body.bytes, PLAIN_BYTES);
  return {
    kind: "GLOBAL_DATA",
    rwSocketFd: body.view.getInt32(0, body.little),
    evtchnFd: body.view.getInt32(4, body.little),
    surplus: body.bytes.subarray(PLAIN_BYTES),
  };
}

/** The inverse of {@link decodeGlobalData}. */
export function encodeGlobalData(data: XenstoreGlobalData, order: XenstoreByteOrder): Uint8Array {
  const body = newBody(PLAIN_BYTES + data.surplus.length, order);
  body.view.setInt32(0, data.rwSocketFd, body.little);
  body.view.setInt32(4, data.evtchnFd, body.little);
  body.bytes.set(data.surplus, PLAIN_BYTES);
  return body.bytes;
}

/** @returns the decoded body, or what is wrong with its length (XS-REC-8) */
export function decodeTransactionData(body: Body): XenstoreTransactionData | XenstoreMalformed {
  if (body.bytes.length < PLAIN_BYTES) return tooShort("XS-REC-8", body.bytes, PLAIN_BYTES);
  return {
    kind: "TRANSACTION_DATA",
    connId: body.view.getUint32(0, body.little),
    txId: body.view.getUint32(4, body.little),
    surplus: body.bytes.subarray(PLAIN_BYTES),
  };
}

/** The inverse of {@link decodeTransactionData}. */
export function encodeTransactionData(
  data: XenstoreTransactionData,
  order: XenstoreByteOrder,
): Uint8Array {
  const body = newBody(PLAIN_BYTES + data.surplus.length, order);
  body.view.setUint32(0, data.connId, body.little);
  body.view.setUint32(4, data.txId, body.little);
  body.bytes.set(data.surplus, PLAIN_BYTES);
  return body.bytes;
}
