/**
 * Decoded Xenstore records as plain JSON-able objects, with the document's field names in camel
 * case. For `inspect`; nothing is judged. 64-bit values and flags are hex strings.
 */
import type {
  XenstoreConnectionData,
  XenstoreContent,
  XenstoreNodeData,
  XenstoreQuota,
} from "../../format/index.js";
import { printedBlob, printedIfAny, printedIfUsed } from "../print.js";
import {
  showHex,
  showPermission,
  showRaw,
  showText,
  showValue,
  type XenstoreShownValue,
} from "./text.js";

/** A connection as inspect shows it. */
export interface XenstoreShownConnection {
  readonly connId: number;
  /** "ring", "socket", or the unknown type's number. */
  readonly connType: string;
  readonly fields: string;
  readonly domid?: number;
  readonly tdomid?: number;
  readonly port?: number;
  readonly fd?: number;
  readonly inDataLen: number;
  readonly outRespLen: number;
  readonly outDataLen: number;
  /** Unread request bytes in hex. */
  readonly inData: string;
  /** Unsent response bytes in hex. */
  readonly outData: string;
  readonly uniqueId?: string;
}

/** A quota as inspect shows it. 0 is unlimited. */
export interface XenstoreShownQuota {
  readonly name: string;
  readonly value: number;
}

/** A node's own part as inspect shows it: the first permission names the owner. */
export type XenstoreShownNode = XenstoreShownValue & {
  readonly path: string;
  readonly permissions: readonly string[];
};

/** Describe a connection. */
export function describeConnection(data: XenstoreConnectionData): XenstoreShownConnection {
  const { spec } = data;
  const kinds = ["ring", "socket"];
  const ends =
    spec.kind === "ring"
      ? { domid: spec.domid, tdomid: spec.tdomid, port: spec.port }
      : { fd: spec.fd, ...printedIfAny("pad", spec.pad) };
  return {
    connId: data.connId,
    connType: kinds[data.connType] ?? `${data.connType}`,
    fields: showRaw(data.fields),
    ...ends,
    inDataLen: data.input.length,
    outRespLen: data.partialBytes,
    outDataLen: data.output.length,
    inData: showHex(data.input),
    outData: showHex(data.output),
    ...printedIfUsed("gap", data.gap),
    ...(data.uniqueId === null ? {} : { uniqueId: showRaw(data.uniqueId) }),
  };
}

/** Describe a node without its place in a transaction. */
export function describeNode(data: XenstoreNodeData): XenstoreShownNode {
  return {
    path: showText(data.path),
    ...showValue(data.value),
    permissions: data.permissions.map(showPermission),
  };
}

/** Describe quotas in the order of the stream. */
export function describeQuotas(quotas: readonly XenstoreQuota[]): XenstoreShownQuota[] {
  return quotas.map(({ name, value }) => ({ name: showText(name), value }));
}

/** Depth of a watch: levels, or "unlimited"; "unknown" where the shifted form lacks it. */
export function describeDepth(depth: number | null): number | "unlimited" | "unknown" {
  if (depth === null) return "unknown";
  return depth === 0xffff ? "unlimited" : depth;
}

/**
 * Describe any decoded body: what `inspect --json` gives as `decoded`. Bytes behind the last field
 * and between fields are told where they are not zero.
 *
 * @returns a fresh plain object; empty for END and for what was passed over
 */
export function describeXenstoreContent(content: XenstoreContent): Record<string, unknown> {
  return {
    ...describeFields(content),
    ...("surplus" in content ? printedIfUsed("surplus", content.surplus) : {}),
  };
}

function describeFields(content: XenstoreContent): Record<string, unknown> {
  switch (content.kind) {
    case "END":
    case "skipped":
      return {};
    case "GLOBAL_DATA":
      return { rwSocketFd: content.rwSocketFd, evtchnFd: content.evtchnFd };
    case "CONNECTION_DATA":
      return { ...describeConnection(content) };
    case "WATCH_DATA":
      return {
        connId: content.connId,
        wpath: showText(content.wpath),
        token: showText(content.token),
      };
    case "WATCH_DATA_EXTENDED":
      return {
        connId: content.connId,
        wpath: showText(content.wpath),
        token: showText(content.token),
        depth: describeDepth(content.depth),
        form: content.form,
        ...printedIfAny("pad", content.pad ?? 0),
        ...(content.shortLength ? { shortLength: true } : {}),
      };
    case "TRANSACTION_DATA":
      return { connId: content.connId, txId: content.txId };
    case "NODE_DATA":
      return {
        connId: content.connId,
        txId: content.txId,
        access: showRaw(content.access),
        ...describeNode(content),
      };
    case "GLOBAL_QUOTA_DATA":
      return {
        domainQuotas: describeQuotas(content.domainQuotas),
        globalQuotas: describeQuotas(content.globalQuotas),
      };
    case "DOMAIN_DATA":
      return {
        domid: content.domid,
        features: showRaw(content.features),
        quotas: describeQuotas(content.quotas),
      };
    case "unknown":
      return { bodyBytes: content.body.length, ...printedBlob("body", content.body) };
    case "malformed":
      return {
        malformed: content.rule,
        bodyBytes: content.body.length,
        ...printedBlob("body", content.body),
      };
  }
}
