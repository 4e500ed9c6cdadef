/**
 * Rules of NODE_DATA (XS-NOD-*), committed nodes and those pending in a transaction.
 */
import {
  XENSTORE_ACCESS_READ,
  XENSTORE_ACCESS_WRITTEN,
  XENSTORE_FIXED_BYTES,
  XENSTORE_PERMISSION_BYTES,
  XENSTORE_PERMISSION_LETTERS,
  XENSTORE_PERMISSION_STALE,
  XENSTORE_REC_TYPE_NODE_DATA,
  XENSTORE_SPECIAL_NODES,
  type XenstoreNodeData,
  type XenstoreRecord,
} from "../../format/index.js";
import { isTerminated, untilNul } from "./framing.js";
import {
  fieldFaultOf,
  hex,
  nodeKey,
  quoted,
  span,
  transactionKey,
  type XenstoreState,
} from "./state.js";

const FIXED_BYTES = XENSTORE_FIXED_BYTES[XENSTORE_REC_TYPE_NODE_DATA];
const ACCESS_AT = 12;
const PERM_COUNT_AT = 14;

/** A NODE_DATA. */
export function checkNodeData(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreNodeData,
): void {
  const committed = data.connId === 0;
  checkAccess(state, record, data, committed);
  checkPermissions(state, record, data);
  const pathAt = FIXED_BYTES + data.permissions.length * XENSTORE_PERMISSION_BYTES;
  const pathIsGood = checkPath(state, record, data.path, pathAt);
  if (!committed) {
    checkPending(state, record, data);
  } else if (pathIsGood) {
    checkCommitted(state, record, data.path.slice(0, -1), pathAt);
  } else {
    // Its children are no orphans of their own making.
    state.lose("n", nodeKey(untilNul(data.path)));
  }
}

function checkAccess(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreNodeData,
  committed: boolean,
): void {
  const count = data.permissions.length;
  const reserved = committed ? 0xffff : 0xffff & ~(XENSTORE_ACCESS_READ | XENSTORE_ACCESS_WRITTEN);
  if ((data.access & reserved) !== 0) {
    const expected = committed ? "access zero in a committed node" : "bits 2..15 of access zero";
    state.fieldFault(record, "XS-REC-3", span(ACCESS_AT, 2), {
      expected,
      actual: hex(data.access),
    });
  }
  if (committed && count === 0) {
    state.fieldFault(record, "XS-NOD-1", span(PERM_COUNT_AT, 2), {
      message: "A committed node has no owner.",
      expected: "at least one permission",
      actual: "0",
    });
  }
  if (!committed && data.access === 0 && (count !== 0 || data.value.length !== 0)) {
    state.fieldFault(record, "XS-NOD-1", span(count !== 0 ? PERM_COUNT_AT : 10, 2), {
      message: "A deleted node has a value or permissions.",
      expected: "perm-count 0 and value-len 0",
      actual: `perm-count ${count}, value-len ${data.value.length}`,
    });
  }
}

function checkPermissions(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreNodeData,
): void {
  data.permissions.forEach(({ letter, flags }, entryIndex) => {
    const offset = FIXED_BYTES + entryIndex * XENSTORE_PERMISSION_BYTES;
    const character = String.fromCharCode(letter);
    if (!XENSTORE_PERMISSION_LETTERS.includes(character)) {
      const text = { entryIndex, expected: "'n', 'r', 'w' or 'b'", actual: quoted(character) };
      state.fieldFault(record, "XS-NOD-4", span(offset, 1), text);
    }
    if ((flags & ~XENSTORE_PERMISSION_STALE) !== 0) {
      const text = { entryIndex, expected: "bits 1..7 zero", actual: hex(flags) };
      state.fieldFault(record, "XS-NOD-5", span(offset + 1, 1), text);
    }
  });
}

/** XS-NOD-2. @returns true if the path is good */
function checkPath(
  state: XenstoreState,
  record: XenstoreRecord,
  path: string,
  offset: number,
): boolean {
  if (isTerminated(path) && (path.startsWith("/") || isSpecial(path.slice(0, -1)))) return true;
  state.fieldFault(record, "XS-NOD-2", span(offset, path.length), {
    expected: `an absolute path or ${XENSTORE_SPECIAL_NODES.join(" or ")}, one NUL at its end`,
    actual: quoted(path),
  });
  return false;
}

function isSpecial(path: string): boolean {
  return XENSTORE_SPECIAL_NODES.some((name) => name === path);
}

/** XS-NOD-7. */
function checkPending(state: XenstoreState, record: XenstoreRecord, data: XenstoreNodeData): void {
  const key = transactionKey(data.connId, data.txId);
  if (state.transactions.has(key)) return;
  const missing = fieldFaultOf(record, "XS-NOD-7", span(0, 8), {
    message: "The node is pending in a transaction that is not known.",
    expected: "a transaction of an earlier TRANSACTION_DATA",
    actual: `conn-id ${data.connId}, tx-id ${data.txId}`,
  });
  state.await(key, missing, "pending");
}

/** XS-NOD-3 and XS-NOD-8. */
function checkCommitted(
  state: XenstoreState,
  record: XenstoreRecord,
  path: string,
  offset: number,
): void {
  const parent = parentOf(path);
  if (parent !== null && !state.nodes.has(parent)) {
    const missing = fieldFaultOf(record, "XS-NOD-3", span(offset, path.length), {
      message: "The node's parent is not in the stream.",
      expected: `${quoted(parent)} in an earlier NODE_DATA`,
      actual: quoted(path),
    });
    state.await(nodeKey(parent), missing);
  }
  if (state.nodes.has(path)) {
    state.fieldFault(record, "XS-NOD-8", span(offset, path.length), {
      message: "The path was given before: this node replaces the earlier one.",
      actual: quoted(path),
    });
    return;
  }
  state.hold(path);
  state.nodes.add(path);
  state.came(nodeKey(path), record);
}

/** Path of the parent; null for the root and for what stands beside the tree. */
function parentOf(path: string): string | null {
  if (path === "/" || !path.startsWith("/")) return null;
  const slash = path.lastIndexOf("/");
  return slash === 0 ? "/" : path.slice(0, slash);
}
