/**
 * What a Xenstore stream holds, put together for `inspect`: the node tree, watches, connections,
 * transactions, quotas. JSON-able, bounded by the limits; nothing is judged. Nodes come as a flat
 * list in depth-first order: a hostile path may be thousands of levels deep, recursion may not.
 */
import { Budget, DEFAULT_LIMITS, type Limits } from "../../findings/index.js";
import {
  XENSTORE_ACCESS_READ,
  XENSTORE_ACCESS_WRITTEN,
  type XenstoreNodeData,
  type XenstoreRecord,
} from "../../format/index.js";
import {
  describeConnection,
  describeDepth,
  describeNode,
  describeQuotas,
  type XenstoreShownConnection,
  type XenstoreShownNode,
  type XenstoreShownQuota,
} from "./describe.js";
import { showRaw, showText } from "./text.js";

/** A committed node in its place. */
export type XenstoreTreeNode = XenstoreShownNode & {
  /** Levels below "/"; 0 for the root and for what stands beside the tree. */
  readonly level: number;
};

/** A node changed in a transaction that was not over. */
export type XenstorePendingNode = XenstoreShownNode & {
  readonly connId: number;
  readonly txId: number;
  readonly access: readonly ("read" | "written" | "deleted")[];
};

/** A watch of a connection. */
export interface XenstoreTreeWatch {
  readonly connId: number;
  readonly wpath: string;
  readonly token: string;
  readonly depth: number | "unlimited" | "unknown";
  /** Offset of the strings of a WATCH_DATA_EXTENDED that is not in the document's form. */
  readonly shiftedForm?: number;
}

/** A domain's own quotas and features. */
export interface XenstoreTreeDomain {
  readonly domid: number;
  readonly features: string;
  readonly quotas: readonly XenstoreShownQuota[];
}

/** The content of a stream. */
export interface XenstoreTree {
  readonly global: { readonly rwSocketFd: number; readonly evtchnFd: number } | null;
  readonly connections: readonly XenstoreShownConnection[];
  readonly watches: readonly XenstoreTreeWatch[];
  readonly transactions: readonly { readonly connId: number; readonly txId: number }[];
  /** Depth first, siblings by name; "@..." behind the tree. The later of two records counts. */
  readonly nodes: readonly XenstoreTreeNode[];
  readonly pendingNodes: readonly XenstorePendingNode[];
  /** Defaults for every domain, and quotas of the whole store; null if the stream has none. */
  readonly quotas: {
    readonly domain: readonly XenstoreShownQuota[];
    readonly global: readonly XenstoreShownQuota[];
  } | null;
  readonly domains: readonly XenstoreTreeDomain[];
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/** Collects a tree record by record, so that records need not be kept. */
export class XenstoreTreeBuilder {
  readonly #items: Budget;
  readonly #textBytes: Budget;
  readonly #connections: XenstoreShownConnection[] = [];
  readonly #watches: XenstoreTreeWatch[] = [];
  readonly #transactions: { connId: number; txId: number }[] = [];
  /** By byte text without NUL. */
  readonly #nodes = new Map<string, XenstoreShownNode>();
  readonly #pendingNodes: XenstorePendingNode[] = [];
  readonly #domains: XenstoreTreeDomain[] = [];
  readonly #single: Pick<Mutable<XenstoreTree>, "global" | "quotas"> = {
    global: null,
    quotas: null,
  };

  constructor(limits: Limits = DEFAULT_LIMITS) {
    this.#items = new Budget(limits, "maxXenstoreItems");
    this.#textBytes = new Budget(limits, "maxXenstoreTextBytes");
  }

  /**
   * Take in a record. What is malformed or unknown leaves no trace.
   *
   * @throws {CapacityError} the limits do not allow one more
   */
  add(record: XenstoreRecord): void {
    const { content } = record;
    if (!("surplus" in content) || content.kind === "END") return;
    this.#items.take(1);
    this.#textBytes.take(record.bodyBytes);
    switch (content.kind) {
      case "GLOBAL_DATA":
        this.#single.global = { rwSocketFd: content.rwSocketFd, evtchnFd: content.evtchnFd };
        break;
      case "CONNECTION_DATA":
        this.#connections.push(describeConnection(content));
        break;
      case "WATCH_DATA":
      case "WATCH_DATA_EXTENDED":
        this.#watches.push({
          connId: content.connId,
          wpath: showText(content.wpath),
          token: showText(content.token),
          depth: content.kind === "WATCH_DATA" ? "unlimited" : describeDepth(content.depth),
          ...(content.kind === "WATCH_DATA" || content.form === 12
            ? {}
            : { shiftedForm: content.form }),
        });
        break;
      case "TRANSACTION_DATA":
        this.#transactions.push({ connId: content.connId, txId: content.txId });
        break;
      case "NODE_DATA":
        this.#addNode(content);
        break;
      case "GLOBAL_QUOTA_DATA":
        this.#single.quotas = {
          domain: describeQuotas(content.domainQuotas),
          global: describeQuotas(content.globalQuotas),
        };
        break;
      case "DOMAIN_DATA":
        this.#domains.push({
          domid: content.domid,
          features: showRaw(content.features),
          quotas: describeQuotas(content.quotas),
        });
        break;
    }
  }

  #addNode(data: XenstoreNodeData): void {
    if (data.connId === 0) {
      this.#nodes.set(data.path.replace(/\0$/, ""), describeNode(data));
      return;
    }
    const { connId, txId, access } = data;
    const names: XenstorePendingNode["access"][number][] = [];
    if ((access & XENSTORE_ACCESS_READ) !== 0) names.push("read");
    if ((access & XENSTORE_ACCESS_WRITTEN) !== 0) names.push("written");
    if (access === 0) names.push("deleted");
    this.#pendingNodes.push({ connId, txId, access: names, ...describeNode(data) });
  }

  /** What was collected so far: a fresh object. */
  tree(): XenstoreTree {
    const sorted = [...this.#nodes].map(([path, node]) => ({ key: sortKey(path), path, node }));
    sorted.sort((one, other) => (one.key < other.key ? -1 : 1));
    return {
      ...this.#single,
      connections: [...this.#connections],
      watches: [...this.#watches],
      transactions: [...this.#transactions],
      nodes: sorted.map(({ path, node }) => ({ ...node, level: levelOf(path) })),
      pendingNodes: [...this.#pendingNodes],
      domains: [...this.#domains],
    };
  }
}

/**
 * The content of a stream from its records.
 *
 * @throws {CapacityError} the limits do not allow so many
 */
export function xenstoreTree(
  records: Iterable<XenstoreRecord>,
  limits: Limits = DEFAULT_LIMITS,
): XenstoreTree {
  const builder = new XenstoreTreeBuilder(limits);
  for (const record of records) builder.add(record);
  return builder.tree();
}

/** Sorts a node before its children and these before its siblings: "/" below every character. */
function sortKey(path: string): string {
  if (path === "/") return "\0";
  return path.startsWith("/") ? path.replaceAll("/", "\0") : `\uffff${path}`;
}

function levelOf(path: string): number {
  if (path === "/" || !path.startsWith("/")) return 0;
  return path.split("/").length - 1;
}
