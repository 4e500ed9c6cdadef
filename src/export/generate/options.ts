/**
 * What a synthetic image is to be like, and what cannot be. Every field is decided here, so that
 * the same options give the same bytes. Names are those of the command's flags.
 * Source: INTERFACE, `generate`.
 */
import { UsageError } from "../../findings/index.js";
import { GENERATION_ID_BYTES, PAGE_BYTES } from "../../format/index.js";

export const GENERATED_GUESTS = ["hvm", "pvh", "pv64", "pv32"] as const;
/** Kinds of guest that can be made. */
export type GeneratedGuest = (typeof GENERATED_GUESTS)[number];

export const GENERATED_CONTAINERS = ["libxc", "libxl", "xl", "libvirt", "xapi"] as const;
/** Formats that an image can be wrapped in; each holds a libxc stream. */
export type GeneratedContainer = (typeof GENERATED_CONTAINERS)[number];

/** Everything that decides the bytes of an image. */
export interface GenerateOptions {
  /** Guest memory, a multiple of 4096. */
  readonly sizeBytes: number;
  /** Whole number below 2^53. */
  readonly seed: number;
  readonly guest: GeneratedGuest;
  readonly container: GeneratedContainer;
  readonly vcpus: number;
  /** Stream version: 3, or 2 as Xen 4.6 to 4.13 wrote it. */
  readonly version: 2 | 3;
  /** Passes of re-sent pages after the first. */
  readonly live: number;
  /** Checkpoints of a Remus stream; 0: a plain stream. */
  readonly checkpoints: number;
  /** All pages once more behind VERIFY. */
  readonly verify: boolean;
  /** Percent of pages that are all zero, and that repeat one of a few patterns. */
  readonly zeroPercent: number;
  readonly repeatPercent: number;
  /** 16 bytes in memory order; null: no VM Generation ID. */
  readonly genid: Uint8Array | null;
  /** Rule that the image is to breach; null: none. */
  readonly fault: string | null;
}

export const GENERATE_DEFAULTS: GenerateOptions = {
  sizeBytes: 16 * 1024 * 1024,
  seed: 0,
  guest: "hvm",
  container: "libxc",
  vcpus: 2,
  version: 3,
  live: 0,
  checkpoints: 0,
  verify: false,
  zeroPercent: 30,
  repeatPercent: 10,
  genid: null,
  fault: null,
};

const SIZE_BYTES_MIN = 1024 * 1024;
const SIZE_BYTES_MAX = 4 * 1024 ** 4;
/** A 32-bit guest cannot have more. */
const SIZE_BYTES_MAX_PV32 = 64 * 1024 ** 3;
const VCPUS_MAX = 128;
/** vcpu_info slots of the shared info page. */
const VCPUS_MAX_PV = 32;
const PASSES_MAX = 1000;

/** True for a guest without a device model that runs on page tables of its own. */
export function isPv(guest: GeneratedGuest): boolean {
  return guest === "pv64" || guest === "pv32";
}

/**
 * Refuse options that contradict each other or reality.
 *
 * @throws {UsageError} naming the option and what it may be
 */
export function checkGenerateOptions(options: GenerateOptions): void {
  const { sizeBytes, guest, vcpus, live, checkpoints } = options;
  const sizeMax = guest === "pv32" ? SIZE_BYTES_MAX_PV32 : SIZE_BYTES_MAX;
  inRange("--size", sizeBytes, SIZE_BYTES_MIN, sizeMax);
  if (sizeBytes % PAGE_BYTES !== 0) {
    refuse("--size", "guest memory is whole pages", `a multiple of ${PAGE_BYTES} bytes`);
  }
  inRange("--seed", options.seed, 0, Number.MAX_SAFE_INTEGER);
  inRange("--vcpus", vcpus, 1, isPv(guest) ? VCPUS_MAX_PV : VCPUS_MAX);
  inRange("--live", live, 0, PASSES_MAX);
  inRange("--checkpoints", checkpoints, 0, PASSES_MAX);
  inRange("--zero", options.zeroPercent, 0, 100);
  inRange("--repeat", options.repeatPercent, 0, 100 - options.zeroPercent);
  if (options.verify && checkpoints > 0) {
    refuse("--verify", "a checkpointed save is never verified", "without --checkpoints");
  }
  if (options.genid === null) return;
  if (isPv(guest)) refuse("--genid", "a PV guest has no generation id", "with --guest hvm or pvh");
  if (options.genid.length !== GENERATION_ID_BYTES || options.genid.every((byte) => byte === 0)) {
    refuse("--genid", "not a generation id", "16 bytes, not all zero");
  }
}

function inRange(option: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  refuse(option, `${value} is out of range`, `${min} to ${max}`);
}

function refuse(option: string, message: string, allowed: string): never {
  throw new UsageError(message, { option, allowed });
}

/** The pass that a checkpoint's epoch sends: those of live migration belong to the first epoch. */
export function lastPassOf({ live, checkpoints }: GenerateOptions): number {
  return live + Math.max(checkpoints - 1, 0);
}
