/**
 * `host`: make the description of a host, from what a caller knows and from what Xen's tools print
 * there. What nobody told is left out, and named in the notes; nothing is guessed.
 */
import { parseRelease, vendorText } from "../../checks/index.js";
import type {
  HostCpu,
  HostDescription,
  HostGuest,
  HostLeaf,
  HostLimits,
  HostPolicy,
} from "../../findings/index.js";
import {
  CPUID_LEAF_ADDRESS_WIDTHS,
  FEATURESET_WORDS_KNOWN,
  isAtLeast,
  NEWEST_RELEASE,
  releaseLimits,
  releaseText,
} from "../../format/index.js";
import { checkHostDescription } from "./description.js";
import { parseXenCpuid } from "./xen-cpuid.js";
import { parseXlInfo } from "./xl-info.js";

/** What a caller knows of a host; all of it wins over what the texts tell. */
export interface HostOptions {
  readonly name?: string | undefined;
  readonly xen?: string | undefined;
  readonly architecture?: string | undefined;
  readonly guests?: readonly HostGuest[] | undefined;
  readonly memoryBytes?: number | undefined;
  readonly freeMemoryBytes?: number | undefined;
  readonly cpus?: number | undefined;
  readonly hvmVcpus?: number | undefined;
  readonly pvVcpus?: number | undefined;
  readonly vendor?: string | undefined;
  readonly physicalAddressBits?: number | undefined;
  readonly xcr0?: string | undefined;
  readonly tscKhz?: number | undefined;
  readonly tscScaling?: boolean | undefined;
  readonly deviceModels?: readonly string[] | undefined;
  readonly machines?: readonly string[] | undefined;
  /** Feature words of what guests may be given at most, in Xen's order. */
  readonly hvmMax?: readonly string[] | undefined;
  readonly pvMax?: readonly string[] | undefined;
  readonly viridianFeatures?: string | undefined;
  /** What `xl info` printed. */
  readonly xlInfo?: string | undefined;
  /** What `xen-cpuid` and `xen-cpuid -p` printed. */
  readonly xenCpuid?: readonly string[] | undefined;
}

/**
 * The description of a host.
 *
 * @throws {UsageError} for a text that is not what the tools print, with its line, and for a value
 *   that cannot be
 */
export function describeHost(options: HostOptions): HostDescription {
  const info = options.xlInfo === undefined ? {} : parseXlInfo(options.xlInfo);
  const cpu = cpuOf(options);
  const xen = options.xen ?? info.xen;
  const memory = given({
    totalBytes: options.memoryBytes ?? info.memory?.totalBytes,
    freeBytes: options.freeMemoryBytes ?? info.memory?.freeBytes,
  });
  const tsc = given({ khz: options.tscKhz ?? info.tsc?.khz, scaling: options.tscScaling });
  const description = {
    format: "xenstream-host",
    v: 1,
    ...given({
      name: options.name ?? info.name,
      xen,
      architecture: options.architecture ?? info.architecture,
      guests: options.guests ?? info.guests,
      memory: orNone(memory),
      cpus: options.cpus ?? info.cpus,
      maxVcpus: orNone(given({ hvm: options.hvmVcpus, pv: options.pvVcpus })),
      cpu: orNone(cpu),
      tsc: orNone(tsc),
      deviceModels: options.deviceModels,
      machines: options.machines,
      limits: orNone(limitsOf(xen, options.viridianFeatures)),
    }),
  };
  const checked = checkHostDescription(description);
  const notes = notesOf(checked);
  return notes.length === 0 ? checked : { ...checked, notes };
}

/** The fields that are not undefined. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function orNone<T extends object>(fields: T): T | undefined {
  return Object.keys(fields).length === 0 ? undefined : fields;
}

function cpuOf(options: HostOptions): HostCpu {
  const texts = (options.xenCpuid ?? []).map((text) => parseXenCpuid(text));
  const policies: Record<string, HostPolicy> = {};
  for (const { policies: told = {} } of texts) {
    for (const [name, policy] of Object.entries(told)) {
      policies[name] = { ...policies[name], ...policy };
    }
  }
  if (options.hvmMax !== undefined) policies.hvmMax = { featureset: options.hvmMax };
  if (options.pvMax !== undefined) policies.pvMax = { featureset: options.pvMax };
  const sizes = texts.find(({ maxLeaves }) => maxLeaves !== undefined);
  const leaves = policies.host?.leaves ?? policies.raw?.leaves ?? [];
  return {
    ...identityOf(leaves),
    ...given({
      vendor: options.vendor,
      physicalAddressBits: options.physicalAddressBits,
      xcr0: options.xcr0,
      maxLeaves: sizes?.maxLeaves,
      maxMsrs: sizes?.maxMsrs,
      policies: orNone(policies),
    }),
  } as HostCpu;
}

/** Vendor, family, model, stepping and address width, as CPUID has them. */
function identityOf(leaves: readonly HostLeaf[]): HostCpu {
  const leafOf = (at: number) => leaves.find(({ leaf }) => Number(leaf) === at);
  const [vendor, version] = [leafOf(0), leafOf(1)];
  const widths = Number(leafOf(CPUID_LEAF_ADDRESS_WIDTHS)?.eax ?? 0) & 0xff;
  const text = vendor && vendorText(Number(vendor.ebx), Number(vendor.edx), Number(vendor.ecx));
  return {
    ...(text ? { vendor: text } : {}),
    ...(version === undefined ? {} : versionOf(Number(version.eax))),
    ...(widths === 0 ? {} : { physicalAddressBits: widths }),
  };
}

// 27..20 extended family | 19..16 extended model | 11..8 family | 7..4 model | 3..0 stepping
function versionOf(eax: number) {
  const family = (eax >>> 8) & 0xf;
  const extended = family === 0xf ? (eax >>> 20) & 0xff : 0;
  const high = family === 0xf || family === 6 ? (eax >>> 16) & 0xf : 0;
  return {
    family: family + extended,
    model: (high << 4) | ((eax >>> 4) & 0xf),
    stepping: eax & 0xf,
  };
}

function limitsOf(xen: string | undefined, viridianFeatures: string | undefined): HostLimits {
  const release = parseRelease(xen);
  if (release === null) return given({ viridianFeatures }) as HostLimits;
  const { viridianFeatures: _none, ...limits } = releaseLimits(release);
  const known = Object.entries(limits).filter(
    ([, value]) => value !== null && (typeof value !== "object" || Object.keys(value).length > 0),
  );
  // A release that reads no version 2 stream at all has an empty list, which says so.
  const versions = limits.streamVersions === null ? {} : { streamVersions: limits.streamVersions };
  return {
    ...Object.fromEntries(known),
    ...versions,
    ...given({ viridianFeatures }),
  } as HostLimits;
}

function notesOf({ xen, guests, memory, cpu, deviceModels, maxVcpus }: HostDescription): string[] {
  const release = parseRelease(xen);
  const words = Object.values(cpu?.policies ?? {}).map(({ featureset }) => featureset?.length ?? 0);
  const say = (missing: boolean, text: string) => (missing ? [text] : []);
  return [
    ...say(release === null, "No release of Xen: its limits are not checked (--xen, --xl-info)."),
    ...say(
      release !== null && isAtLeast(release, NEWEST_RELEASE) && !isAtLeast(NEWEST_RELEASE, release),
      `Newer than ${releaseText(NEWEST_RELEASE)}: what it newly takes or refuses is not known.`,
    ),
    ...say(guests === undefined, "No kinds of guests (--guests, --xl-info)."),
    ...say(memory?.freeBytes === undefined, "No free memory (--free-memory, --xl-info)."),
    ...say(cpu?.policies?.hvmMax === undefined, "No CPU maxima of HVM guests (--xen-cpuid)."),
    ...say(cpu?.policies?.pvMax === undefined, "No CPU maxima of PV guests (--xen-cpuid)."),
    ...say(
      Math.max(0, ...words) > FEATURESET_WORDS_KNOWN,
      `Feature words beyond the first ${FEATURESET_WORDS_KNOWN} are kept, but not compared.`,
    ),
    ...say(deviceModels === undefined, "No device models (--device-models)."),
    ...say(maxVcpus === undefined, "No most vcpus of a guest (--hvm-vcpus, --pv-vcpus)."),
  ];
}
