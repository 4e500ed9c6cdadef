/**
 * What a Xenstore stream holds, as text: the node tree with values and permissions, watches,
 * connections, quotas. A part of what inspect prints.
 */
import type { XenstoreResult } from "../findings/index.js";
import { decodedLines } from "./decoded.js";
import type { Style } from "./style.js";
import { hanging, plural } from "./text.js";

/** Lines of the whole store; `verbose` adds connections, transactions and pending nodes in full. */
export function xenstoreLines(store: XenstoreResult, verbose: boolean, style: Style): string[] {
  const { bold, dim } = style.paint;
  const parts = [
    plural(store.nodes.length, "node"),
    plural(store.watches.length, "watch", "watches"),
    plural(store.connections.length, "connection"),
    plural(store.domains.length, "domain"),
  ];
  const nodes = store.nodes.flatMap((node) => {
    const name = node.level === 0 ? node.path : (node.path.split("/").at(-1) ?? node.path);
    const value = node.value ?? `0x${node.valueHex ?? ""}`;
    const shown = value === "" || value === "0x" ? name : `${name} = ${value}`;
    const indent = " ".repeat(4 + 2 * Math.min(node.level, DEEPEST_INDENT));
    return hanging(indent, `${shown}  (${node.permissions.join(" ")})`, style);
  });
  const watches = store.watches.flatMap(({ connId, wpath, token, depth }) =>
    hanging("    ", `${wpath}, token ${token}, depth ${depth}, connection ${connId}`, style),
  );
  const quotas =
    store.quotas === null ? [] : quotaLines("every domain", store.quotas.domain, style);
  const own = store.domains.flatMap(({ domid, quotas: list }) =>
    quotaLines(`domain ${domid}`, list, style),
  );
  const rest = verbose
    ? decodedLines(
        {
          connections: store.connections,
          transactions: store.transactions,
          pendingNodes: store.pendingNodes,
          domains: store.domains,
          quotas: store.quotas,
          global: store.global,
        },
        4,
        style,
      )
    : [];
  return [
    `  ${bold("store")}  ${parts.join(", ")}`,
    ...nodes,
    ...(watches.length === 0 ? [] : [`  ${dim("watches")}`, ...watches]),
    ...(quotas.length + own.length === 0 ? [] : [`  ${dim("quotas")}`, ...quotas, ...own]),
    ...rest,
    "",
  ];
}

/** Levels that are shown by indenting; deeper ones stand below each other. */
const DEEPEST_INDENT = 12;

function quotaLines(
  of: string,
  quotas: readonly { readonly name: string; readonly value: number }[],
  style: Style,
): string[] {
  if (quotas.length === 0) return [];
  const texts = quotas.map(({ name, value }) => `${name} ${value === 0 ? "unlimited" : value}`);
  return hanging("    ", `${of}: ${texts.join(", ")}`, style);
}
