/**
 * The rules of Xenstore streams beyond framing: decoded records in, faults out. It decodes nothing
 * and reads nothing; faults of header and framing come from the reader. One file beside this one
 * per group of records. Source: Xenstore migration document; Xen's C xenstored (facts).
 */
import { DEFAULT_LIMITS, type Fault, type Limits } from "../findings/index.js";
import {
  XENSTORE_REC_TYPE_CONNECTION_DATA,
  XENSTORE_REC_TYPE_GLOBAL_DATA,
  XENSTORE_REC_TYPE_GLOBAL_QUOTA_DATA,
  type XenstoreFields,
  type XenstoreHeader,
  type XenstoreRecord,
} from "../format/index.js";
import {
  checkConnectionData,
  checkGlobalData,
  checkTransactionData,
  noteConnection,
} from "./xenstore/connection.js";
import { checkFraming, checkMalformed, checkSurplus } from "./xenstore/framing.js";
import { checkNodeData } from "./xenstore/node.js";
import { checkDomainData, checkGlobalQuotaData, noteGlobalQuota } from "./xenstore/quota.js";
import { XenstoreState } from "./xenstore/state.js";
import { checkWatchData, checkWatchDataExtended } from "./xenstore/watch.js";

/**
 * The checks of one stream. Give every record in order, then finish, also where the stream was
 * cut: what a record depends on may come late, and until the end nobody knows.
 */
export class XenstoreChecks {
  readonly #state: XenstoreState;

  constructor(header: XenstoreHeader, limits: Limits = DEFAULT_LIMITS) {
    this.#state = new XenstoreState(header, limits);
  }

  /**
   * Judge the next record.
   *
   * @returns its faults and those of earlier records that it settles; owned by the caller
   * @throws {CapacityError} the stream has more items, or more text in them, than the limits allow
   */
  record(record: XenstoreRecord): Fault[] {
    const state = this.#state;
    state.faults = [];
    this.#checkOccurrence(record);
    checkFraming(state, record);
    const { content } = record;
    if (content.kind === "malformed") {
      checkMalformed(state, record, content);
    } else if (content.kind !== "unknown" && content.kind !== "skipped") {
      checkSurplus(state, record, content);
      this.#checkFields(record, content);
    }
    return state.faults;
  }

  /** The faults that only the end makes certain. */
  finish(): Fault[] {
    const { missing, suppressed } = this.#state.awaited.finish();
    this.#state.suppressed += suppressed;
    return [...missing];
  }

  /** Rules left out because a refused record took their premise away; complete after finish(). */
  get suppressed(): number {
    return this.#state.suppressed;
  }

  /** Where and how often a record of its type may stand, malformed or not. */
  #checkOccurrence(record: XenstoreRecord): void {
    switch (record.type) {
      case XENSTORE_REC_TYPE_GLOBAL_DATA:
        checkGlobalData(this.#state, record);
        break;
      case XENSTORE_REC_TYPE_CONNECTION_DATA:
        noteConnection(this.#state);
        break;
      case XENSTORE_REC_TYPE_GLOBAL_QUOTA_DATA:
        noteGlobalQuota(this.#state, record);
        break;
    }
  }

  #checkFields(record: XenstoreRecord, content: XenstoreFields): void {
    const state = this.#state;
    switch (content.kind) {
      case "END":
      case "GLOBAL_DATA":
        break;
      case "CONNECTION_DATA":
        checkConnectionData(state, record, content);
        break;
      case "WATCH_DATA":
        checkWatchData(state, record, content);
        break;
      case "WATCH_DATA_EXTENDED":
        checkWatchDataExtended(state, record, content);
        break;
      case "TRANSACTION_DATA":
        checkTransactionData(state, record, content);
        break;
      case "NODE_DATA":
        checkNodeData(state, record, content);
        break;
      case "GLOBAL_QUOTA_DATA":
        checkGlobalQuotaData(state, record, content);
        break;
      case "DOMAIN_DATA":
        checkDomainData(state, record, content);
        break;
    }
  }
}
