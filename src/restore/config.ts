/**
 * What the restorer takes from a container's config: the number of vcpus, and the type of the domain. Everything else
 * in a config is for people and for the toolstack. Not a parser: a config that cannot be read says
 * nothing here, and is judged by the container's own rules.
 */
import { parseJsonConfig, type SectionEvent } from "../stream/index.js";

/** Vcpus of a domain by libvirt's XML and by xl's text. */
const XML_VCPU = /<vcpu\b[^>]*>\s*(\d{1,5})\s*<\/vcpu>/;
/** Type of the domain by the same. */
const XML_TYPE = /<os\b[^>]*>\s*<type\b[^>]*>\s*(\w+)\s*<\/type>/;
const TEXT_TYPE = /^\s*type\s*=\s*["'](\w+)["']/m;
const TEXT_MAXVCPUS = /^\s*maxvcpus\s*=\s*["']?(\d{1,5})/m;
const TEXT_VCPUS = /^\s*vcpus\s*=\s*["']?(\d{1,5})/m;

/**
 * The vcpu count that a config section tells.
 *
 * @returns null where it tells none
 */
export function vcpusOfConfig(section: SectionEvent): number | null {
  if (section.name !== "config" || section.body === null) return null;
  if (section.layer === "xl") {
    const parsed = parseJsonConfig(section.body);
    if (parsed.ok) return jsonVcpus(parsed.config);
  }
  const text = new TextDecoder().decode(section.body);
  const pattern = section.layer === "libvirt" ? XML_VCPU : TEXT_MAXVCPUS;
  const found = pattern.exec(text) ?? (section.layer === "libvirt" ? null : TEXT_VCPUS.exec(text));
  return found === null ? null : positive(Number(found[1]));
}

/** The types of domains that a config may ask for; a PVH domain is filled from an HVM stream. */
export type DomainType = "pv" | "hvm" | "pvh";

const JSON_TYPES = new Map<unknown, DomainType>([
  ["pv", "pv"],
  ["hvm", "hvm"],
  ["pvh", "pvh"],
]);
/** libvirt's names; it reads both of PV, and writes the second. */
const XML_TYPES = new Map<unknown, DomainType>([
  ["xen", "pv"],
  ["linux", "pv"],
  ["hvm", "hvm"],
  ["xenpvh", "pvh"],
]);

/**
 * The type of the domain that a config asks for. Of xl's text PVH alone is told: it says PV by
 * keys that are left out.
 *
 * @returns null where it tells no type
 */
export function domainTypeOfConfig(section: SectionEvent): DomainType | null {
  if (section.name !== "config" || section.body === null) return null;
  const parsed = section.layer === "xl" ? parseJsonConfig(section.body) : null;
  if (parsed?.ok) {
    const create = parsed.config.c_info;
    if (typeof create !== "object" || create === null) return null;
    return JSON_TYPES.get((create as Record<string, unknown>).type) ?? null;
  }
  const text = new TextDecoder().decode(section.body);
  if (section.layer === "libvirt") return XML_TYPES.get(XML_TYPE.exec(text)?.[1]) ?? null;
  return TEXT_TYPE.exec(text)?.[1] === "pvh" ? "pvh" : null;
}

/** QEMU machine in libvirt's XML. */
const XML_MACHINE = /<type\b[^>]*\bmachine\s*=\s*["']([^"']{1,64})["']/;
/** Device model in xl's text. */
const TEXT_DEVICE_MODEL = /^\s*device_model_version\s*=\s*["']([\w-]{1,64})["']/m;

/** The QEMU machine that a config names; null where it names none. */
export function machineOfConfig(section: SectionEvent): string | null {
  if (section.name !== "config" || section.layer !== "libvirt" || section.body === null)
    return null;
  return XML_MACHINE.exec(new TextDecoder().decode(section.body))?.[1] ?? null;
}

/** The device model that an xl config names, as "qemu-xen"; null where it names none. */
export function deviceModelOfConfig(section: SectionEvent): string | null {
  if (section.name !== "config" || section.layer !== "xl" || section.body === null) return null;
  const parsed = parseJsonConfig(section.body);
  if (!parsed.ok) {
    return TEXT_DEVICE_MODEL.exec(new TextDecoder().decode(section.body))?.[1] ?? null;
  }
  const build = parsed.config.b_info;
  if (typeof build !== "object" || build === null) return null;
  const { device_model_version: version } = build as Record<string, unknown>;
  // libxl's JSON writes enumerations with underscores.
  return typeof version === "string" && version.startsWith("qemu_xen")
    ? version.replaceAll("_", "-")
    : null;
}

/** libxl's JSON: b_info.max_vcpus. */
function jsonVcpus(config: Readonly<Record<string, unknown>>): number | null {
  const build = config.b_info;
  if (typeof build !== "object" || build === null) return null;
  return positive((build as Record<string, unknown>).max_vcpus);
}

function positive(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : null;
}
