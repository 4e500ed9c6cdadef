/**
 * The NODE_DATA body. Decoding checks bounds alone; what the fields may be is checks/xenstore.
 * Source: Xenstore migration document.
 *
 *   0 conn-id u32 | 4 tx-id u32 | 8 path-len u16 P | 10 value-len u16 V | 12 access u16
 *   14 perm-count u16 N | 16 N times { letter u8 | flags u8 | domid u16 } | path P | value V
 */
import {
  XENSTORE_PERMISSION_BYTES,
  type XenstoreByteOrder,
  type XenstoreMalformed,
  type XenstoreNodeData,
  type XenstorePermission,
} from "../../../format/index.js";
import { type Body, byteText, newBody, putText, tooShort } from "./bytes.js";

const FIXED_BYTES = 16;

function decodePermissions(body: Body, count: number): XenstorePermission[] {
  const permissions: XenstorePermission[] = [];
  for (let index = 0; index < count; index++) {
    const at = FIXED_BYTES + index * XENSTORE_PERMISSION_BYTES;
    permissions.push({
      letter: body.view.getUint8(at),
      flags: body.view.getUint8(at + 1),
      domid: body.view.getUint16(at + 2, body.little),
    });
  }
  return permissions;
}

/** @returns the decoded body, or what is wrong with its length (XS-NOD-6) */
export function decodeNodeData(body: Body): XenstoreNodeData | XenstoreMalformed {
  const { bytes, view, little } = body;
  if (bytes.length < FIXED_BYTES) return tooShort("XS-NOD-6", bytes, FIXED_BYTES);
  const permissionCount = view.getUint16(14, little);
  const pathAt = FIXED_BYTES + permissionCount * XENSTORE_PERMISSION_BYTES;
  const valueAt = pathAt + view.getUint16(8, little);
  const end = valueAt + view.getUint16(10, little);
  if (bytes.length < end) {
    const known = bytes.length < valueAt ? {} : { path: byteText(bytes.subarray(pathAt, valueAt)) };
    return tooShort("XS-NOD-6", bytes, end, known);
  }
  return {
    kind: "NODE_DATA",
    connId: view.getUint32(0, little),
    txId: view.getUint32(4, little),
    access: view.getUint16(12, little),
    permissions: decodePermissions(body, permissionCount),
    path: byteText(bytes.subarray(pathAt, valueAt)),
    value: bytes.subarray(valueAt, end),
    surplus: bytes.subarray(end),
  };
}

/** The inverse of {@link decodeNodeData}. */
export function encodeNodeData(data: XenstoreNodeData, order: XenstoreByteOrder): Uint8Array {
  const pathAt = FIXED_BYTES + data.permissions.length * XENSTORE_PERMISSION_BYTES;
  const valueAt = pathAt + data.path.length;
  const end = valueAt + data.value.length;
  const { bytes, view, little } = newBody(end + data.surplus.length, order);
  view.setUint32(0, data.connId, little);
  view.setUint32(4, data.txId, little);
  view.setUint16(8, data.path.length, little);
  view.setUint16(10, data.value.length, little);
  view.setUint16(12, data.access, little);
  view.setUint16(14, data.permissions.length, little);
  data.permissions.forEach((permission, index) => {
    const at = FIXED_BYTES + index * XENSTORE_PERMISSION_BYTES;
    view.setUint8(at, permission.letter);
    view.setUint8(at + 1, permission.flags);
    view.setUint16(at + 2, permission.domid, little);
  });
  putText(bytes, pathAt, data.path);
  bytes.set(data.value, valueAt);
  bytes.set(data.surplus, end);
  return bytes;
}
