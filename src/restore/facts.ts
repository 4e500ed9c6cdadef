/**
 * What is known of a domain while its stream is restored: the records that were taken over, and
 * what was refused. Data only; the machine changes it, completion and reports read it.
 */
import type { GuestKind } from "../format/index.js";
import type { RecordHead } from "../stream/index.js";

/** A record body that is kept, with the place it came from. */
export interface KeptRecord {
  readonly head: RecordHead;
  readonly body: Uint8Array;
}

/** A record whose body no restorer refuses by itself. */
export interface DecodedRecord extends KeptRecord {
  readonly value: unknown;
}

/** The records of one PV vcpu; later ones replace earlier ones (LC-PV-16). */
export interface VcpuRecords {
  basic?: KeptRecord;
  extended?: KeptRecord;
  xsave?: KeptRecord;
  msrs?: KeptRecord;
}

/** One thing that a restorer does to the guest beyond placing pages. */
export interface CompletionStep {
  readonly step: string;
  readonly pfn?: number;
  readonly what: string;
}

/** The static part's state: STATIC_DATA_END not yet seen, seen, inferred (v2), or found missing. */
export type StaticPart = "open" | "ended" | "inferred" | "missing";

/** One libxc stream's domain. */
export class DomainFacts {
  readonly guest: GuestKind | null;
  readonly version: number;
  readonly xen: string;
  /** The container's config tells of a PVH guest. */
  pvh = false;
  staticPart: StaticPart = "open";
  pvWidth: 4 | 8 | null = null;
  pvLevels: number | null = null;
  /** P2M_FRAMES records seen and taken over. */
  p2mRecords = 0;
  /** Pfn of each p2m page, by p2m page index. */
  readonly p2mFrames: number[] = [];
  /** The record that holds the p2m pages, for findings. */
  p2mHead: RecordHead | null = null;
  readonly vcpus = new Map<number, VcpuRecords>();
  readonly hvmParams = new Map<number, bigint>();
  /** How often a parameter cleared a page (LC-SIM-4). */
  clearedPages = 0;
  hvmContext: KeptRecord | null = null;
  tscInfo: KeptRecord | null = null;
  sharedInfo: KeptRecord | null = null;
  cpuidPolicy: KeptRecord | null = null;
  msrPolicy: KeptRecord | null = null;
  /** Checkpoints committed. */
  checkpoints = 0;
  /** Libxc records given, by name. */
  readonly recordTypes = new Map<string, number>();
  records = 0;
  /** Names of records that were refused: rules whose premise they were are left out. */
  readonly refused = new Set<string>();
  readonly completion: CompletionStep[] = [];
  /** True once the completion after END was run. */
  completed = false;

  constructor(guest: GuestKind | null, version: number, xen: string) {
    this.guest = guest;
    this.version = version;
    this.xen = xen;
  }

  /** Highest id of a vcpu with records, plus 1; 0 without any. Ids are claims, up to 2^32 - 1. */
  get vcpuCount(): number {
    let count = 0;
    for (const id of this.vcpus.keys()) count = Math.max(count, id + 1);
    return count;
  }

  /** The records of a vcpu, made if this is its first. */
  vcpu(id: number): VcpuRecords {
    let records = this.vcpus.get(id);
    if (records === undefined) {
      records = {};
      this.vcpus.set(id, records);
    }
    return records;
  }
}
