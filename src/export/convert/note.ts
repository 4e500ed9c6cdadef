/**
 * What a conversion has to say: something that could not be kept, was mended, or had to be made.
 * Data only; who prints it is not known here.
 */

/** Kinds of notes, for programs. */
export type ConversionNoteKind =
  | "record-dropped"
  | "records-merged"
  | "epoch-dropped"
  | "emulator-dropped"
  | "emulator-missing"
  | "xenstore-dropped"
  | "config-dropped"
  | "config-made"
  | "genid-missing"
  | "genid-not-configured"
  | "genid-differs"
  | "section-dropped"
  | "verify-dropped"
  | "verify-mended"
  | "depth-dropped"
  | "depth-unknown"
  | "shifted-watch-mended"
  | "features-dropped"
  | "malformed-kept";

/** One note. Each is a warning: what it tells is not in the output as it was in the source. */
export interface ConversionNote {
  readonly note: ConversionNoteKind;
  readonly message: string;
  /** Of what it is about, in the source. */
  readonly byteOffset?: number;
}

/** Takes notes. */
export type TakeNote = (note: ConversionNote) => void;
