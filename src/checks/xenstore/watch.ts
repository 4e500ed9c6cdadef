/**
 * Rules of WATCH_DATA and WATCH_DATA_EXTENDED (XS-WAT-*, XS-WEX-*). What XS-WEX-4 takes over from
 * WATCH_DATA is reported under the rule taken over.
 */
import {
  XENSTORE_WPATH_BYTES_MIN,
  type XenstoreRecord,
  type XenstoreWatchData,
  type XenstoreWatchDataExtended,
} from "../../format/index.js";
import { isTerminated } from "./framing.js";
import { connectionKey, fieldFaultOf, hex, quoted, span, type XenstoreState } from "./state.js";

const WATCH_STRINGS_AT = 8;
/** Characters that the protocol allows in paths. */
const PATH_CHARACTERS = /^[A-Za-z0-9\-/_@]+$/;

/** A WATCH_DATA. */
export function checkWatchData(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreWatchData,
): void {
  checkWatch(state, record, data, WATCH_STRINGS_AT);
}

/** A WATCH_DATA_EXTENDED. */
export function checkWatchDataExtended(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreWatchDataExtended,
): void {
  if (state.header.version < 2) {
    state.recordFault(record, "XS-WEX-1", {
      expected: "version 2 or later",
      actual: `version ${state.header.version}`,
    });
  }
  if (data.form !== 12) {
    const short = data.shortLength ? `, the record 8 bytes shorter than its len says` : "";
    const depth = data.form === 8 ? ", no depth" : "";
    state.recordFault(record, "XS-WEX-3", {
      ruleCase: data.shortLength ? "short-length" : undefined,
      message: `The watch is in the form that xenstored ${data.form === 8 ? "writes" : "reads"}.`,
      expected: "strings at offset 12 of the body",
      actual: `strings at offset ${data.form}${depth}${short}`,
    });
  }
  if (data.pad !== null && data.pad !== 0) {
    state.fieldFault(record, "XS-REC-3", span(10, 2), {
      expected: "padding zero",
      actual: hex(data.pad),
    });
  }
  checkWatch(state, record, data, data.form);
}

function checkWatch(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreWatchData | XenstoreWatchDataExtended,
  stringsAt: number,
): void {
  const { connId, wpath, token } = data;
  if (!state.connections.has(connId)) {
    const missing = fieldFaultOf(record, "XS-WAT-1", span(0, 4), {
      message: "The watch's connection is not known.",
      expected: "a conn-id of an earlier CONNECTION_DATA",
      actual: `${connId}`,
    });
    state.await(connectionKey(connId), missing);
  }
  const wpathIsGood = wpath.length >= XENSTORE_WPATH_BYTES_MIN && isTerminated(wpath);
  if (!wpathIsGood) {
    const expected = "a wpath of at least one character whose only NUL is its last byte";
    state.fieldFault(record, "XS-WAT-2", span(stringsAt, wpath.length), {
      expected,
      actual: quoted(wpath),
    });
  }
  const tokenIsGood = isTerminated(token);
  if (!tokenIsGood) {
    const expected = "a token whose only NUL is its last byte";
    const offset = stringsAt + wpath.length;
    state.fieldFault(record, "XS-WAT-2", span(offset, token.length), {
      expected,
      actual: quoted(token),
    });
  }
  if (!wpathIsGood || !tokenIsGood) return;
  checkWatchPath(state, record, wpath.slice(0, -1), stringsAt);
  checkGivenOnce(state, record, `${connId}:${wpath}${token}`);
}

/** XS-WAT-3; what follows "@" may be anything. */
function checkWatchPath(
  state: XenstoreState,
  record: XenstoreRecord,
  path: string,
  offset: number,
): void {
  if (path.startsWith("@") || path === "/") return;
  if (PATH_CHARACTERS.test(path) && !path.includes("//") && !path.endsWith("/")) return;
  state.fieldFault(record, "XS-WAT-3", span(offset, path.length), {
    expected: "an absolute path, one relative to the domain's own, or a name that begins with @",
    actual: quoted(path),
  });
}

/** XS-WEX-2: by one of the two record types. */
function checkGivenOnce(state: XenstoreState, record: XenstoreRecord, key: string): void {
  const types = state.watches.get(key);
  const type = 1 << record.type;
  if (types === undefined) {
    state.hold(key);
    state.watches.set(key, type);
  } else if ((types & type) === 0) {
    state.watches.set(key, types | type);
    state.recordFault(record, "XS-WEX-2", {
      message: "The same watch was given by a record of the other type.",
      expected: "WATCH_DATA or WATCH_DATA_EXTENDED, not both",
    });
  }
}
