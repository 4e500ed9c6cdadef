/**
 * Rows of the libxc stream's headers, framing, record types, PAGE_DATA and VERIFY:
 * LC-HDR, LC-DOM, LC-REC, LC-TYP, LC-PG, LC-VER.
 */
import { concat, patternPage, u32le, u64le, zeros } from "../../builders/bytes.js";
import { hvmContextBlob } from "../../builders/hvm.js";
import {
  type HeaderFields,
  headers,
  PAGE,
  pageData,
  REC,
  sharedInfo,
  staticDataEnd,
  verify,
} from "../../builders/libxc.js";
import { join, libxcRecord, type Part } from "../../builders/parts.js";
import { beforeEnd, hvm, instead, pv, type RuleRow, row } from "./row.js";

const LIBXC = { formatHint: "libxc" };
const head = (fields: HeaderFields): Part[] => [headers(fields), ...hvm().slice(1)];
const cut = (bytes: number) => join(hvm()).subarray(0, bytes);
const extra = (...parts: Part[]): Part[] => beforeEnd(hvm(), ...parts);
/** The sound stream with its one PAGE_DATA record replaced. */
const pages = (part: Part): Part[] => instead(hvm(), REC.PAGE_DATA, part);
const v2 = (): Part[] => [
  headers({ version: 2, xenMinor: 6 }),
  ...hvm()
    .slice(1)
    .filter(({ type }) => type !== null && type < REC.STATIC_DATA_END),
];
const oddPadding = (padding: number): Part =>
  libxcRecord(REC.HVM_CONTEXT, concat(hvmContextBlob(), zeros(7)), {
    padding: Uint8Array.of(padding),
  });
const oneEntry = (surplus: number): Part =>
  libxcRecord(REC.PAGE_DATA, concat(u32le(1), u32le(0), u64le(1), zeros(4096 + surplus)));
const hole = (lies: Parameters<typeof pageData>[1] = {}) =>
  pageData([{ pfn: 1, type: PAGE.XTAB }], lies);
const OPTIONAL = 0x8000_0013;

export const LIBXC_FRAMING: readonly RuleRow[] = [
  row("LC-HDR-1", "an image header of 23 bytes", () => cut(23), hvm),
  row("LC-HDR-2", "a zero bit in the marker", () => head({ marker: 2n ** 56n - 1n }), hvm, LIBXC),
  row("LC-HDR-3", "id XENG", () => head({ id: 0x5845_4e47 }), hvm, LIBXC),
  row("LC-HDR-4", "version 4", () => head({ version: 4 }), v2),
  row("LC-HDR-5", "a big-endian body", () => head({ options: 1 }), hvm),
  row("LC-HDR-6", "option bit 1", () => head({ options: 2 }), hvm),
  row("LC-HDR-7", "the reserved u32 is 1", () => head({ reserved32: 1 }), hvm),
  row("LC-DOM-1", "domain type 3", () => head({ type: 3 }), hvm),
  row("LC-DOM-2", "page shift 13", () => head({ pageShift: 13 }), hvm),
  row("LC-DOM-2/same-modulo-32", "page shift 44", () => head({ pageShift: 44 }), hvm),
  row("LC-DOM-3", "the reserved u16 is 1", () => head({ domainReserved: 1 }), hvm),
  row(
    "LC-REC-2",
    "type 0x13",
    () => extra(libxcRecord(0x13)),
    () => extra(libxcRecord(OPTIONAL)),
  ),
  row("LC-REC-3", "type 0x80000013", () => extra(libxcRecord(OPTIONAL)), hvm),
  row(
    "LC-REC-4",
    "a length of 128 MiB and a byte",
    () => extra(libxcRecord(OPTIONAL, zeros(8), { length: 0x0800_0001 })),
    () => extra(libxcRecord(OPTIONAL, zeros(8), { length: 0x0800_0000 })),
  ),
  row(
    "LC-REC-4/old-limit",
    "a body of 8 MiB and a byte",
    () => extra(libxcRecord(OPTIONAL, zeros(0x80_0001))),
    () => extra(libxcRecord(OPTIONAL, zeros(0x80_0000))),
  ),
  row("LC-REC-5", "the last byte is missing", () => join(hvm()).subarray(0, -1), hvm),
  row(
    "LC-REC-6",
    "padding of 1",
    () => instead(hvm(), REC.HVM_CONTEXT, oddPadding(1)),
    () => instead(hvm(), REC.HVM_CONTEXT, oddPadding(0)),
  ),
  row(
    "LC-REC-8",
    "VERIFY with a body",
    () => extra(libxcRecord(REC.VERIFY, zeros(8))),
    () => extra(verify()),
  ),
  row("LC-TYP-1", "SHARED_INFO in an HVM stream", () => extra(sharedInfo()), pv),
  row("LC-TYP-2", "TOOLSTACK", () => extra(libxcRecord(REC.TOOLSTACK, zeros(8))), hvm),
  row(
    "LC-TYP-3",
    "CHECKPOINT_DIRTY_PFN_LIST",
    () => extra(libxcRecord(REC.CHECKPOINT_DIRTY_PFN_LIST, zeros(8))),
    hvm,
  ),
  row(
    "LC-TYP-4",
    "STATIC_DATA_END in version 2",
    () => [...v2().slice(0, 1), staticDataEnd(), ...v2().slice(1)],
    v2,
  ),
  row("LC-PG-1", "7 bytes", () => pages(libxcRecord(REC.PAGE_DATA, zeros(7))), hvm),
  row(
    "LC-PG-2",
    "no entry",
    () => pages(libxcRecord(REC.PAGE_DATA, zeros(8))),
    () => pages(hole()),
  ),
  row(
    "LC-PG-3",
    "a count of 2",
    () => pages(hole({ count: 2 })),
    () => pages(hole()),
  ),
  row(
    "LC-PG-4",
    "8 bytes too many",
    () => pages(oneEntry(8)),
    () => pages(oneEntry(0)),
  ),
  row(
    "LC-PG-5",
    "type 5",
    () => pages(pageData([{ pfn: 1, type: 5 }])),
    () => pages(pageData([{ pfn: 1, type: PAGE.L4TAB }])),
  ),
  row("LC-PG-6", "bit 52", () => pages(pageData([{ pfn: 1, reserved: 1 }])), hvm),
  row(
    "LC-PG-7",
    "the reserved word is 1",
    () => pages(hole({ reserved: 1 })),
    () => pages(hole()),
  ),
  row(
    "LC-PG-8",
    "a PV pfn beyond max_pfn",
    () => pv({ batches: [[{ pfn: 16, type: PAGE.XTAB }]] }),
    () => pv({ batches: [[{ pfn: 15, type: PAGE.XTAB }]] }),
  ),
  row(
    "LC-PG-8/hvm-huge",
    "an HVM pfn of 2^36 that populates",
    () => pages(pageData([{ pfn: 2 ** 36 }])),
    () => pages(pageData([{ pfn: 2 ** 36, type: PAGE.XTAB }])),
  ),
  row(
    "LC-VER-3",
    "another page behind VERIFY",
    () => extra(verify(), pageData([{ pfn: 1, page: patternPage(2) }])),
    () => extra(verify(), pageData([{ pfn: 1, page: patternPage(1) }])),
  ),
];
