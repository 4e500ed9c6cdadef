/**
 * Collects what a toolstack's config says of its domain, in bounds: a config is a claim. The three
 * forms that a config has are read beside this file.
 */

import type { ConfigDevices, ConfigFormat, ConfigSummary } from "../../findings/index.js";

/** Kinds of devices, as the summary names them. */
export type DeviceKind = "disks" | "nics" | "vfbs" | "pci";

/** Devices of a kind that get a line. */
const MAX_DEVICES_SHOWN = 32;
/** Characters of a name or line; a config is a claim, and may be of any length. */
const MAX_TEXT_CHARS = 256;

/** What a config tells of its domain, texts as long as they are. */
export type ConfigFacts = Omit<ConfigSummary, DeviceKind>;
type TextName = "name" | "uuid" | "guest" | "machine" | "deviceModel";

/** The facts of a config, collected one by one; what is not plausible is passed over. */
export class SummaryBuilder {
  readonly #format: ConfigFormat;
  readonly #texts: { [name in TextName]?: string } = {};
  readonly #numbers: {
    vcpus?: number;
    maxVcpus?: number;
    memoryKiB?: number;
    maxMemoryKiB?: number;
  } = {};
  readonly #devices = new Map<DeviceKind, { count: number; shown: string[] }>();

  constructor(format: ConfigFormat) {
    this.#format = format;
  }

  /** Take a text; the first of each name counts. */
  text(name: TextName, value: unknown): void {
    if (typeof value !== "string" || value === "") return;
    this.#texts[name] ??= value;
  }

  /** Take a number; the first of each name counts. */
  number(name: "vcpus" | "maxVcpus" | "memoryKiB" | "maxMemoryKiB", value: unknown): void {
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) return;
    this.#numbers[name] ??= value;
  }

  /** Count a device; `words` are what there is to say of it. */
  device(kind: DeviceKind, words: readonly (string | undefined)[]): void {
    const devices = this.#devices.get(kind) ?? { count: 0, shown: [] };
    devices.count += 1;
    if (devices.shown.length < MAX_DEVICES_SHOWN) {
      const told = words.filter((word) => word !== undefined && word !== "");
      devices.shown.push(shortened(told.join(" ")));
    }
    this.#devices.set(kind, devices);
  }

  /** What was taken so far, but for the devices. */
  facts(): ConfigFacts {
    return { format: this.#format, ...this.#texts, ...this.#numbers };
  }

  /** What was taken so far, in bounds. */
  summary(): ConfigSummary {
    const of = (kind: DeviceKind): ConfigDevices => this.#devices.get(kind) ?? NO_DEVICES;
    const texts = Object.entries(this.#texts).map(([name, text]) => [name, shortened(text)]);
    return {
      ...this.facts(),
      ...Object.fromEntries(texts),
      disks: of("disks"),
      nics: of("nics"),
      vfbs: of("vfbs"),
      pci: of("pci"),
    };
  }
}

const NO_DEVICES: ConfigDevices = { count: 0, shown: [] };

function shortened(text: string): string {
  return text.length <= MAX_TEXT_CHARS ? text : `${text.slice(0, MAX_TEXT_CHARS - 1)}…`;
}
