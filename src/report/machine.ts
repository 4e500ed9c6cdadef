/**
 * The facts about a machine that an inspect document holds, picked out of its decoded records:
 * vcpus, parameters, TSC, emulator, config. Takes any shape: what is not there is left out.
 */
import type { ConfigSummary, InspectResult } from "../findings/index.js";
import { plural } from "./text.js";

/** A name and a value to print. */
export type Pair = readonly [name: string, value: string];

/** Devices of a kind that the text names; the JSON has more of them. */
const DEVICES_TOLD = 4;

type Fields = Readonly<Record<string, unknown>>;

/** The decoded bodies of all records of a name. */
function decodedOf(result: InspectResult, name: string): Fields[] {
  return result.records
    .filter((record) => record.name === name)
    .flatMap(({ decoded }) => (isFields(decoded) ? [decoded] : []));
}

/** Vcpus that have registers: CPU records of an HVM guest, else the vcpu records of a PV guest. */
export function vcpusOf(result: InspectResult): number {
  const context = Array.isArray(result.hvmContext) ? result.hvmContext : [];
  const cpus = context.filter((record) => isFields(record) && record.name === "CPU").length;
  if (cpus > 0) return cpus;
  const ids = decodedOf(result, "X86_PV_VCPU_BASIC").map(({ vcpu_id }) => vcpu_id);
  return new Set(ids).size;
}

/** Records of the HVM context by name: `CPU 2, LAPIC 2`. */
export function contextCounts(result: InspectResult): string {
  const counts = new Map<string, number>();
  for (const record of Array.isArray(result.hvmContext) ? result.hvmContext : []) {
    const name = isFields(record) ? textOf(record.name) : undefined;
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} x${count}`)).join(", ");
}

/** HVM parameters by name; the last value of each. */
export function paramsOf(result: InspectResult): Pair[] {
  const params = new Map<string, string>();
  for (const { param } of decodedOf(result, "HVM_PARAMS")) {
    for (const item of Array.isArray(param) ? param : []) {
      if (!isFields(item)) continue;
      const name = textOf(item.name) ?? `parameter ${textOf(item.index) ?? "?"}`;
      params.set(name, textOf(item.value) ?? "");
    }
  }
  return [...params];
}

/** `64-bit, 4 page table levels` of a PV guest; null for others. */
export function pvText(result: InspectResult): string | null {
  const [info] = decodedOf(result, "X86_PV_INFO");
  const width = Number(info?.guest_width);
  if (info === undefined || !(width > 0)) return null;
  return `${8 * width}-bit, ${textOf(info.pt_levels) ?? "?"} page table levels`;
}

/** The last TSC_INFO in words; null if there is none. */
export function tscText(result: InspectResult): string | null {
  const info = decodedOf(result, "X86_TSC_INFO").at(-1);
  if (info === undefined) return null;
  const mode = textOf(info.mode_name) ?? textOf(info.mode) ?? "?";
  const khz = Number(info.khz);
  return `mode ${mode}${khz > 0 ? `, ${(khz / 1000).toFixed(1)} MHz` : ""}`;
}

/** Leaves and MSRs of the CPU policy; null without one. */
export function policyText(result: InspectResult): string | null {
  const count = (name: string) =>
    decodedOf(result, name).reduce(
      (sum, { entries }) => sum + (Array.isArray(entries) ? entries.length : 0),
      0,
    );
  const leaves = count("X86_CPUID_POLICY");
  const msrs = count("X86_MSR_POLICY");
  if (leaves + msrs === 0) return null;
  return `${plural(leaves, "CPUID leaf", "CPUID leaves")}, ${plural(msrs, "MSR")}`;
}

/** Each emulator with the bytes of its state, and the Xenstore keys that it gets. */
export function emulatorsOf(result: InspectResult): { name: string; bytes: number }[] {
  return decodedOf(result, "EMULATOR_CONTEXT").map((context) => ({
    name: textOf(context.emulator_name) ?? `id ${textOf(context.emulator_id) ?? "?"}`,
    bytes: Number(context.bytes) || 0,
  }));
}

/** Xenstore keys that the stream holds for device models. */
export function emulatorKeys(result: InspectResult): number {
  return decodedOf(result, "EMULATOR_XENSTORE_DATA").reduce(
    (sum, { pairs }) => sum + (Array.isArray(pairs) ? pairs.length : 0),
    0,
  );
}

/** Name, guest, vcpus, memory and devices as the config has them. */
export function configFacts(config: ConfigSummary | undefined): Pair[] {
  if (config === undefined) return [];
  const { vcpus, maxVcpus, memoryKiB, maxMemoryKiB } = config;
  return present([
    ["name", config.name],
    ["uuid", config.uuid],
    ["type", config.guest],
    ["machine", config.machine],
    ["model", config.deviceModel],
    ["vcpus", ofMost(vcpus, maxVcpus, String)],
    ["memory", ofMost(memoryKiB, maxMemoryKiB, kibText)],
    ...(["disks", "nics", "vfbs", "pci"] as const).flatMap((kind) => deviceFacts(kind, config)),
  ]);
}

/** How many devices of a kind there are, then a line for each that the summary shows. */
function deviceFacts(
  kind: "disks" | "nics" | "vfbs" | "pci",
  config: ConfigSummary,
): [name: string, value: string | undefined][] {
  const { count, shown } = config[kind];
  if (count === 0) return [];
  const told = shown.filter((line) => line !== "").slice(0, DEVICES_TOLD);
  const more = count > told.length && told.length > 0 ? ", ..." : "";
  const lines = told.length === 0 ? "" : `: ${told.join(", ")}${more}`;
  return [[kind, `${count}${lines}`]];
}

/** `2` or `2 of 4`; the larger number alone where the other is not told. */
function ofMost(
  now: number | undefined,
  most: number | undefined,
  text: (value: number) => string,
): string | undefined {
  if (now === undefined) return most === undefined ? undefined : text(most);
  return most === undefined || most === now ? text(now) : `${text(now)} of ${text(most)}`;
}

function kibText(kib: number): string {
  return `${kib} KiB`;
}

function present(pairs: readonly (readonly [string, string | undefined])[]): Pair[] {
  return pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
