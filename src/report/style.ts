/**
 * What a text needs to know of the place it is shown in. Facts only: cli/ finds them out, and lends
 * the functions that colour a word or lay out a table.
 */

/** Colours by name; each returns its text as it is where there are no colours. */
export type Paint = Readonly<
  Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>
>;

/** Where a text is shown. */
export interface Style {
  /** Characters in a line. */
  readonly columns: number;
  /** Whether long paths are cut to fit; not where a program may read them. */
  readonly cutPaths: boolean;
  /** Whether block characters can be shown. */
  readonly unicode: boolean;
  readonly paint: Paint;
}

/** Lays cells out in columns: one line a row, without a frame. */
export type TableMaker = (
  rows: readonly (readonly string[])[],
  aligns: readonly ("left" | "right")[],
) => readonly string[];

/** How much a text tells, and where it is shown. */
export interface TextOptions {
  /** Notes, every repetition, every record. */
  readonly verbose: boolean;
  /** 80 columns without colours if left out. */
  readonly style?: Style;
  /** Findings printed, all of them if left out; the others are counted. */
  readonly maxFindings?: number;
  /** Whether repeated findings of a rule are shown in short; if left out, unless `verbose`. */
  readonly collapse?: boolean;
}

const same = (text: string) => text;

/** 80 columns, no colours, ASCII. */
export const PLAIN: Style = {
  columns: 80,
  cutPaths: false,
  unicode: false,
  paint: { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same },
};
