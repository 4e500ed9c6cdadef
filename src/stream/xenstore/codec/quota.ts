/**
 * GLOBAL_QUOTA_DATA and DOMAIN_DATA bodies: quotas by name, unknown names included. Decoding checks
 * that values and names are there; what they may be is checks/xenstore. Source: Xenstore migration
 * document.
 *
 *   GLOBAL_QUOTA_DATA  D u16 | G u16 | D + G values u32 | D + G names, each with its NUL
 *   DOMAIN_DATA        domain-id u16 | Q u16 | features u32 | Q values u32 | Q names
 */
import {
  XENSTORE_QUOTA_VALUE_BYTES,
  type XenstoreByteOrder,
  type XenstoreDomainData,
  type XenstoreGlobalQuotaData,
  type XenstoreKnownNames,
  type XenstoreMalformed,
  type XenstoreQuota,
} from "../../../format/index.js";
import { type Body, byteText, newBody, putText, tooShort } from "./bytes.js";

const GLOBAL_BYTES = 4;
const DOMAIN_BYTES = 8;

/** Quotas and the offset where their names end. */
interface Quotas {
  readonly quotas: XenstoreQuota[];
  readonly end: number;
}

function decodeQuotas(
  body: Body,
  valuesAt: number,
  count: number,
  known: XenstoreKnownNames,
): Quotas | XenstoreMalformed {
  const { bytes, view, little } = body;
  const namesAt = valuesAt + count * XENSTORE_QUOTA_VALUE_BYTES;
  if (bytes.length < namesAt) return tooShort("XS-QUO-3", bytes, namesAt, known);
  const quotas: XenstoreQuota[] = [];
  let at = namesAt;
  for (let index = 0; index < count; index++) {
    const nul = bytes.indexOf(0, at);
    if (nul < 0) {
      return {
        kind: "malformed",
        rule: "XS-QUO-3",
        message: "The record ends before the last quota name does.",
        expected: `${count} names, each with its NUL`,
        actual: `${index} names`,
        known,
        body: bytes,
      };
    }
    const value = view.getUint32(valuesAt + index * XENSTORE_QUOTA_VALUE_BYTES, little);
    quotas.push({ name: byteText(bytes.subarray(at, nul)), value });
    at = nul + 1;
  }
  return { quotas, end: at };
}

function quotaBytes(quotas: readonly XenstoreQuota[]): number {
  return quotas.reduce(
    (bytes, quota) => bytes + XENSTORE_QUOTA_VALUE_BYTES + quota.name.length + 1,
    0,
  );
}

/** Store values, then names, from `valuesAt` on; returns where the names end. */
function putQuotas(body: Body, valuesAt: number, quotas: readonly XenstoreQuota[]): number {
  let at = valuesAt + quotas.length * XENSTORE_QUOTA_VALUE_BYTES;
  quotas.forEach((quota, index) => {
    body.view.setUint32(valuesAt + index * XENSTORE_QUOTA_VALUE_BYTES, quota.value, body.little);
    putText(body.bytes, at, quota.name);
    at += quota.name.length + 1;
  });
  return at;
}

/** @returns the decoded body, or what is wrong with it (XS-REC-8, XS-QUO-3) */
export function decodeGlobalQuotaData(body: Body): XenstoreGlobalQuotaData | XenstoreMalformed {
  const { bytes, view, little } = body;
  if (bytes.length < GLOBAL_BYTES) return tooShort("XS-REC-8", bytes, GLOBAL_BYTES);
  const domainCount = view.getUint16(0, little);
  const globalCount = view.getUint16(2, little);
  const decoded = decodeQuotas(body, GLOBAL_BYTES, domainCount + globalCount, {});
  if ("kind" in decoded) return decoded;
  return {
    kind: "GLOBAL_QUOTA_DATA",
    domainQuotas: decoded.quotas.slice(0, domainCount),
    globalQuotas: decoded.quotas.slice(domainCount),
    surplus: bytes.subarray(decoded.end),
  };
}

/** The inverse of {@link decodeGlobalQuotaData}. */
export function encodeGlobalQuotaData(
  data: XenstoreGlobalQuotaData,
  order: XenstoreByteOrder,
): Uint8Array {
  const quotas = [...data.domainQuotas, ...data.globalQuotas];
  const body = newBody(GLOBAL_BYTES + quotaBytes(quotas) + data.surplus.length, order);
  body.view.setUint16(0, data.domainQuotas.length, body.little);
  body.view.setUint16(2, data.globalQuotas.length, body.little);
  body.bytes.set(data.surplus, putQuotas(body, GLOBAL_BYTES, quotas));
  return body.bytes;
}

/** @returns the decoded body, or what is wrong with it (XS-REC-8, XS-QUO-3) */
export function decodeDomainData(body: Body): XenstoreDomainData | XenstoreMalformed {
  const { bytes, view, little } = body;
  if (bytes.length < DOMAIN_BYTES) return tooShort("XS-REC-8", bytes, DOMAIN_BYTES);
  const domid = view.getUint16(0, little);
  const decoded = decodeQuotas(body, DOMAIN_BYTES, view.getUint16(2, little), { domid });
  if ("kind" in decoded) return decoded;
  return {
    kind: "DOMAIN_DATA",
    domid,
    features: view.getUint32(4, little),
    quotas: decoded.quotas,
    surplus: bytes.subarray(decoded.end),
  };
}

/** The inverse of {@link decodeDomainData}. */
export function encodeDomainData(data: XenstoreDomainData, order: XenstoreByteOrder): Uint8Array {
  const body = newBody(DOMAIN_BYTES + quotaBytes(data.quotas) + data.surplus.length, order);
  body.view.setUint16(0, data.domid, body.little);
  body.view.setUint16(2, data.quotas.length, body.little);
  body.view.setUint32(4, data.features, body.little);
  body.bytes.set(data.surplus, putQuotas(body, DOMAIN_BYTES, data.quotas));
  return body.bytes;
}
