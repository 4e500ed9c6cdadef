/**
 * Result documents of what writes or compares images and memory: convert, extract, diff, manifest.
 * Types only; see documents.ts for what they share with the others.
 */
import type {
  DocumentHead,
  FileResult,
  GenerationIdResult,
  PfnSet,
  RestoreFileResult,
} from "./documents.js";

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
  /** Left out where the guest has none, for a pipe, and where nothing was written. */
  readonly genid?: GenerationIdResult;
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
