/** Types of text.mjs, for its tests. */
import type { Answer, Row } from "./rows.js";

type Told = Pick<Row, "unit" | "median"> & Partial<Row>;

export function headline(machine: {
  readonly cpu: string;
  readonly cpus: number;
  readonly node: string;
  readonly load: string;
}): string;

export function tableOf(
  answer: Omit<Answer, "rows"> & { readonly rows: readonly Omit<Row, "samples">[] },
): string;

export function targetOf(row: Told): { readonly bound: string; readonly met: boolean } | null;

export function figure(value: number): string;
