/**
 * Page-table pages of a PV guest with identity frames: which present entries name a pfn beyond
 * max_pfn, and which pfns are populated because an entry names them. Source: specification LC-SIM-5
 * and LC-SIM-6.
 *
 *   table entry   51..12 pfn | 0 present      512 of 8 bytes in a page, also in 32-bit guests
 */
import type { TableFault, TableScan } from "../port.js";
import type { Banks } from "./banks.js";

const SLOTS = 512;
/** Faults that one scan lists; they are all counted. */
const FAULTS_LISTED = 1024;
const PRESENT = 1;
/** Bits 51..32 of an entry, in its upper half: bits 39..20 of the pfn. */
const HIGH_PFN_MASK = 0x000f_ffff;
const HIGH_PFN_UNIT = 0x10_0000;

/** What scanning has found; add the pages of a window one by one. */
export class ScanResult implements TableScan {
  readonly faults: TableFault[] = [];
  faultCount = 0;
  populated = 0;

  /** Scan one table, which begins at word `at`. */
  add(words: Uint32Array, at: number, dataPage: number, maxPfn: number, banks: Banks): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const low = words[at + 2 * slot]!;
      if ((low & PRESENT) === 0) continue;
      const high = words[at + 2 * slot + 1]!;
      const pfn = (high & HIGH_PFN_MASK) * HIGH_PFN_UNIT + (low >>> 12);
      if (pfn > maxPfn) this.#fault({ dataPage, slot, pfn });
      else if (banks.populate(pfn)) this.populated++;
    }
  }

  #fault(fault: TableFault): void {
    this.faultCount++;
    if (this.faults.length < FAULTS_LISTED) this.faults.push(fault);
  }
}
