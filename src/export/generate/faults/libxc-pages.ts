/** Faults of PAGE_DATA, of page tables and of the VERIFY phase. Rules: LC-PG, LC-SIM, LC-VER. */
import {
  PAGE_BYTES,
  PAGE_TYPE_NOTAB,
  REC_TYPE_PAGE_DATA,
  REC_TYPE_VERIFY,
} from "../../../format/index.js";
import { carriesData, readU32, writeU32 } from "../../../stream/index.js";
import { libxcRecord } from "../cpu.js";
import type { BatchItem, Item } from "../items.js";
import type { GenerateOptions } from "../options.js";
import { writeSlot } from "../pv-layout.js";
import { editBatch, insertBefore, isBatch, type Match, nth } from "./edits.js";
import { findEntry, hasData, hasTable, isTableType, pageOf, writeEntry } from "./entries.js";
import type { FaultRow } from "./fault.js";

const INVALID_TYPE = 6;
const RESERVED_BIT = 0x0010_0000;
const COUNT_TOO_MANY = 0x2000_0001;
const TABLE_PRESENT = 1;
const SLOT_SUPERPAGE = 0x81;
const firstBatch = nth(isBatch, 0);
const firstData = nth(hasData, 0);
const firstTable = nth(hasTable, 0);

export const LIBXC_PAGES_FAULTS: readonly FaultRow[] = [
  { rule: "LC-PG-1", edit: insertBefore(firstBatch, () => [pageRecord(4)]) },
  { rule: "LC-PG-2", edit: insertBefore(firstBatch, () => [pageRecord(8)]) },
  { rule: "LC-PG-3", edit: insertBefore(firstBatch, () => [pageRecord(16, COUNT_TOO_MANY)]) },
  {
    rule: "LC-PG-4",
    edit: editBatch(firstData, (batch) => ({
      ...batch,
      pages: batch.pages.subarray(0, batch.pages.length - PAGE_BYTES),
    })),
  },
  {
    rule: "LC-PG-5",
    edit: editBatch(firstData, (batch) => {
      const index = findEntry(batch.entries, carriesData);
      writeEntry(batch.entries, index, INVALID_TYPE, index);
      return batch;
    }),
  },
  {
    rule: "LC-PG-6",
    edit: editBatch(firstBatch, (batch) => {
      writeU32(batch.entries, 4, readU32(batch.entries, 4) | RESERVED_BIT);
      return batch;
    }),
  },
  { rule: "LC-PG-7", edit: editBatch(firstBatch, (batch) => ({ ...batch, reserved: 1 })) },
  {
    rule: "LC-PG-8",
    edit: editBatch(firstData, (batch, options) => {
      const index = findEntry(batch.entries, (type) => type === PAGE_TYPE_NOTAB);
      writeEntry(batch.entries, index, PAGE_TYPE_NOTAB, pfnOutside(options));
      return batch;
    }),
  },
  {
    rule: "LC-SIM-5",
    needs: { kind: "pv" },
    edit: editBatch(firstTable, (batch, options) => {
      const table = pageOf(batch, findEntry(batch.entries, isTableType));
      writeSlot(table, 0, options.sizeBytes / PAGE_BYTES, TABLE_PRESENT);
      return batch;
    }),
  },
  {
    rule: "LC-SIM-7",
    needs: { kind: "pv" },
    edit: editBatch(firstTable, (batch) => {
      const table = pageOf(batch, findEntry(batch.entries, isTableType));
      writeU32(table, 0, readU32(table, 0) | SLOT_SUPERPAGE);
      return batch;
    }),
  },
  { rule: "LC-VER-3", needs: { verify: true }, edit: editBatch(dataBehindVerify, changedPage) },
];

/** A PAGE_DATA record that is too short to be one, or claims a count. */
function pageRecord(bytes: number, count = 0): Item {
  const body = new Uint8Array(bytes);
  if (count > 0) writeU32(body, 0, count);
  return libxcRecord(REC_TYPE_PAGE_DATA, body);
}

/** The first pfn that no guest of this kind has. */
function pfnOutside({ guest, sizeBytes }: GenerateOptions): number {
  return guest === "hvm" || guest === "pvh" ? 2 ** 36 : sizeBytes / PAGE_BYTES;
}

function changedPage(batch: BatchItem): BatchItem {
  const last = batch.pages.length - 1;
  batch.pages[last] = (batch.pages[last] ?? 0) ^ 1;
  return batch;
}

function dataBehindVerify(): Match {
  let verifying = false;
  let done = false;
  return (item) => {
    if (item.kind === "record" && item.type === REC_TYPE_VERIFY) verifying = true;
    const chosen = verifying && !done && hasData(item);
    done ||= chosen;
    return chosen;
  };
}
