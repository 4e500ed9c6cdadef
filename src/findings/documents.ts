/**
 * Types of the result documents: what --json prints for verify, restore, inspect and batch. Types
 * only: ops/ makes the documents, report/ prints them. Fields are only ever added.
 *
 * Byte counts and offsets are numbers, raw 64-bit values hex strings ("0x…"), hashes hex in lower
 * case. Two runs give equal documents once `elapsedMs` is removed.
 */
import type { GuestKind, Layer } from "../format/index.js";
import type { ContainerChain, Finding, Profile, Verdict } from "./finding.js";
import type { Enforcer, RuleCase, Severities } from "./rule.js";

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

/** Something that convert could not keep as it was, had to mend or had to make. */
export interface ConvertNote {
  /** Its kind, for programs. */
  readonly note: string;
  readonly message: string;
  /** Of what it is about, in the decompressed input. */
  readonly byteOffset?: number;
}

/** One image as convert gives it: what verify gives, and what became of it. */
export interface ConvertResult extends FileResult {
  /** The target, as `--to` names it. */
  readonly to: string;
  /** Left out where nothing was written; `file` is null for standard output. */
  readonly output?: { readonly file: string | null; readonly bytes: number };
  /** Why an image that is right was not converted. */
  readonly refusal?: string;
  readonly notes: readonly ConvertNote[];
}

/** `convert --json`. */
export interface ConvertDocument extends DocumentHead {
  readonly command: "convert";
  readonly files: readonly ConvertResult[];
}

/** One image as extract gives it: what verify gives, and what was written. */
export interface ExtractResult extends FileResult {
  /** Left out where nothing was written; `file` is null for standard output. */
  readonly output?: { readonly file: string | null; readonly bytes: number };
}

/** A file of guest memory that was written. */
export interface MemoryOutput {
  readonly path: string;
  readonly format: "raw" | "elf" | "lime";
  readonly state: "stream" | "restored";
  /** Length of the file, holes included. */
  readonly bytes: number;
  /** Pages of the guest in it. */
  readonly pages: number;
}

/** One image as extract gives it: what restore gives, and what was written. */
export interface ExtractFileResult extends RestoreFileResult {
  /** Left out where nothing was written. */
  readonly output?: MemoryOutput;
}

/** `extract --json`. */
export interface ExtractDocument extends DocumentHead {
  readonly command: "extract";
  readonly files: readonly ExtractFileResult[];
}

/** Pfns that have something in common: how many, their share of the guest, and which. */
export interface PfnSet {
  readonly pages: number;
  /** Ascending runs; those beyond what is listed are counted by `runsOmitted` of the whole. */
  readonly runs: readonly { readonly pfn: number; readonly count: number }[];
}

/** Bytes of one page that differ. */
export interface ChangedBytes {
  readonly pfn: number;
  /** In the page. */
  readonly offset: number;
  readonly bytes: number;
}

/** What diff found: B as seen from A. */
export interface DiffResult {
  readonly equal: boolean;
  readonly state: "stream" | "restored";
  readonly a: FileResult;
  readonly b: FileResult;
  /** Pages populated in A and in B. */
  readonly populatedPages: readonly [a: number, b: number];
  readonly added: PfnSet;
  readonly gone: PfnSet;
  /** Contents differ. */
  readonly changed: PfnSet;
  /** Page types differ; counts as a difference of PV guests alone. */
  readonly typeChanged: PfnSet;
  /** Pages added, gone or changed, in percent of all that either guest has. */
  readonly sharePercent: number;
  /** With `--bytes`. */
  readonly changedBytes?: readonly ChangedBytes[];
  /** Runs and byte ranges beyond those that are listed. */
  readonly omitted: number;
}

/** `diff --json`. */
export interface DiffDocument extends DocumentHead, DiffResult {
  readonly command: "diff";
}

/** A manifest that was written. */
export interface ManifestOutput {
  readonly path: string;
  readonly state: "stream" | "restored";
  readonly pages: number;
  readonly bytes: number;
  /** XXH3-64 over pfn and page digest, as `pageDigest` of restore. */
  readonly root: string;
  /** XXH3-64 of all bytes that are no page's last copy; left out for an input that is no file. */
  readonly rest?: string;
}

/** One image as manifest gives it. */
export interface ManifestFileResult extends FileResult {
  /** Left out where nothing was written. */
  readonly manifest?: ManifestOutput;
}

/** What an image is, measured by a manifest. */
export interface ManifestCheck {
  readonly path: string;
  readonly state: "stream" | "restored";
  /** Everything fits, and the image is accepted. */
  readonly matches: boolean;
  /** Pages whose contents were compared. */
  readonly pages: number;
  /** Pages whose contents are not those of the manifest, and where they stand in the image. */
  readonly rottenPages: number;
  readonly rotten: readonly { readonly pfn: number; readonly byteOffset?: number }[];
  /** Pfns that the manifest has and the image lacks, and the other way round. */
  readonly missing: PfnSet;
  readonly extra: PfnSet;
  /**
   * The bytes that are no page's last copy. `other-form`: the image has another container or
   * length than the one that the manifest was made of; `unknown`: there is no digest of them.
   */
  readonly rest: "same" | "differs" | "other-form" | "unknown";
}

/** One image as `manifest --check` gives it. */
export interface ManifestCheckResult extends FileResult {
  readonly check: ManifestCheck;
}

/** `manifest --json`. */
export interface ManifestDocument extends DocumentHead {
  readonly command: "manifest";
  readonly files: readonly (ManifestFileResult | ManifestCheckResult)[];
}

/** A header as inspect lists it. */
export interface InspectHeader {
  readonly layer: Layer;
  readonly name: string;
  readonly byteOffset: number;
  readonly bytes: number;
  /** By the standard's names. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A record as inspect lists it. */
export interface InspectRecord {
  readonly layer: Layer;
  /** Ordinal within its layer, from 0. */
  readonly index: number;
  readonly type: number;
  /** Name in the standard, or the number in hex. */
  readonly name: string;
  /** Of the record header. */
  readonly byteOffset: number;
  /** Of the body, without padding. */
  readonly length: number;
  /** The body, decoded; left out for PAGE_DATA and for bodies that were not read. */
  readonly decoded?: unknown;
}

/** A PAGE_DATA record as inspect lists it. */
export interface InspectBatch {
  /** Ordinal of the record within its layer. */
  readonly recordIndex: number;
  readonly byteOffset: number;
  readonly entries: number;
  readonly dataPages: number;
  /** Entries by the name of their page type. */
  readonly pageTypes: Readonly<Record<string, number>>;
}

/** The CPU policies of an image, each part where its record came. Numbers are hex strings. */
export interface CpuPolicyResult {
  readonly leaves?: readonly {
    readonly leaf: string;
    /** Left out where the leaf has none. */
    readonly subleaf?: number;
    readonly eax: string;
    readonly ebx: string;
    readonly ecx: string;
    readonly edx: string;
  }[];
  /** Features that the leaves grant, by name. */
  readonly features?: readonly string[];
  readonly msrs?: readonly { readonly index: string; readonly value: string }[];
}

/** A quota of a Xenstore stream; 0 is unlimited. */
export interface XenstoreQuotaResult {
  readonly name: string;
  readonly value: number;
}

/** What a Xenstore stream holds, put together. Values that are no printable text are in hex. */
export interface XenstoreResult {
  /** The committed tree, depth first; the first permission names a node's owner. */
  readonly nodes: readonly {
    readonly path: string;
    /** Levels below "/". */
    readonly level: number;
    readonly value?: string;
    readonly valueHex?: string;
    readonly permissions: readonly string[];
  }[];
  readonly watches: readonly {
    readonly connId: number;
    readonly wpath: string;
    readonly token: string;
    readonly depth: number | "unlimited" | "unknown";
  }[];
  readonly connections: readonly unknown[];
  readonly transactions: readonly unknown[];
  readonly pendingNodes: readonly unknown[];
  readonly quotas: {
    readonly domain: readonly XenstoreQuotaResult[];
    readonly global: readonly XenstoreQuotaResult[];
  } | null;
  readonly domains: readonly {
    readonly domid: number;
    readonly features: string;
    readonly quotas: readonly XenstoreQuotaResult[];
  }[];
  readonly global: unknown;
}

/** One image as inspect gives it: what verify gives, and everything that is in it. */
export interface InspectResult extends FileResult {
  readonly headers: readonly InspectHeader[];
  /** In the order of the input. */
  readonly records: readonly InspectRecord[];
  /** Records beyond those listed. */
  readonly recordsOmitted?: number;
  readonly batches: readonly InspectBatch[];
  /** The records of the HVM context, decoded. */
  readonly hvmContext?: unknown;
  /** The CPUID and MSR policies, decoded. */
  readonly cpuPolicy?: CpuPolicyResult;
  /** What a Xenstore stream holds. */
  readonly store?: XenstoreResult;
  /** xl's JSON as a value; libvirt's XML and xl's text as a string. */
  readonly config?: unknown;
}

/** `inspect --json`. */
export interface InspectDocument extends DocumentHead, InspectResult {
  readonly command: "inspect";
}

/** One rule, as `explain --json` prints it. */
export interface ExplainResult {
  readonly rule: string;
  readonly sentence: string;
  /** Title of the page of docs/RULES.md that it stands on. */
  readonly page: string;
  readonly source: string;
  readonly enforcedBy: readonly Enforcer[];
  readonly severity: Severities;
  /** Ways to break it that are told apart. */
  readonly cases?: Readonly<Record<string, RuleCase>>;
  /** Where those who enforce it differ. */
  readonly disagree?: string;
  readonly example?: string;
  /** What to do about a breach. */
  readonly hint?: string;
  /** Why no file can show a breach. */
  readonly notVisible?: string;
}

/** `explain --json`. */
export interface ExplainDocument extends DocumentHead, ExplainResult {
  readonly command: "explain";
}

/** What a batch does with each image. */
export type BatchOperation = "verify" | "restore";

/** First line of `batch --json`. */
export interface BatchBeginLine {
  readonly v: DocumentVersion;
  readonly type: "begin";
  readonly tool: ToolIdentity;
  readonly operation: BatchOperation;
  readonly profile: Profile;
  /** Images asked for, those of a resumed journal included. */
  readonly files: number;
}

/** An image that was judged, as verify or restore gives it, in order of completion. */
export interface BatchFileLine extends RestoreFileResult {
  readonly v: DocumentVersion;
  readonly type: "file";
}

/** An image without a verdict: it could not be read, or a limit or bug of ours was in the way. */
export interface BatchFailureLine {
  readonly v: DocumentVersion;
  readonly type: "file";
  readonly file: string;
  readonly error: {
    /** `code` of the typed error. */
    readonly code: string;
    readonly message: string;
    readonly exitCode: 1 | 2 | 3;
  };
}

/** Last line of `batch --json`. */
export interface BatchSummaryLine {
  readonly v: DocumentVersion;
  readonly type: "summary";
  readonly files: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
  /** Of all images that were judged. */
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** Any line of `batch --json`: one JSON object each. */
export type BatchLine = BatchBeginLine | BatchFileLine | BatchFailureLine | BatchSummaryLine;

/** SHA-256 of memory, as restore gives it. */
export type GenerateDigests = Required<Pick<MemoryResult, "streamSha256" | "restoredSha256">>;

/** `generate`: what the image is, told by what made it. Printed by --json, kept beside the image. */
export interface GenerateDescription extends DocumentHead {
  readonly command: "generate";
  /** Of the image. */
  readonly bytes: number;
  /** Of the image's bytes (`--digest sha256`). */
  readonly sha256?: string;
  /** Every option that decides the bytes, by the names of the flags. */
  readonly options: {
    readonly size: number;
    readonly seed: number;
    readonly guest: string;
    readonly container: string;
    readonly vcpus: number;
    readonly streamVersion: number;
    readonly live: number;
    readonly checkpoints: number;
    readonly verify: boolean;
    readonly zero: number;
    readonly repeat: number;
    readonly genid: string | null;
  };
  readonly container: ContainerChain;
  /** The image must be read with --checkpointed: its bytes alone do not tell. */
  readonly checkpointed: boolean;
  /** Rule that the image breaches; what follows is then left out. */
  readonly fault: string | null;
  readonly stream?: StreamResult;
  readonly memory?: Partial<GenerateDigests> & {
    readonly populatedPages: number;
    readonly maxPfn: number;
  };
  /** HVM: parameters by index, as restore gives them. */
  readonly hvmParams?: Readonly<Record<string, string>>;
  /** As restore gives them. */
  readonly emulator?: readonly EmulatorResult[];
  readonly xenstore?: readonly (readonly [key: string, value: string])[];
}
