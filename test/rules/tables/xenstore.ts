/**
 * Rows of the Xenstore stream: those that the checks' own tests use, and the ones of its reader: XS.
 */
import { concat, poke, u32be, zeros } from "../../builders/bytes.js";
import { XenstoreStream } from "../../builders/xenstore.js";
import { CONNECTIONS } from "../../builders/xenstore-rows/connections.js";
import { FRAMING } from "../../builders/xenstore-rows/framing.js";
import { GLOBALS } from "../../builders/xenstore-rows/globals.js";
import { NODES } from "../../builders/xenstore-rows/nodes.js";
import { WATCHES } from "../../builders/xenstore-rows/watches.js";
import { type RuleRow, row } from "./row.js";

const good = () => new XenstoreStream().connection().end();
const XENSTORE = { formatHint: "xenstore" };

const READER: readonly RuleRow[] = [
  row("XS-HDR-1", "a header of 15 bytes", () => good().subarray(0, 15), good, XENSTORE),
  row("XS-HDR-2", "version 3", () => poke(good(), 8, ...u32be(3)), good),
  row("XS-HDR-3", "a reserved flag", () => poke(good(), 12, ...u32be(2)), good),
  row(
    "XS-HDR-3/big-endian",
    "a big-endian body",
    () => new XenstoreStream({ order: "big" }).connection().end(),
    good,
  ),
  row("XS-REC-6", "no END", () => good().subarray(0, -8), good),
  row("XS-REC-6/trailing", "a stray byte", () => concat(good(), zeros(1)), good),
  row("XS-REC-7", "a body that is cut", () => good().subarray(0, -16), good),
  row(
    "XS-QUO-1",
    "a quota of an unknown name",
    () => new XenstoreStream().globalQuota({ colour: 1 }).end(),
    () => new XenstoreStream().globalQuota({ nodes: 1 }).end(),
  ),
];

export const XENSTORE_ROWS: readonly RuleRow[] = [
  ...READER,
  ...[...FRAMING, ...CONNECTIONS, ...WATCHES, ...NODES, ...GLOBALS].map(
    ({ rule, why, breaks, keeps, options }) =>
      row(
        rule.replace(":", "/"),
        why,
        () => breaks(new XenstoreStream(options)).end(),
        () => keeps(new XenstoreStream(options)).end(),
      ),
  ),
];
