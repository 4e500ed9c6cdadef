/**
 * Rules of GLOBAL_DATA, CONNECTION_DATA and TRANSACTION_DATA (XS-GLB-1, XS-CON-*, XS-TA-*). Not
 * visible in a file: whether descriptors mean anything (XS-GLB-2), which connection asked for the
 * live update (XS-CON-8), the ring page's frame (XS-CON-9).
 */
import {
  XENSTORE_CONN_FIELD_UNIQUE_ID,
  XENSTORE_CONN_TYPE_RING,
  XENSTORE_CONN_TYPE_SOCKET,
  XENSTORE_DOMID_NONE,
  XENSTORE_DOMID_RESERVED,
  XENSTORE_FIXED_BYTES,
  XENSTORE_MESSAGE_HEAD_BYTES,
  XENSTORE_MESSAGE_LENGTH_OFFSET,
  XENSTORE_REC_TYPE_CONNECTION_DATA,
  type XenstoreByteOrder,
  type XenstoreConnectionData,
  type XenstoreRecord,
  type XenstoreTransactionData,
} from "../../format/index.js";
import {
  connectionKey,
  domainKey,
  fieldFaultOf,
  hex,
  span,
  transactionKey,
  type XenstoreState,
} from "./state.js";

const CONNECTION_SEEN = "CONNECTION_DATA";

/** A GLOBAL_DATA: one, before all connections. Judged by its type alone, malformed or not. */
export function checkGlobalData(state: XenstoreState, record: XenstoreRecord): void {
  if (!state.first("GLOBAL_DATA")) {
    state.recordFault(record, "XS-GLB-1", {
      message: "The stream has more than one GLOBAL_DATA.",
      expected: "at most one",
    });
  } else if (state.once.has(CONNECTION_SEEN)) {
    state.recordFault(record, "XS-GLB-1", {
      message: "GLOBAL_DATA comes after a connection.",
      expected: "before any CONNECTION_DATA",
    });
  }
}

/** Remember that a connection was given, malformed or not. */
export function noteConnection(state: XenstoreState): void {
  state.once.add(CONNECTION_SEEN);
}

/** A CONNECTION_DATA. */
export function checkConnectionData(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreConnectionData,
): void {
  checkConnectionId(state, record, data.connId);
  checkConnectionFields(state, record, data);
  if (data.partialBytes > data.output.length) {
    state.fieldFault(record, "XS-CON-3", span(18, 2), {
      expected: `out-resp-len at most ${data.output.length}`,
      actual: `${data.partialBytes}`,
    });
  } else {
    checkOutput(state, record, data);
  }
}

function checkConnectionId(state: XenstoreState, record: XenstoreRecord, connId: number): void {
  if (connId === 0) {
    state.fieldFault(record, "XS-CON-1", span(0, 4), {
      expected: "a conn-id other than 0",
      actual: "0",
    });
  } else if (state.connections.has(connId)) {
    state.fieldFault(record, "XS-CON-1", span(0, 4), {
      expected: "a conn-id not seen before",
      actual: `${connId} again`,
    });
  } else {
    state.hold();
    state.connections.add(connId);
    state.came(connectionKey(connId), record);
  }
}

function checkConnectionFields(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreConnectionData,
): void {
  const { connType, fields, spec } = data;
  if (connType !== XENSTORE_CONN_TYPE_RING && connType !== XENSTORE_CONN_TYPE_SOCKET) {
    const expected = "0 (shared ring) or 1 (socket)";
    state.fieldFault(record, "XS-CON-2", span(4, 2), { expected, actual: `${connType}` });
  }
  if ((fields & ~XENSTORE_CONN_FIELD_UNIQUE_ID) !== 0) {
    const expected = "bits 1..15 of fields zero";
    state.fieldFault(record, "XS-REC-3", span(6, 2), { expected, actual: hex(fields) });
  }
  if (spec.kind === "socket") {
    if (data.uniqueId !== null)
      state.fieldFault(record, "XS-CON-5", span(6, 2), { actual: hex(fields) });
    if (spec.pad !== 0) {
      state.fieldFault(record, "XS-REC-3", span(12, 4), {
        expected: "padding zero",
        actual: hex(spec.pad),
      });
    }
  } else {
    if (spec.tdomid >= XENSTORE_DOMID_RESERVED && spec.tdomid !== XENSTORE_DOMID_NONE) {
      state.fieldFault(record, "XS-CON-6", span(10, 2), {
        expected: `a domid, or ${hex(XENSTORE_DOMID_NONE)} for none`,
        actual: hex(spec.tdomid),
      });
    }
    if (!state.domains.has(spec.domid)) state.hold();
    state.domains.add(spec.domid);
    state.came(domainKey(spec.domid), record);
  }
  if (data.gap.some((byte) => byte !== 0)) {
    const offset = XENSTORE_FIXED_BYTES[XENSTORE_REC_TYPE_CONNECTION_DATA];
    const gapAt = offset + data.input.length + data.output.length;
    const message = "Padding before the unique id is not zero.";
    state.fieldFault(record, "XS-REC-3", span(gapAt, data.gap.length), {
      message,
      expected: "zeros",
    });
  }
}

/**
 * XS-CON-7: behind the rest of a partly sent response, the output is whole messages. The input
 * cannot breach the rule: whatever it ends in is its one incomplete message.
 */
function checkOutput(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreConnectionData,
): void {
  const whole = data.output.subarray(data.partialBytes);
  const cutAt = incompleteMessageAt(whole, state.header.byteOrder);
  if (cutAt < 0) return;
  const dataAt = XENSTORE_FIXED_BYTES[XENSTORE_REC_TYPE_CONNECTION_DATA];
  const offset = dataAt + data.input.length + data.partialBytes + cutAt;
  state.fieldFault(record, "XS-CON-7", span(offset, whole.length - cutAt), {
    message: "The output data ends inside a message.",
    expected: "complete messages",
    actual: `${whole.length - cutAt} bytes of an incomplete one`,
  });
}

/** Offset of the message that `bytes` end in the middle of; -1 if all are whole. */
function incompleteMessageAt(bytes: Uint8Array, order: XenstoreByteOrder): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at < bytes.length) {
    if (at + XENSTORE_MESSAGE_HEAD_BYTES > bytes.length) return at;
    const length = view.getUint32(at + XENSTORE_MESSAGE_LENGTH_OFFSET, order === "little");
    const end = at + XENSTORE_MESSAGE_HEAD_BYTES + length;
    if (end > bytes.length) return at;
    at = end;
  }
  return -1;
}

/** A TRANSACTION_DATA. */
export function checkTransactionData(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreTransactionData,
): void {
  const { connId, txId } = data;
  if (state.first("TRANSACTION_DATA")) {
    state.recordFault(record, "XS-TA-2", {
      message: "The stream has transactions: xenstored ignores them (reported once).",
    });
  }
  if (!state.connections.has(connId)) {
    const missing = fieldFaultOf(record, "XS-TA-1", span(0, 4), {
      message: "The transaction's connection is not known.",
      expected: "a conn-id of an earlier CONNECTION_DATA",
      actual: `${connId}`,
    });
    state.await(connectionKey(connId), missing, "pending");
  }
  const key = transactionKey(connId, txId);
  if (txId === 0) {
    state.fieldFault(record, "XS-TA-1", span(4, 4), {
      expected: "a tx-id other than 0",
      actual: "0",
    });
  } else if (state.transactions.has(key)) {
    state.fieldFault(record, "XS-TA-1", span(4, 4), {
      expected: "a tx-id that its connection has not used",
      actual: `${txId} again`,
    });
  } else {
    state.hold(key);
    state.transactions.add(key);
    state.came(key, record);
  }
}
