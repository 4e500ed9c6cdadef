/**
 * What callers of the library may choose, what it means if left out, and the checks that callers
 * without types need. Names and meanings are those of the command's options.
 */
import { totalmem } from "node:os";
import type { EngineName, MemoryModel } from "../../engine/index.js";
import {
  DEFAULT_LIMITS,
  type HostDescription,
  type Limits,
  type Profile,
  UsageError,
} from "../../findings/index.js";
import { FORMAT_HINTS, type FormatHint } from "../../stream/index.js";
import { hostCheck } from "../host/check.js";
import { checkHostDescription } from "../host/description.js";
import { READING_DEFAULTS, type ReadingOptions } from "../image.js";

/** How far a call has come. */
export interface Progress {
  /** `read`: through the input; `digest`: through the guest's pages. Each begins anew. */
  readonly phase: "read" | "digest";
  /** Done so far; never falls within a phase. */
  readonly bytes: number;
  /** Of the phase; null while nobody knows, as for a stream or compressed input. */
  readonly totalBytes: number | null;
}

/** Takes progress. What it throws ends the call and is what the call rejects with. */
export type ProgressCallback = (progress: Progress) => void;

/** What every call takes. Whatever is left out, or undefined, has the default. */
export interface ReadOptions {
  /** What rejects: Xen's restorer (`restore`, the default), or the format documents too. */
  readonly profile?: Profile | undefined;
  /** A bare libxc or libxl stream is a checkpointed one (Remus, COLO); false by default. */
  readonly checkpointed?: boolean | undefined;
  /** The format, where detection by bytes cannot tell. */
  readonly formatHint?: FormatHint | undefined;
  /** Vcpus of the domain, 1..8192; by default what the container's config tells, else a guess. */
  readonly vcpus?: number | undefined;
  /** `wasm` (the default), or `reference`: pure TypeScript, slower, written independently. */
  readonly engine?: EngineName | undefined;
  /** Bytes of guest memory and of held input at a time; by default half of the machine's. */
  readonly maxMemoryBytes?: number | undefined;
  /** Other bounds than the defaults; `maxMemoryBytes` above wins over the one in here. */
  readonly limits?: Partial<Limits> | undefined;
  /** What results and messages call the input; by default its path, or what kind of input it is. */
  readonly name?: string | undefined;
  /**
   * Ends the call: it rejects with the signal's reason, and the input is closed. Seen whenever the
   * input is asked for bytes; a digest of a resident guest is made in one go.
   */
  readonly signal?: AbortSignal | undefined;
  /** Told every few MiB, and at the end of each phase. */
  readonly onProgress?: ProgressCallback | undefined;
}

/** Options of `verify()`. */
export interface VerifyOptions extends ReadOptions {
  /** Read page contents too, though no check needs them (a disk fault shows); false by default. */
  readonly readData?: boolean | undefined;
  /** Check the image against this host, too: will it restore there? */
  readonly on?: HostDescription | undefined;
}

/** Options of `inspect()`. */
export interface InspectOptions extends ReadOptions {}

/** What a simulated restore adds: the memory model, and what only the new domain knows. */
export interface OpenGuestOptions extends ReadOptions {
  /**
   * `resident` holds all page contents, `indexed` only where they stand in the input. `auto` (the
   * default) is resident if the input fits `maxMemoryBytes` or cannot be read again, else indexed.
   */
  readonly memory?: MemoryModel | "auto" | undefined;
  /** The guest as of this many committed checkpoints, from 1; by default as of the last. */
  readonly checkpoint?: number | undefined;
  /** Frame of the new domain's shared info page (PV); 0x7ff0 by default. */
  readonly sharedInfoFrame?: number | undefined;
  /** Event channel of its Xenstore ring; 101 by default. */
  readonly storePort?: number | undefined;
  /** Event channel of its console ring; 102 by default. */
  readonly consolePort?: number | undefined;
}

/** Which digest of a guest's memory. */
export type DigestName = "sha256" | "xxh3";

/** Options of `restore()`. */
export interface RestoreOptions extends OpenGuestOptions {
  /** Digest of the memory that results; none by default. */
  readonly digest?: DigestName | undefined;
}

/** Options of a call, each checked and with its default. */
export interface CheckedOptions {
  readonly engine: EngineName;
  readonly memory: MemoryModel | "auto";
  readonly digest: DigestName | null;
  readonly name: string | null;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ProgressCallback | undefined;
  /** For the image; the memory model depends on the input. */
  readonly reading: Omit<ReadingOptions, "model">;
}

const PROFILES: readonly Profile[] = ["restore", "strict"];
const ENGINES: readonly EngineName[] = ["wasm", "reference"];
const MEMORY: readonly (MemoryModel | "auto")[] = ["auto", "indexed", "resident"];
const DIGESTS: readonly DigestName[] = ["sha256", "xxh3"];
const MAX_VCPUS = 8192;
const MAX_U32 = 2 ** 32 - 1;

/**
 * Check the options of any call.
 *
 * @throws {UsageError} naming the option that cannot be, and what is allowed
 */
export function checkOptions(options: VerifyOptions & RestoreOptions): CheckedOptions {
  const { limits } = options;
  const maxMemoryBytes =
    options.maxMemoryBytes ?? limits?.maxMemoryBytes ?? Math.floor(totalmem() / 2);
  const integer = (name: keyof RestoreOptions, min: number, max: number) =>
    checkInteger(name, options[name], min, max);
  return {
    engine: choice("engine", options.engine, ENGINES) ?? "wasm",
    memory: choice("memory", options.memory, MEMORY) ?? "auto",
    digest: choice("digest", options.digest, DIGESTS) ?? null,
    name: options.name ?? null,
    signal: options.signal,
    onProgress: options.onProgress,
    reading: {
      profile: choice("profile", options.profile, PROFILES) ?? READING_DEFAULTS.profile,
      checkpointed: options.checkpointed ?? false,
      formatHint: choice("formatHint", options.formatHint, FORMAT_HINTS) ?? null,
      vcpus: integer("vcpus", 1, MAX_VCPUS) ?? null,
      limits: {
        ...DEFAULT_LIMITS,
        ...checkLimits(limits ?? {}),
        maxMemoryBytes: checkLimit("maxMemoryBytes", maxMemoryBytes),
      },
      readData: options.readData ?? false,
      host: options.on === undefined ? null : hostCheck(checkHostDescription(options.on)),
      checkpoint: integer("checkpoint", 1, Number.MAX_SAFE_INTEGER) ?? null,
      sharedInfoFrame: integer("sharedInfoFrame", 0, 2 ** 40) ?? READING_DEFAULTS.sharedInfoFrame,
      storePort: integer("storePort", 0, MAX_U32) ?? READING_DEFAULTS.storePort,
      consolePort: integer("consolePort", 0, MAX_U32) ?? READING_DEFAULTS.consolePort,
    },
  };
}

/** A value that must be one of a few, if it is there. */
export function choice<T extends string>(
  option: string,
  value: T | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined || allowed.includes(value)) return value;
  const names = allowed.join(", ");
  throw new UsageError(`${option}: "${value}" is none of ${names}`, { option, allowed: names });
}

/** A value that must be a whole number in a range, if it is there. */
export function checkInteger(
  option: string,
  value: unknown,
  min: number,
  max: number,
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) {
    return value;
  }
  const allowed = `a whole number from ${min} to ${max}`;
  throw new UsageError(`${option}: ${String(value)} is not ${allowed}`, { option, allowed });
}

function checkLimits(limits: Partial<Limits>): Partial<Limits> {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!(name in DEFAULT_LIMITS)) {
      const allowed = Object.keys(DEFAULT_LIMITS).join(", ");
      throw new UsageError(`limits: there is no ${name}`, { option: "limits", allowed });
    }
    checkLimit(name, value);
  }
  return Object.fromEntries(given);
}

function checkLimit(name: string, value: unknown): number {
  return checkInteger(name, value, 1, Number.MAX_SAFE_INTEGER) ?? 1;
}
