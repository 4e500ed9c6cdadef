/**
 * From parsed flags to what ops/ takes: limits and reading options. Loaded with the commands, not
 * with the help.
 */
import { totalmem } from "node:os";
import { DEFAULT_LIMITS, type Limits } from "../findings/index.js";
import { DOMAIN_DEFAULTS, VERSION } from "../ops/index.js";
import type { DomainOptions, FindingsOption, OutputOptions, SharedOptions } from "./options.js";

/** Findings that text prints where --max-findings does not say otherwise. */
const MAX_FINDINGS = 100;

/** How every document says what made it. */
export const TOOL = { name: "xenstream", version: VERSION } as const;

/** What the tables of one bank take at most; the limits that hold by default are so related. */
const BANK_TABLE_BYTES = DEFAULT_LIMITS.maxMemoryBytes / DEFAULT_LIMITS.maxBanks;

/** The limits that the options ask for: more memory lets a guest spread over more banks, too. */
export function limitsOf({ maxMemory }: Pick<SharedOptions, "maxMemory">): Limits {
  const maxMemoryBytes = maxMemory ?? Math.floor(totalmem() / 2);
  const maxBanks = Math.max(
    DEFAULT_LIMITS.maxBanks,
    Math.floor((maxMemory ?? 0) / BANK_TABLE_BYTES),
  );
  return { ...DEFAULT_LIMITS, maxMemoryBytes, maxBanks };
}

/** The reading options that the flags ask for. */
export function readingOf(options: SharedOptions & DomainOptions) {
  return {
    profile: options.profile,
    checkpointed: options.checkpointed,
    vcpus: options.vcpus ?? null,
    formatHint: options.formatHint ?? null,
    engine: options.engine,
    limits: limitsOf(options),
    sharedInfoFrame: options.sharedInfoFrame ?? DOMAIN_DEFAULTS.sharedInfoFrame,
    storePort: options.storePort ?? DOMAIN_DEFAULTS.storePort,
    consolePort: options.consolePort ?? DOMAIN_DEFAULTS.consolePort,
    checkpoint: null,
  };
}

/** How many findings a text shows, and whether repeated ones are shown in short. */
export function findingsShown(flags: OutputOptions & FindingsOption) {
  return {
    verbose: flags.verbose,
    maxFindings: flags.maxFindings ?? MAX_FINDINGS,
    collapse: !flags.verbose && flags.maxFindings === undefined,
  };
}
