/**
 * Options that several commands share, and how their values are parsed. Names and meanings are
 * INTERFACE's. What the values then mean for ops/ is reading.ts: help must not load ops/.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { EngineName, FormatHint } from "../ops/index.js";

/** What help says of an image's argument. */
export const FILE_HELP = 'path of an image, "-" for standard input, or an https:// or s3:// URL';
/** What help says of --genid. */
export const GENID_HELP = "VM Generation ID: keep, new, 32 hex digits or a UUID";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  kib: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
  t: 1024 ** 4,
  tib: 1024 ** 4,
  tb: 1000 ** 4,
};

/** Names that --format-hint takes; a test holds them to those of ops/. */
const FORMAT_HINT_NAMES: readonly FormatHint[] = [
  "xl",
  "libvirt",
  "xapi",
  "xend",
  "libxl",
  "libxc",
  "legacy",
  "xenstore",
  "qemu",
  "hvm-context",
  "legacy32",
  "legacy64",
];

/** A size such as 512MiB, 2G or 1048576, in bytes. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? "").toLowerCase()];
  const bytes = unit === undefined ? Number.NaN : Math.floor(Number(match?.[1]) * unit);
  if (!Number.isSafeInteger(bytes) || bytes < 1) {
    throw new InvalidArgumentError("Expected a size such as 512MiB, 2GiB or 1048576.");
  }
  return bytes;
}

/** A whole number, decimal or 0x hex, from `min` to `max`. */
export function parseInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** First number that is no pfn. */
const PFN_END = 2 ** 40;

/** A pfn or two with a dash between, decimal or 0x hex. */
export function parsePfns(text: string): { readonly first: number; readonly last: number } {
  const match = /^(0x[0-9a-f]+|\d+)(?:-(0x[0-9a-f]+|\d+))?$/i.exec(text);
  const first = Number(match?.[1] ?? Number.NaN);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (!(first <= last && last < PFN_END)) {
    throw new InvalidArgumentError("Expected a pfn, such as 0x1f4, or a range, such as 16-31.");
  }
  return { first, last };
}

/** What the options of every command parse to. */
export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly progress: boolean;
  readonly color: "auto" | "always" | "never";
}

/** What the shared options parse to. */
export interface SharedOptions extends OutputOptions {
  readonly profile: "restore" | "strict";
  readonly checkpointed: boolean;
  readonly vcpus?: number;
  readonly formatHint?: FormatHint;
  readonly engine: EngineName;
  readonly threads?: number;
  readonly maxMemory?: number;
}

/** What addDomainOptions() parses to; what is left out has its default in ops/. */
export interface DomainOptions {
  readonly sharedInfoFrame?: number;
  readonly storePort?: number;
  readonly consolePort?: number;
}

/** What addFindingsOption() parses to. */
export interface FindingsOption {
  readonly maxFindings?: number;
}

/** What addReportOptions() parses to: paths, "-" for standard output. */
export interface ReportFlags {
  readonly junit?: string;
  readonly sarif?: string;
  readonly html?: string;
  readonly prometheus?: string;
  readonly github: boolean;
}

/** Options of every command that judges images for a CI system. */
export function addReportOptions(command: Command): Command {
  return command
    .option("--junit <file>", "write a JUnit XML report")
    .option("--sarif <file>", "write a SARIF 2.1.0 report")
    .option("--html <file>", "write a report to read in a browser")
    .option("--prometheus <file>", "write metrics for node_exporter's textfile collector")
    .option("--github", "annotations and a step summary for GitHub Actions", false);
}

/** Options of every command that reads an image. */
export function addReadingOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--profile <name>", "what rejects: Xen's restorer, or the format documents too")
        .choices(["restore", "strict"])
        .default("restore"),
    )
    .option("--checkpointed", "the stream is a checkpointed one (Remus, COLO)", false)
    .option("--vcpus <n>", "vcpus of the domain, where no config tells", parseInteger(1, 8192))
    .addOption(
      new Option("--format-hint <name>", "the format, where detection cannot tell").choices(
        FORMAT_HINT_NAMES,
      ),
    )
    .addOption(
      new Option("--engine <name>", "WebAssembly, or the pure-TypeScript decoder")
        .choices(["wasm", "reference"])
        .default("wasm"),
    )
    .option("--threads <n>", "at most this many threads", parseInteger(1, 1024))
    .option("--max-memory <size>", "memory at most (default: half the machine's)", parseBytes);
}

/** Options of every command. */
export function addOutputOptions(command: Command): Command {
  return command
    .option("--json", "one JSON document on standard output", false)
    .option("--quiet", "print errors only", false)
    .option("--verbose", "print more", false)
    .option("--no-progress", "no progress on standard error")
    .addOption(
      new Option("--color <when>", "colours; NO_COLOR is honoured")
        .choices(["auto", "always", "never"])
        .default("auto"),
    );
}

/** The option that bounds the findings of a text report. */
export function addFindingsOption(command: Command): Command {
  return command.option(
    "--max-findings <n>",
    "findings printed (default: 100, repeated ones in short); JSON has all",
    parseInteger(1, 1e9),
  );
}

/** Options that a simulated new domain has (LC-SIM-6). */
export function addDomainOptions(command: Command): Command {
  return command
    .option(
      "--shared-info-frame <n>",
      "PV: frame of the new domain's shared info page (default: 0x7ff0)",
      parseInteger(0, 2 ** 40),
    )
    .option(
      "--store-port <n>",
      "PV: event channel of its Xenstore ring (default: 101)",
      parseInteger(0, 2 ** 32 - 1),
    )
    .option(
      "--console-port <n>",
      "PV: event channel of its console ring (default: 102)",
      parseInteger(0, 2 ** 32 - 1),
    );
}
