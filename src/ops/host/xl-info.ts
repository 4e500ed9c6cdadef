/**
 * Reads what `xl info` prints: one `key : value` a line. Pure: text in, what it tells of a host
 * out. What xl does not print stays out. Source: xl(1) manual, "info"; its printed form.
 */
import { type HostDescription, type HostGuest, UsageError } from "../../findings/index.js";
import { isAtLeast } from "../../format/index.js";

const MIB = 1024 ** 2;
const LINE = /^\s*([a-z][a-z0-9_]*)\s*:(?:\s(.*)|)$/;
/** PVH as an HVM container became a kind of guest with this release. */
const FIRST_WITH_PVH = { major: 4, minor: 10 };
/** Keys that only `xl info` prints together: without them the text is something else. */
const NEEDED = ["xen_major", "xen_minor"];

type Told = { -readonly [K in keyof HostDescription]: HostDescription[K] };

/** One value with the line it stands in, from 1. */
interface Entry {
  readonly value: string;
  readonly line: number;
}

/**
 * What an `xl info` text tells.
 *
 * @throws {UsageError} with the number of the line that is not as xl prints it
 */
export function parseXlInfo(text: string): Partial<HostDescription> {
  const entries = entriesOf(text);
  for (const key of NEEDED) {
    if (!entries.has(key))
      throw broken(null, `there is no ${key}: this is not what xl info prints`);
  }
  const number = (key: string): number | undefined => {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    const value = /^\d{1,15}$/.test(entry.value) ? Number(entry.value) : Number.NaN;
    if (Number.isNaN(value)) throw broken(entry.line, `${key} is not a whole number`);
    return value;
  };
  const major = number("xen_major") ?? 0;
  const minor = number("xen_minor") ?? 0;
  const told: Partial<Told> = { xen: `${major}.${minor}` };
  const name = entries.get("host")?.value;
  if (name) told.name = name;
  const machine = entries.get("machine")?.value;
  if (machine) told.architecture = machine;
  const totalMib = number("total_memory");
  const freeMib = number("free_memory");
  if (totalMib !== undefined || freeMib !== undefined) {
    told.memory = {
      ...(totalMib === undefined ? {} : { totalBytes: totalMib * MIB }),
      ...(freeMib === undefined ? {} : { freeBytes: freeMib * MIB }),
    };
  }
  const cpus = number("nr_cpus");
  if (cpus !== undefined) told.cpus = cpus;
  const khz = khzOf(entries.get("cpu_mhz"));
  if (khz !== null) told.tsc = { khz };
  const caps = entries.get("xen_caps");
  if (caps !== undefined) {
    const pvh = isAtLeast({ major, minor }, FIRST_WITH_PVH);
    told.guests = guestsOf(caps.value, pvh);
  }
  return told;
}

function entriesOf(text: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trimEnd();
    if (line === "") continue;
    const match = LINE.exec(line);
    if (match?.[1] === undefined) throw broken(index + 1, "expected `key : value`");
    entries.set(match[1], { value: (match[2] ?? "").trim(), line: index + 1 });
  }
  return entries;
}

/** The kinds that xen_caps names. PVH is not among them: it comes with HVM, since 4.10. */
function guestsOf(caps: string, pvh: boolean): HostGuest[] {
  const words = new Set(caps.split(/\s+/));
  const hvm = [...words].some((word) => /^hvm-\d+\.\d+-x86_/.test(word));
  return [
    ...(hvm ? ["hvm" as const] : []),
    ...(hvm && pvh ? ["pvh" as const] : []),
    ...(words.has("xen-3.0-x86_64") ? ["pv64" as const] : []),
    ...(words.has("xen-3.0-x86_32p") ? ["pv32" as const] : []),
  ];
}

function khzOf(mhz: Entry | undefined): number | null {
  if (mhz === undefined) return null;
  if (!/^\d{1,6}(\.\d{1,6})?$/.test(mhz.value)) throw broken(mhz.line, "cpu_mhz is not a number");
  const khz = Math.round(Number(mhz.value) * 1000);
  return khz > 0 ? khz : null;
}

function broken(line: number | null, what: string): UsageError {
  const where = line === null ? "xl info" : `xl info, line ${line}`;
  const allowed = "the text that `xl info` prints";
  return new UsageError(`${where}: ${what}`, { option: "--xl-info", allowed });
}
