/**
 * Types of the result documents: what --json prints for verify and restore, and what all documents
 * share; those of the other commands stand beside this file. Types only: ops/ makes the documents,
 * report/ prints them. Fields are only ever added.
 *
 * Byte counts and offsets are numbers, raw 64-bit values hex strings ("0x…"), hashes hex in lower
 * case. Two runs give equal documents once `elapsedMs` is removed.
 */
import type { GuestKind } from "../format/index.js";
import type { ContainerChain, Finding, Profile, Verdict } from "./finding.js";
import type { HostResult } from "./host-document.js";

/** Version of every document; moves only if a field changes its meaning. */
export type DocumentVersion = 1;

/** What made a document. */
export interface ToolIdentity {
  readonly name: "xenstream";
  readonly version: string;
}

/** How every document begins. */
export interface DocumentHead {
  readonly v: DocumentVersion;
  readonly command: string;
  readonly tool: ToolIdentity;
}

/** What a libxc or legacy stream held. Counts are of its own records, not of containers'. */
export interface StreamResult {
  /** Of the stream: 2 or 3; for a legacy stream that of its translation. */
  readonly version: number;
  /** Left out where the domain header tells none; HVM stands for PVH too. */
  readonly guest?: GuestKind;
  /** Xen that saved it, as "4.22"; empty where nothing tells. */
  readonly xen: string;
  /** Checkpoints that were committed. */
  readonly checkpoints: number;
  readonly records: number;
  /** Records by the name of their type. */
  readonly recordTypes: Readonly<Record<string, number>>;
  /** PAGE_DATA entries, and those among them that carry a page. */
  readonly entries: number;
  readonly dataPages: number;
  /** Entries by the name of their page type; types that do not occur are left out. */
  readonly pageTypes: Readonly<Record<string, number>>;
  /** Bytes behind the end of the outermost stream. */
  readonly trailingBytes: number;
}

/** One image as verify gives it; restore and inspect add to it. */
export interface FileResult {
  /** As the caller named it. */
  readonly file: string;
  /** Of the decompressed input; left out where reading stopped before its end was known. */
  readonly bytes?: number;
  readonly verdict: Verdict;
  readonly profile: Profile;
  /** From opening the input to the verdict, start-up not counted. */
  readonly elapsedMs: number;
  readonly container: ContainerChain;
  /** There once a libxc or legacy stream was found. */
  readonly stream?: StreamResult;
  /** Rules left out because their premise came from a refused record. */
  readonly suppressed: number;
  /** Findings beyond what is kept for one image; they count for the verdict. */
  readonly findingsDropped?: number;
  /** By byteOffset, then rule. */
  readonly findings: readonly Finding[];
  /** With `--on`: whether a host would take the image, too. */
  readonly host?: HostResult;
}

/** `verify --json`. */
export interface VerifyDocument extends DocumentHead {
  readonly command: "verify";
  readonly files: readonly FileResult[];
}

/** The guest's memory after a simulated restore. */
export interface MemoryResult {
  readonly model: "resident" | "indexed";
  /** After the restorer's fix-ups. */
  readonly populatedPages: number;
  readonly zeroPages?: number;
  readonly distinctPages?: number;
  readonly residentBytes?: number;
  /** Highest populated pfn, -1 if there is none. */
  readonly maxPfn: number;
  /** SHA-256 of memory as the page records alone leave it (`--digest sha256`). */
  readonly streamSha256?: string;
  /** SHA-256 of memory after the fix-ups (`--digest sha256`). */
  readonly restoredSha256?: string;
  /** XXH3-64 of page digests after the fix-ups (`--digest xxh3`). */
  readonly pageDigest?: string;
}

/** One thing that a restorer does to the guest beyond placing pages. */
export interface CompletionResult {
  /** Id of the rule that tells of the step. */
  readonly step: string;
  readonly pfn?: number;
  readonly what: string;
}

/** The VM Generation ID of a guest that has one. */
export interface GenerationIdResult {
  /** Guest-physical address of its 16 bytes. */
  readonly address: string;
  /** 32 digits in memory order. */
  readonly old: string;
  readonly new: string;
  /** The new id as Xenstore has it: two decimal words with a colon between. */
  readonly xenstore: string;
}

/** The state of an emulator, as the container hands it on. */
export interface EmulatorResult {
  /** Emulator id of the libxl stream document. */
  readonly id: number;
  /** Without the record's head. */
  readonly bytes: number;
}

/** Pfns that have something in common: how many, their share of the guest, and which. */
export interface PfnSet {
  readonly pages: number;
  /** Ascending runs; those beyond what is listed are counted by `runsOmitted` of the whole. */
  readonly runs: readonly { readonly pfn: number; readonly count: number }[];
}

/** What is whole of a damaged image (`--salvage`). */
export interface SalvageResult {
  /** Pages whose latest contents were recovered. */
  readonly wholePages: number;
  /** Pfns that the image names, whose latest contents it lacks. */
  readonly notWhole: PfnSet;
  /** PAGE_DATA records with a bad entry: which page is whose cannot be told. */
  readonly refusedRecords: number;
  /** Bytes in which no record was found. */
  readonly passedOver: readonly { readonly byteOffset: number; readonly bytes: number }[];
  readonly passedOverBytes: number;
}

/** One image as restore gives it. What the image does not have is left out. */
export interface RestoreFileResult extends FileResult {
  readonly memory?: MemoryResult;
  /** Value by decimal index. */
  readonly hvmParams?: Readonly<Record<string, string>>;
  readonly completion?: readonly CompletionResult[];
  readonly genid?: GenerationIdResult;
  readonly emulator?: readonly EmulatorResult[];
  /** Keys and values for the device model's node in Xenstore. */
  readonly xenstore?: readonly (readonly [key: string, value: string])[];
  /** With `--salvage`; the memory is what was recovered then. */
  readonly salvage?: SalvageResult;
}

/** `restore --json`. */
export interface RestoreDocument extends DocumentHead {
  readonly command: "restore";
  readonly files: readonly RestoreFileResult[];
}
