/**
 * Options that several commands share, and how their values are read. Names and meanings are
 * INTERFACE's.
 */
import { totalmem } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_LIMITS, type Limits } from "../findings/index.js";
import { DOMAIN_DEFAULTS, type EngineName, FORMAT_HINTS, type FormatHint } from "../ops/index.js";

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

/** What the shared options parse to. */
export interface SharedOptions {
  readonly profile: "restore" | "strict";
  readonly checkpointed: boolean;
  readonly vcpus?: number;
  readonly formatHint?: FormatHint;
  readonly engine: EngineName;
  readonly maxMemory?: number;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly progress: boolean;
  readonly color: "auto" | "always" | "never";
}

/** Options of every command that reads an image. */
export function addReadingOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--profile <name>", "what rejects: Xen's restorer, or the documents too")
        .choices(["restore", "strict"])
        .default("restore"),
    )
    .option("--checkpointed", "the stream is a checkpointed one (Remus, COLO)", false)
    .option("--vcpus <n>", "vcpus of the domain", parseInteger(1, 8192))
    .addOption(
      new Option("--format-hint <name>", "the format, where detection cannot tell").choices(
        FORMAT_HINTS,
      ),
    )
    .addOption(
      new Option("--engine <name>", "page engine").choices(["wasm", "reference"]).default("wasm"),
    )
    .option("--max-memory <size>", "bound on memory (default: half of the machine's)", parseBytes);
}

/** Options of every command. */
export function addOutputOptions(command: Command): Command {
  return command
    .option("--json", "one JSON document on standard output", false)
    .option("--quiet", "say nothing but errors", false)
    .option("--verbose", "say more", false)
    .option("--no-progress", "no progress on standard error")
    .addOption(
      new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"),
    );
}

/** Options that a simulated new domain has (LC-SIM-6). */
export function addDomainOptions(command: Command): Command {
  return command
    .option(
      "--shared-info-frame <n>",
      "frame of the new domain's shared info page",
      parseInteger(0, 2 ** 40),
      DOMAIN_DEFAULTS.sharedInfoFrame,
    )
    .option(
      "--store-port <n>",
      "event channel of its Xenstore ring",
      parseInteger(0, 2 ** 32 - 1),
      DOMAIN_DEFAULTS.storePort,
    )
    .option(
      "--console-port <n>",
      "event channel of its console ring",
      parseInteger(0, 2 ** 32 - 1),
      DOMAIN_DEFAULTS.consolePort,
    );
}

/** The limits that the options ask for. */
export function limitsOf(options: SharedOptions): Limits {
  return { ...DEFAULT_LIMITS, maxMemoryBytes: options.maxMemory ?? Math.floor(totalmem() / 2) };
}

/** The reading options that the flags ask for. */
export function readingOf(options: SharedOptions) {
  return {
    profile: options.profile,
    checkpointed: options.checkpointed,
    vcpus: options.vcpus ?? null,
    formatHint: options.formatHint ?? null,
    engine: options.engine,
    limits: limitsOf(options),
    ...DOMAIN_DEFAULTS,
    checkpoint: null,
  };
}
