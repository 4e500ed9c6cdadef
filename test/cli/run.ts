/**
 * Runs the bundled command as a user does: its own process, its own streams. Not a test itself.
 */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
export const COMMAND = join(ROOT, "dist/xenstream.cjs");
/** What it loads; the code that V8 made of that stands beside too, and may be missing. */
export const PARTS = join(ROOT, "dist/xenstream.parts.cjs");
/** Of what one run prints: a long form of a test may print much. */
const MAX_OUTPUT_BYTES = 2 ** 28;
const SCRIPT = ["/usr/bin/script", "/bin/script"].find((path) => existsSync(path));

/** Whether terminal sessions can be recorded: by script(1) of util-linux. */
export const hasScript = SCRIPT !== undefined && process.platform === "linux";

/** An environment that says nothing of colours, whatever runs the tests. */
export function plainEnvironment(more: Readonly<Record<string, string>> = {}) {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env;
  return { ...env, LC_ALL: "C.UTF-8", TERM: "xterm", ...more };
}

/** What a run gave. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
}

function resultOf({ status, stdout, stderr, error }: SpawnSyncReturns<string>): Run {
  if (error !== undefined) throw error;
  return { code: status, stdout, stderr };
}

/** Run the command without a terminal. */
export function xenstream(args: readonly string[], { input, env }: RunOptions = {}): Run {
  return resultOf(
    spawnSync(process.execPath, [COMMAND, ...args], {
      encoding: "utf8",
      maxBuffer: MAX_OUTPUT_BYTES,
      env: plainEnvironment(env),
      ...(input === undefined ? { stdio: ["ignore", "pipe", "pipe"] } : { input }),
    }),
  );
}

/** Run a line of shell in which $X is the command. */
export function shell(line: string, env: Readonly<Record<string, string>> = {}): Run {
  return resultOf(
    spawnSync("bash", ["-c", line], {
      encoding: "utf8",
      env: plainEnvironment({ ...env, X: `${process.execPath} ${COMMAND}` }),
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}

/** Run a line of shell on a terminal of 80 columns; `stdout` is all that the terminal was sent. */
export function onTerminal(line: string, env: Readonly<Record<string, string>> = {}): Run {
  if (SCRIPT === undefined) throw new Error("no script(1) here");
  return resultOf(
    spawnSync(SCRIPT, ["-qec", `stty cols 80 rows 24; ${line}`, "/dev/null"], {
      encoding: "utf8",
      env: plainEnvironment({ ...env, SHELL: "/bin/bash", X: `${process.execPath} ${COMMAND}` }),
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are steered by them
const SEQUENCE = /\u001b(?:\[[0-9;?]*[A-Za-z]|[78])/g;

/** A text without what steers a terminal. */
export function withoutSequences(text: string): string {
  return text.replaceAll(SEQUENCE, "");
}

/** What is left to see on a terminal after `text`: lines as they were overwritten and cleared. */
export function screen(text: string): string[] {
  const lines: string[][] = [[]];
  let column = 0;
  const line = () => lines.at(-1) ?? [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  for (const [part] of text.matchAll(/\u001b\[[0-9;?]*[A-Za-z]|\u001b[78]|[\s\S]/g)) {
    if (part === "\r" || part === "\u001b[1G") column = 0;
    else if (part === "\n") {
      lines.push([]);
      column = 0;
    } else if (part === "\u001b[2K") lines[lines.length - 1] = [];
    else if (part === "\u001b[0K") line().length = column;
    else if (!part.startsWith("\u001b")) {
      line()[column] = part;
      column += 1;
    }
  }
  return lines.map((cells) =>
    Array.from(cells, (cell) => cell ?? " ")
      .join("")
      .trimEnd(),
  );
}

/** Length of the longest line, in characters. */
export function widest(lines: readonly string[]): number {
  return Math.max(0, ...lines.map((line) => [...line].length));
}
