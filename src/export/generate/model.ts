/**
 * What a synthetic guest is to the code that makes a stream of it: its memory, its records, and
 * what a restorer makes of its pages. HVM and PV each implement it. The guest's restored memory is
 * told by the model itself, not by a restore: descriptions are to be an independent check.
 */
import type { GuestKind } from "../../format/index.js";
import type { RecordItem } from "./items.js";
import type { MemoryMap } from "./memory.js";

/** What the new domain of a simulated restore is by default (LC-SIM-6). */
export const NEW_DOMAIN = { sharedInfoFrame: 0x7ff0, storePort: 101, consolePort: 102 } as const;

/** One synthetic guest. */
export interface GuestModel {
  readonly kind: GuestKind;
  readonly memory: MemoryMap;
  /**
   * Write the contents of a page as its copy of a pass has them.
   *
   * @param into  4096 bytes, all of which are written
   */
  page(pfn: number, version: number, into: Uint8Array): void;
  /**
   * Change a page from stream memory to restored memory: what the restorer's fix-ups leave.
   *
   * @param isPopulated  whether the guest has a pfn at the end
   * @returns whether there is a fix-up for the pfn
   */
  fixUp(pfn: number, page: Uint8Array, isPopulated: (pfn: number) => boolean): boolean;
  /** Records before the first page, without STATIC_DATA_END. */
  staticRecords(): RecordItem[];
  /** Records behind the static part and before the first page. */
  recordsBeforePages(): RecordItem[];
  /** Records that close a plain stream, or each epoch, without END and CHECKPOINT. */
  recordsBehindPages(): RecordItem[];
  /** HVM: parameters by index once the guest is restored; the new domain's ports are among them. */
  readonly restoredParams: readonly (readonly [index: number, value: bigint])[];
}
