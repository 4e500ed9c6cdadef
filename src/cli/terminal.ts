/**
 * What is known of the terminal that a text goes to: colours, columns, characters. Looks at streams
 * and environment once per command; report/ is told and knows no terminal.
 */
import { PLAIN, type Style } from "../report/index.js";
import { DEFAULT_COLUMNS, mayBeTerminal } from "./output.js";

/** What the answer depends on: a stream and an environment. */
export interface TerminalFacts {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
}

/** Below this, lines run over rather than become unreadable. */
const MIN_COLUMNS = 40;
const MAX_COLUMNS = 160;

/** The facts of standard output or standard error. */
export function factsOf(name: "stdout" | "stderr"): TerminalFacts {
  const stream = mayBeTerminal(name === "stdout" ? 1 : 2) ? process[name] : null;
  return {
    isTTY: stream?.isTTY === true,
    columns: stream?.columns,
    env: process.env,
    platform: process.platform,
  };
}

/** How a text looks on a terminal of these facts. The library of colours is loaded for colours. */
export async function styleFor(
  facts: TerminalFacts,
  color: "auto" | "always" | "never",
): Promise<Style> {
  const paint = wantsColor(facts, color)
    ? (await import("picocolors")).default.createColors(true)
    : PLAIN.paint;
  const columns = facts.isTTY ? facts.columns || DEFAULT_COLUMNS : DEFAULT_COLUMNS;
  return {
    columns: Math.min(MAX_COLUMNS, Math.max(MIN_COLUMNS, columns)),
    cutPaths: facts.isTTY,
    // A pipe gets what any tool can count and match.
    unicode: facts.isTTY && isUnicode(facts),
    paint: {
      bold: paint.bold,
      dim: paint.dim,
      red: paint.red,
      green: paint.green,
      yellow: paint.yellow,
      cyan: paint.cyan,
    },
  };
}

/** The flag decides; then NO_COLOR, FORCE_COLOR, and whether somebody is looking. */
export function wantsColor(facts: TerminalFacts, color: "auto" | "always" | "never"): boolean {
  if (color !== "auto") return color === "always";
  const { NO_COLOR, FORCE_COLOR, TERM } = facts.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return facts.isTTY && TERM !== "dumb";
}

/** Whether the locale says UTF-8: bars are drawn with blocks then, else with ASCII. */
export function isUnicode({ env, platform }: TerminalFacts): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  return /utf-?8/i.test(locale) || (locale === "" && platform !== "linux");
}
