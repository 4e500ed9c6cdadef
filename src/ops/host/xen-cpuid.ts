/**
 * Reads what `xen-cpuid` prints, in both its forms: featuresets (words of feature bits), and with
 * -p policies (leaves and MSRs). Pure: text in, policies out. Of the featuresets only those count
 * that the running Xen worked out; the static ones are what its build knows of.
 * Source: the printed form of Xen's xen-cpuid tool.
 *
 *   Dynamic sets:                               HVM Max policy: 31 leaves, 2 MSRs
 *   HVM Max       178bfbff:f6f83203:...          CPUID:
 *                                                 leaf     subleaf  -> eax      ebx ...
 *                                                 00000000:ffffffff -> 0000000d:...
 *                                                MSRs:
 *                                                 index    -> value
 *                                                 000000ce -> 0000000080000000
 */
import {
  type HostCpu,
  type HostLeaf,
  type HostPolicy,
  type HostPolicyName,
  UsageError,
} from "../../findings/index.js";
import { CPUID_NO_SUBLEAF } from "../../format/index.js";

/** Names as the tool prints them. "PV" and "HVM" are the maxima in what older tools print. */
const POLICY_NAMES: Readonly<Record<string, HostPolicyName>> = {
  Raw: "raw",
  Host: "host",
  PV: "pvMax",
  HVM: "hvmMax",
  "PV Max": "pvMax",
  "HVM Max": "hvmMax",
  "PV Default": "pvDefault",
  "HVM Default": "hvmDefault",
};

const LIMITS = /^Xen reports there are maximum (\d{1,5}) leaves and (\d{1,5}) MSRs$/;
const POLICY = /^(.{1,40}?) policy: (\d{1,5}) leaves, (\d{1,5}) MSRs$/;
const ABSENT = /^.{1,40} (policy|featureset) not supported by Xen$/;
const LEAF =
  /^([0-9a-f]{8}):([0-9a-f]{8}) -> ([0-9a-f]{8}):([0-9a-f]{8}):([0-9a-f]{8}):([0-9a-f]{8})$/;
const MSR = /^([0-9a-f]{8}) -> ([0-9a-f]{16})$/;
const SET = /^(\S.{0,40}?)\s+([0-9a-f]{8}(?::[0-9a-f]{8})*)$/;
/** Lines without values: titles, the row of keys, and -d's row of names for each word. */
const PASSED_OVER =
  /^(CPUID:|MSRs:|leaf\s+subleaf\s.*|index\s+-> value|nr_features: \d+|KEY\s.*|\[\d\d\]\s.*)$/;

type Policies = Partial<Record<HostPolicyName, HostPolicy>>;
type Section = "none" | "static" | "dynamic" | "policy";

/**
 * What a `xen-cpuid` text tells of a host's processor.
 *
 * @throws {UsageError} with the number of the line that is not as the tool prints it
 */
export function parseXenCpuid(text: string): Pick<HostCpu, "policies" | "maxLeaves" | "maxMsrs"> {
  const reader = new CpuidText();
  for (const [index, line] of text.split("\n").entries()) reader.line(line.trim(), index + 1);
  const { policies, limits } = reader;
  if (Object.keys(policies).length === 0)
    throw broken(null, "there is no policy and no featureset");
  return { ...limits, policies };
}

/** Takes line after line. */
class CpuidText {
  readonly policies: Policies = {};
  limits: { maxLeaves?: number; maxMsrs?: number } = {};
  #section: Section = "none";
  /** Of the policy whose lines follow; null: they are of one that is no host's. */
  #leaves: HostLeaf[] | null = null;
  #msrs: { index: string; value: string }[] | null = null;

  line(line: string, number: number): void {
    if (line === "" || PASSED_OVER.test(line) || ABSENT.test(line)) return;
    const limits = LIMITS.exec(line);
    if (limits !== null) {
      this.limits = { maxLeaves: Number(limits[1]), maxMsrs: Number(limits[2]) };
      return;
    }
    if (line === "Static sets:" || line === "Dynamic sets:") {
      this.#section = line === "Static sets:" ? "static" : "dynamic";
      return;
    }
    const policy = POLICY.exec(line);
    if (policy !== null) {
      this.#begin(policy[1] ?? "");
      return;
    }
    if (this.#section === "policy" ? this.#value(line) : this.#set(line)) return;
    throw broken(number, `"${line.slice(0, 60)}" is not what xen-cpuid prints there`);
  }

  #begin(title: string): void {
    this.#section = "policy";
    const name = nameOf(title);
    this.#leaves = name === undefined ? null : [];
    this.#msrs = name === undefined ? null : [];
    if (name === undefined || this.#leaves === null || this.#msrs === null) return;
    this.policies[name] = { ...this.policies[name], leaves: this.#leaves, msrs: this.#msrs };
  }

  #value(line: string): boolean {
    const leaf = LEAF.exec(line);
    if (leaf !== null) {
      const [words, subleaf] = [leaf.slice(1).map(short), Number.parseInt(leaf[2] ?? "", 16)];
      const [at = "", , eax = "", ebx = "", ecx = "", edx = ""] = words;
      const sub = subleaf === CPUID_NO_SUBLEAF ? {} : { subleaf };
      this.#leaves?.push({ leaf: at, ...sub, eax, ebx, ecx, edx });
      return true;
    }
    const msr = MSR.exec(line);
    if (msr !== null) this.#msrs?.push({ index: short(msr[1] ?? ""), value: short(msr[2] ?? "") });
    return msr !== null;
  }

  #set(line: string): boolean {
    const set = SET.exec(line);
    if (set === null) return false;
    const name = nameOf(set[1] ?? "");
    if (this.#section !== "dynamic" || name === undefined) return true;
    const featureset = (set[2] ?? "").split(":").map(short);
    this.policies[name] = { ...this.policies[name], featureset };
    return true;
  }
}

function nameOf(title: string): HostPolicyName | undefined {
  return Object.hasOwn(POLICY_NAMES, title) ? POLICY_NAMES[title] : undefined;
}

/** As documents have raw values: 0x, no leading zeros. */
function short(digits: string): string {
  return `0x${digits.replace(/^0+(?=.)/, "")}`;
}

function broken(line: number | null, what: string): UsageError {
  const where = line === null ? "xen-cpuid" : `xen-cpuid, line ${line}`;
  const allowed = "the text that `xen-cpuid` or `xen-cpuid -p` prints";
  return new UsageError(`${where}: ${what}`, { option: "--xen-cpuid", allowed });
}
