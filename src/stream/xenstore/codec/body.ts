/**
 * One door to the codecs of all Xenstore record bodies, in either byte order. Lossless: encoding
 * what was decoded gives the same bytes, padding, surplus and malformed bodies included.
 */
import {
  XENSTORE_REC_TYPE_CONNECTION_DATA,
  XENSTORE_REC_TYPE_DOMAIN_DATA,
  XENSTORE_REC_TYPE_END,
  XENSTORE_REC_TYPE_GLOBAL_DATA,
  XENSTORE_REC_TYPE_GLOBAL_QUOTA_DATA,
  XENSTORE_REC_TYPE_NODE_DATA,
  XENSTORE_REC_TYPE_TRANSACTION_DATA,
  XENSTORE_REC_TYPE_WATCH_DATA,
  XENSTORE_REC_TYPE_WATCH_DATA_EXTENDED,
  type XenstoreByteOrder,
  type XenstoreEncodable,
} from "../../../format/index.js";
import { bodyOf } from "./bytes.js";
import { decodeConnectionData, encodeConnectionData } from "./connection.js";
import { decodeNodeData, encodeNodeData } from "./node.js";
import {
  decodeGlobalData,
  decodeTransactionData,
  encodeGlobalData,
  encodeTransactionData,
} from "./plain.js";
import {
  decodeDomainData,
  decodeGlobalQuotaData,
  encodeDomainData,
  encodeGlobalQuotaData,
} from "./quota.js";
import {
  decodeWatchData,
  decodeWatchDataExtended,
  encodeWatchData,
  encodeWatchDataExtended,
} from "./watch.js";

/**
 * Decode one record body. Never throws: a body that its own lengths exceed comes back "malformed".
 *
 * @param type       the record's type number; unknown ones come back "unknown"
 * @param bytes      the body; the result keeps views into it
 * @param order      byte order of the stream's bodies
 * @param bodyBytes  the record's len, where the body was found shorter (XS-WEX-3)
 */
export function decodeXenstoreBody(
  type: number,
  bytes: Uint8Array,
  order: XenstoreByteOrder,
  bodyBytes = bytes.length,
): XenstoreEncodable {
  const body = bodyOf(bytes, order);
  switch (type) {
    case XENSTORE_REC_TYPE_END:
      return { kind: "END", surplus: bytes };
    case XENSTORE_REC_TYPE_GLOBAL_DATA:
      return decodeGlobalData(body);
    case XENSTORE_REC_TYPE_CONNECTION_DATA:
      return decodeConnectionData(body);
    case XENSTORE_REC_TYPE_WATCH_DATA:
      return decodeWatchData(body);
    case XENSTORE_REC_TYPE_TRANSACTION_DATA:
      return decodeTransactionData(body);
    case XENSTORE_REC_TYPE_NODE_DATA:
      return decodeNodeData(body);
    case XENSTORE_REC_TYPE_GLOBAL_QUOTA_DATA:
      return decodeGlobalQuotaData(body);
    case XENSTORE_REC_TYPE_DOMAIN_DATA:
      return decodeDomainData(body);
    case XENSTORE_REC_TYPE_WATCH_DATA_EXTENDED:
      return decodeWatchDataExtended(body, bodyBytes);
    default:
      return { kind: "unknown", body: bytes };
  }
}

/**
 * Encode one record body.
 *
 * @returns the body, owned by the caller except that of unknown and malformed content, which is
 *          given back as it came
 */
export function encodeXenstoreBody(
  content: XenstoreEncodable,
  order: XenstoreByteOrder,
): Uint8Array {
  switch (content.kind) {
    case "END":
      return content.surplus;
    case "GLOBAL_DATA":
      return encodeGlobalData(content, order);
    case "CONNECTION_DATA":
      return encodeConnectionData(content, order);
    case "WATCH_DATA":
      return encodeWatchData(content, order);
    case "WATCH_DATA_EXTENDED":
      return encodeWatchDataExtended(content, order);
    case "TRANSACTION_DATA":
      return encodeTransactionData(content, order);
    case "NODE_DATA":
      return encodeNodeData(content, order);
    case "GLOBAL_QUOTA_DATA":
      return encodeGlobalQuotaData(content, order);
    case "DOMAIN_DATA":
      return encodeDomainData(content, order);
    case "unknown":
    case "malformed":
      return content.body;
  }
}
