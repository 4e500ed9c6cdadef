/**
 * What a breach of a rule is, before and after the profile judged it. Data only; how faults are
 * collected is collector.ts, what the rules are is rules/.
 */
import type { ContainerName, Layer } from "../format/index.js";

/** How severe the rules are: what Xen's restorer refuses, or also what the documents forbid. */
export type Profile = "restore" | "strict";

/** `error` rejects the image; `warning` and `note` do not. */
export type Severity = "error" | "warning" | "note";

/** Where in an image a fault lies. */
export interface Place {
  readonly layer: Layer;
  /** In the decompressed input, from its first byte. */
  readonly byteOffset: number;
  /** Ordinal of the record within its layer, from 0. */
  readonly recordIndex?: number | undefined;
  /** The record's name in the standard, or its number in hex. */
  readonly recordType?: string | undefined;
  readonly entryIndex?: number | undefined;
}

/** The bytes of one field, counted from where the fault is said to be. */
export interface FieldSpan {
  readonly at: number;
  readonly bytes: number;
}

/** A breach of one rule, not yet judged: the profile chooses its severity. */
export interface Fault extends Place {
  /** Id of the specification pages, listed in docs/RULES.md. */
  readonly rule: string;
  /** Which case of the rule, where it tells cases apart (a key of its `cases`). */
  readonly ruleCase?: string | undefined;
  /** What was found wrong, one sentence; left out, breaches/ tells it with the values. */
  readonly message?: string | undefined;
  readonly expected?: string | undefined;
  readonly actual?: string | undefined;
  /**
   * The field that is wrong; left out, fields.ts tells it by the rule. Null where this breach has
   * none, though others of its rule do.
   */
  readonly field?: FieldSpan | null | undefined;
  /** What to do about it; the rule's own hint if left out. */
  readonly hint?: string | undefined;
  /** The image does not fit a host: as its Xen sees it, or beyond what Xen itself looks at. */
  readonly onHost?: "xen" | "beyond-xen" | undefined;
}

/** Some bytes of the input, as they stand around a fault. */
export interface Excerpt {
  /** Of the first byte, in the decompressed input; a multiple of 16. */
  readonly byteOffset: number;
  /** Two lower-case digits a byte. */
  readonly hex: string;
}

/** A judged fault, as every report prints it. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly layer: Layer;
  readonly byteOffset: number;
  readonly recordIndex?: number;
  readonly recordType?: string;
  readonly entryIndex?: number;
  readonly message: string;
  readonly expected?: string;
  readonly actual?: string;
  readonly hint?: string;
  /** Where the field that is wrong stands, in the decompressed input; none where none is. */
  readonly field?: { readonly byteOffset: number; readonly bytes: number };
  /** Of the host that the image was checked against (`--on`), not of the image alone. */
  readonly onHost?: true;
  /** With `onHost`: Xen would not refuse it; the guest would suffer, or it is an estimate. */
  readonly beyondXen?: true;
  /** The bytes there: with the first findings of each rule, if the input can be read again. */
  readonly excerpt?: Excerpt;
}

/** The sum of an image's findings. */
export type Verdict = "accept" | "reject";

/** A chain of formats, outermost first. */
export type ContainerChain = readonly ContainerName[];
