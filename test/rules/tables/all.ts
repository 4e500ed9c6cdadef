/**
 * All rows of the rule tables, page by page: what the tests of every rule go through.
 */
import { CONTAINERS } from "./containers.js";
import { HOST } from "./host.js";
import { HVM } from "./hvm.js";
import { LEGACY } from "./legacy.js";
import { LIBXC_FRAMING } from "./libxc-framing.js";
import { LIBXC_ORDER } from "./libxc-order.js";
import { LIBXC_PV } from "./libxc-pv.js";
import { LIBXL } from "./libxl.js";
import type { RuleRow } from "./row.js";
import { XENSTORE_ROWS } from "./xenstore.js";

/** The pages' names and rows. */
export const TABLES: readonly (readonly [page: string, rows: readonly RuleRow[]])[] = [
  ["libxc: headers, records, pages", LIBXC_FRAMING],
  ["libxc: PV", LIBXC_PV],
  ["libxc: HVM, policies, order, checkpoints", LIBXC_ORDER],
  ["libxl", LIBXL],
  ["containers", CONTAINERS],
  ["HVM parameters and context", HVM],
  ["xenstore", XENSTORE_ROWS],
  ["legacy", LEGACY],
  ["the host that is to restore", HOST],
];
