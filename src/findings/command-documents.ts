/**
 * Documents of explain and generate, and the lines of `batch --json`. Types only; see documents.ts
 * for what they share with the others.
 */
import type {
  DocumentHead,
  DocumentVersion,
  EmulatorResult,
  MemoryResult,
  RestoreFileResult,
  StreamResult,
  ToolIdentity,
} from "./documents.js";
import type { ContainerChain, Finding, Profile } from "./finding.js";
import type { ManifestCheck, ManifestOutput } from "./memory-documents.js";
import type { Enforcer, RuleCase, Severities } from "./rule.js";

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
  /** With `--manifest-dir`: the manifest that was made of the image. */
  readonly manifest?: ManifestOutput;
  /** With `--manifest-dir`: the image measured by the manifest that was there. */
  readonly check?: ManifestCheck;
  /** Of a URL: which object it was that was judged, an ETag or a date; of no fixed form. */
  readonly objectIdentity?: string;
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
    /** Of a bug of ours, for a report. */
    readonly stack?: string;
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
  /** Accepted or rejected, but not what their manifest says (`--manifest-dir`). */
  readonly mismatched?: number;
  /** Without an outcome, as the run was stopped at a bad image (`--fail-fast`). */
  readonly notDone?: number;
  /** Taken over from an earlier run (`--resume`); they are counted above too. */
  readonly earlier?: number;
  /** Of all images that were judged. */
  readonly bytes: number;
  readonly elapsedMs: number;
}

/** A bad image of a batch in short: what a summary shows of it. */
export interface BatchBadImage {
  readonly file: string;
  /** Why there is no verdict; null where there is one. */
  readonly error: BatchFailureLine["error"] | null;
  /** Findings that reject it, the first of them (null if there is none). */
  readonly errorCount: number;
  readonly firstError: Finding | null;
  /** Why it does not match its manifest; null where it does, or there is none. */
  readonly check: ManifestCheck | null;
}

/** Any line of `batch --json`: one JSON object each. */
export type BatchLine = BatchBeginLine | BatchFileLine | BatchFailureLine | BatchSummaryLine;

/** `worker --json`: what it has done when it ends. The images' results went to their batches. */
export interface WorkerDocument extends DocumentHead {
  readonly command: "worker";
  readonly images: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
}

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
