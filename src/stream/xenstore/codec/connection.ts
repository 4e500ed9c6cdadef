/**
 * The CONNECTION_DATA body. Decoding checks bounds alone; what the numbers may be is
 * checks/xenstore. Source: Xenstore migration document, its 2025 unique id included.
 *
 *   0 conn-id u32 | 4 conn-type u16 | 6 fields u16 | 8 conn-spec (8 bytes)
 *   16 in-data-len u16 I | 18 out-resp-len u16 | 20 out-data-len u32 O
 *   24 I + O bytes of data | padding to 8 | unique-id u64      the last two if fields bit 0
 *
 *   conn-spec of a ring: domid u16 | tdomid u16 | event channel u32;  socket: fd i32 | pad u32
 */
import {
  XENSTORE_CONN_FIELD_UNIQUE_ID,
  XENSTORE_CONN_TYPE_SOCKET,
  XENSTORE_UNIQUE_ID_BYTES,
  type XenstoreByteOrder,
  type XenstoreConnectionData,
  type XenstoreKnownNames,
  type XenstoreMalformed,
} from "../../../format/index.js";
import { roundUp8 } from "../../requests.js";
import { type Body, newBody, tooShort } from "./bytes.js";

const FIXED_BYTES = 24;

function knownNames(body: Body): XenstoreKnownNames {
  const { bytes, view, little } = body;
  if (bytes.length < 4) return {};
  const connId = view.getUint32(0, little);
  if (bytes.length < 10 || view.getUint16(4, little) === XENSTORE_CONN_TYPE_SOCKET) {
    return { connId };
  }
  return { connId, domid: view.getUint16(8, little) };
}

function decodeSpec(body: Body, connType: number): XenstoreConnectionData["spec"] {
  const { view, little } = body;
  if (connType === XENSTORE_CONN_TYPE_SOCKET) {
    return { kind: "socket", fd: view.getInt32(8, little), pad: view.getUint32(12, little) };
  }
  return {
    kind: "ring",
    domid: view.getUint16(8, little),
    tdomid: view.getUint16(10, little),
    port: view.getUint32(12, little),
  };
}

/** @returns the decoded body, or what is wrong with its length (XS-CON-4) */
export function decodeConnectionData(body: Body): XenstoreConnectionData | XenstoreMalformed {
  const { bytes, view, little } = body;
  if (bytes.length < FIXED_BYTES) {
    return tooShort("XS-CON-4", bytes, FIXED_BYTES, knownNames(body));
  }
  const fields = view.getUint16(6, little);
  const inputEnd = FIXED_BYTES + view.getUint16(16, little);
  const outputEnd = inputEnd + view.getUint32(20, little);
  const hasUniqueId = (fields & XENSTORE_CONN_FIELD_UNIQUE_ID) !== 0;
  const uniqueIdAt = hasUniqueId ? roundUp8(outputEnd) : outputEnd;
  const end = hasUniqueId ? uniqueIdAt + XENSTORE_UNIQUE_ID_BYTES : outputEnd;
  if (bytes.length < end) return tooShort("XS-CON-4", bytes, end, knownNames(body));
  const connType = view.getUint16(4, little);
  return {
    kind: "CONNECTION_DATA",
    connId: view.getUint32(0, little),
    connType,
    fields,
    spec: decodeSpec(body, connType),
    partialBytes: view.getUint16(18, little),
    input: bytes.subarray(FIXED_BYTES, inputEnd),
    output: bytes.subarray(inputEnd, outputEnd),
    gap: bytes.subarray(outputEnd, uniqueIdAt),
    uniqueId: hasUniqueId ? view.getBigUint64(uniqueIdAt, little) : null,
    surplus: bytes.subarray(end),
  };
}

/**
 * The inverse of {@link decodeConnectionData}. `fields` and `uniqueId` must agree; a `gap` that
 * does not fill up to a multiple of 8 is filled with zeros.
 */
export function encodeConnectionData(
  data: XenstoreConnectionData,
  order: XenstoreByteOrder,
): Uint8Array {
  const inputEnd = FIXED_BYTES + data.input.length;
  const outputEnd = inputEnd + data.output.length;
  const uniqueIdAt = data.uniqueId === null ? outputEnd : roundUp8(outputEnd);
  const end = data.uniqueId === null ? outputEnd : uniqueIdAt + XENSTORE_UNIQUE_ID_BYTES;
  const body = newBody(end + data.surplus.length, order);
  const { bytes, view, little } = body;
  view.setUint32(0, data.connId, little);
  view.setUint16(4, data.connType, little);
  view.setUint16(6, data.fields, little);
  if (data.spec.kind === "socket") {
    view.setInt32(8, data.spec.fd, little);
    view.setUint32(12, data.spec.pad, little);
  } else {
    view.setUint16(8, data.spec.domid, little);
    view.setUint16(10, data.spec.tdomid, little);
    view.setUint32(12, data.spec.port, little);
  }
  view.setUint16(16, data.input.length, little);
  view.setUint16(18, data.partialBytes, little);
  view.setUint32(20, data.output.length, little);
  bytes.set(data.input, FIXED_BYTES);
  bytes.set(data.output, inputEnd);
  if (data.uniqueId !== null) {
    bytes.set(data.gap.subarray(0, uniqueIdAt - outputEnd), outputEnd);
    view.setBigUint64(uniqueIdAt, data.uniqueId, little);
  }
  bytes.set(data.surplus, end);
  return bytes;
}
