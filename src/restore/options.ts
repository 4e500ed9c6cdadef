/**
 * What the one who restores decides or knows: the new domain's numbers, the memory model, limits.
 */
import type { MemoryModel, PageEngine } from "../engine/port.js";
import type { Fault, Limits } from "../findings/index.js";
import type { GuestKind } from "../format/index.js";
import type { BatchFacts } from "../guest/index.js";
import type { HostFit } from "./host-fit.js";

/** Makes what watches one image for a host. Passed in, so that it is loaded where it is wanted. */
export type HostCheck = (report: (fault: Fault) => void) => HostFit;

export interface RestoreOptions {
  readonly engine: PageEngine;
  /** May depend on the guest, whose kind is known when its stream begins. */
  readonly model: MemoryModel | ((guest: GuestKind) => MemoryModel);
  /** Resident: see GuestOptions. */
  readonly fillLater?: boolean | undefined;
  readonly limits: Limits;
  /** Indexed: read page contents too, though no check needs them (`--read-data`). */
  readonly readData: boolean;
  /** The domain's vcpu count; null where nobody told: then highest vcpu id + 1 (LC-PV-14). */
  readonly vcpus: number | null;
  /** Frame of the new domain's shared info page, its store and console ports (LC-SIM-6). */
  readonly sharedInfoFrame: number;
  readonly storePort: number;
  readonly consolePort: number;
  /** The guest as of this many committed checkpoints; null: as of the last one. */
  readonly checkpoint: number | null;
  /** The host that the image is checked against, too; null or left out: none. */
  readonly host?: HostCheck | null | undefined;
  /** Is told of every PAGE_DATA record that was taken over. */
  readonly onBatch?: ((facts: BatchFacts) => void) | undefined;
  /** Takes every fault. Returns true if it stops Xen's restorer (error in profile `restore`). */
  readonly report: (fault: Fault) => boolean;
  /** A rule was left out because its premise came from a refused record. */
  readonly suppress: () => void;
}

/** Defaults of a simulated domain (LC-SIM-6). */
export const DOMAIN_DEFAULTS = {
  sharedInfoFrame: 0x7ff0,
  storePort: 101,
  consolePort: 102,
} as const;
