/**
 * Rules of GLOBAL_QUOTA_DATA and DOMAIN_DATA (XS-QUO-*, XS-DOM-*). That unknown quotas are kept
 * (XS-QUO-2) is a duty of converters, not of files.
 */
import {
  XENSTORE_QUOTA_NAMES,
  XENSTORE_QUOTA_SOFT_PREFIX,
  type XenstoreDomainData,
  type XenstoreGlobalQuotaData,
  type XenstoreQuota,
  type XenstoreRecord,
} from "../../format/index.js";
import { domainKey, fieldFaultOf, hex, quoted, span, type XenstoreState } from "./state.js";

/** A GLOBAL_QUOTA_DATA may occur once. Judged by its type alone, malformed or not. */
export function noteGlobalQuota(state: XenstoreState, record: XenstoreRecord): void {
  if (state.first("GLOBAL_QUOTA_DATA")) return;
  state.recordFault(record, "XS-QUO-5", {
    message: "The stream has more than one GLOBAL_QUOTA_DATA.",
    expected: "at most one",
  });
}

/** A GLOBAL_QUOTA_DATA. */
export function checkGlobalQuotaData(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreGlobalQuotaData,
): void {
  const globalCount = data.globalQuotas.length;
  if (globalCount > 0) {
    state.fieldFault(record, "XS-QUO-4", span(2, 2), {
      message: "Quotas stand in the global group: xenstored takes both groups alike.",
      expected: "n-glob-quota 0, as xenstored writes it",
      actual: `${globalCount}`,
    });
  }
  checkNames(state, record, [...data.domainQuotas, ...data.globalQuotas]);
}

/** A DOMAIN_DATA. */
export function checkDomainData(
  state: XenstoreState,
  record: XenstoreRecord,
  data: XenstoreDomainData,
): void {
  const { domid } = data;
  if (state.describedDomains.has(domid)) {
    state.fieldFault(record, "XS-DOM-1", span(0, 2), {
      expected: "at most one DOMAIN_DATA for a domain",
      actual: `domain ${domid} again`,
    });
  } else {
    state.hold();
    state.describedDomains.add(domid);
  }
  if (!state.domains.has(domid)) {
    const missing = fieldFaultOf(record, "XS-DOM-2", span(0, 2), {
      message: "The domain has no connection in the stream.",
      expected: "a domain of an earlier ring connection",
      actual: `domain ${domid}`,
    });
    state.await(domainKey(domid), missing);
  }
  if (state.header.version < 2 && data.features !== 0) {
    state.fieldFault(record, "XS-DOM-3", span(4, 4), {
      expected: "features 0 in version 1",
      actual: hex(data.features),
    });
  }
  checkNames(state, record, data.quotas);
}

function checkNames(
  state: XenstoreState,
  record: XenstoreRecord,
  quotas: readonly XenstoreQuota[],
): void {
  const empty = quotas.findIndex((quota) => quota.name === "");
  if (empty >= 0) {
    state.recordFault(record, "XS-QUO-3", {
      entryIndex: empty,
      message: "A quota name is empty.",
      field: null,
      expected: `${quotas.length} names, none empty`,
    });
  }
  for (const { name } of quotas) {
    if (name !== "" && !isKnown(name)) noteUnknown(state, record, name);
  }
}

function isKnown(name: string): boolean {
  const prefix = XENSTORE_QUOTA_SOFT_PREFIX;
  const base = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return XENSTORE_QUOTA_NAMES.some((known) => known === base);
}

/** XS-QUO-1, once for each name: other implementations may have quotas of their own. */
function noteUnknown(state: XenstoreState, record: XenstoreRecord, name: string): void {
  if (state.once.has(`quota ${name}`)) return;
  state.hold(name);
  state.first(`quota ${name}`);
  state.recordFault(record, "XS-QUO-1", {
    message: "The quota is unknown to xenstored, which drops it (reported once for each name).",
    actual: quoted(name),
  });
}
