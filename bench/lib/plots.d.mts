/** Types of plots.mjs, for its tests. */
export function plotsOf(run: {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly options: { readonly sizeMiB: number };
  readonly answers: Readonly<Record<string, { readonly question: string }>>;
}): string;
