/**
 * What the checks of a Xenstore stream remember from record to record, and how they report. Names
 * and ids alone are held, within the limits of findings/; the rules stand beside this file.
 */
import { Budget, type Fault, type FieldSpan, type Limits } from "../../findings/index.js";
import {
  XENSTORE_RECORD_HEADER_BYTES,
  type XenstoreHeader,
  type XenstoreRecord,
} from "../../format/index.js";
import { Awaited } from "./awaited.js";

/** What a fault says beyond its rule and place. */
export type FaultText = Pick<
  Fault,
  "ruleCase" | "message" | "expected" | "actual" | "entryIndex" | "field"
>;

/** The state of one stream. Mutable; owned by XenstoreChecks. */
export class XenstoreState {
  /** conn-ids of the connections so far. */
  readonly connections = new Set<number>();
  /** domids of ring connections so far. */
  readonly domains = new Set<number>();
  /** `conn-id:tx-id` of the transactions so far. */
  readonly transactions = new Set<string>();
  /** Paths of the committed nodes so far, without NUL. */
  readonly nodes = new Set<string>();
  /** Record types that gave a watch, as a mask of `1 << type`, by {@link watchKey}. */
  readonly watches = new Map<string, number>();
  /** domids that had their DOMAIN_DATA. */
  readonly describedDomains = new Set<number>();
  /** Rules that are reported once in a stream, and record types that may occur once. */
  readonly once = new Set<string>();
  /** What records depend on and has not come yet. */
  readonly awaited: Awaited;
  /** Faults of the record that is being judged. */
  faults: Fault[] = [];
  /** Rules left out because a refused record took their premise away. */
  suppressed = 0;

  readonly #items: Budget;
  readonly #textBytes: Budget;

  constructor(
    readonly header: XenstoreHeader,
    limits: Limits,
  ) {
    this.#items = new Budget(limits, "maxXenstoreItems");
    this.#textBytes = new Budget(limits, "maxXenstoreTextBytes");
    this.awaited = new Awaited(limits.maxFindingsKept);
  }

  /** Account for one more item held, with `text` as its name. */
  hold(text = ""): void {
    this.#items.take(1);
    this.#textBytes.take(text.length);
  }

  /** True the first time it is asked for `what`. */
  first(what: string): boolean {
    if (this.once.has(what)) return false;
    this.once.add(what);
    return true;
  }

  /** Report a fault of the record as a whole, or of its lengths: it points to the header. */
  recordFault(record: XenstoreRecord, rule: string, text: FaultText = {}): void {
    this.faults.push(faultAt(record, rule, record.byteOffset, text));
  }

  /** Report a fault of a field: `at` bytes into the body, `bytes` long. */
  fieldFault(record: XenstoreRecord, rule: string, field: FieldSpan, text: FaultText = {}): void {
    this.faults.push(fieldFaultOf(record, rule, field, text));
  }

  /** Report, now or once it is sure, that a record depends on `key`, which has not come yet. */
  await(key: string, missing: Fault, lateCase?: string): void {
    if (this.awaited.add(key, { missing, lateCase })) return;
    if (this.awaited.isLost(key)) this.suppressed++;
    else this.faults.push(missing);
  }

  /** A refused record would have given `key`, or a key of its kind where it is unknown. */
  lose(kind: KeyKind, key: string | undefined): void {
    if (key === undefined) {
      this.awaited.loseKind(kind);
      return;
    }
    this.hold(key);
    this.awaited.lose(key);
  }

  /** `key` came with `record`: whoever needed it earlier is out of order (XS-REC-5). */
  came(key: string, record: XenstoreRecord): void {
    for (const { missing, lateCase } of this.awaited.take(key)) {
      this.faults.push({
        ...missing,
        rule: "XS-REC-5",
        ruleCase: lateCase,
        message: undefined,
        actual: `given later, in the ${record.name} record at byte ${record.byteOffset}`,
      });
    }
  }
}

/** A fault of a field: `at` bytes into the body, `bytes` long. */
export function fieldFaultOf(
  record: XenstoreRecord,
  rule: string,
  { at, bytes }: FieldSpan,
  text: FaultText,
): Fault {
  const byteOffset = record.byteOffset + XENSTORE_RECORD_HEADER_BYTES + at;
  return faultAt(record, rule, byteOffset, { field: { at: 0, bytes }, ...text });
}

/** `bytes` bytes of a body, from `at` on. */
export const span = (at: number, bytes: number): FieldSpan => ({ at, bytes });

function faultAt(record: XenstoreRecord, rule: string, byteOffset: number, text: FaultText): Fault {
  const { recordIndex, name: recordType } = record;
  return { rule, layer: "xenstore", recordIndex, recordType, byteOffset, ...text };
}

/** First character of a key: connection, domain, transaction, committed node. */
export type KeyKind = "c" | "d" | "t" | "n";

/** Keys of what records depend on, in one namespace. */
export const connectionKey = (connId: number): string => `c${connId}`;
export const domainKey = (domid: number): string => `d${domid}`;
export const transactionKey = (connId: number, txId: number): string => `t${connId}:${txId}`;
export const nodeKey = (path: string): string => `n${path}`;

/** Byte text without its NUL as it is quoted in a fault: printable, and cut where it is long. */
export function quoted(text: string): string {
  const shown = text.slice(0, 80).replace(/[^\x20-\x7e]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${shown}"${text.length > 80 ? "..." : ""}`;
}

/** A number as hex. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
