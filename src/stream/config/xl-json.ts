/**
 * Reads libxl's JSON: the config of an xl save file since Xen 4.5. Takes the members that
 * a restore or a person asks for; any of them may be missing or of another type.
 * Source: libxl's public types (facts).
 */
import { SummaryBuilder } from "./summary.js";

type Fields = Readonly<Record<string, unknown>>;

/** Graphics of a framebuffer, by the member that turns each on. */
const GRAPHICS = ["vnc", "sdl", "spice"] as const;

/** What a config tells that parsed as an object. */
export function readXlJson(config: Fields): SummaryBuilder {
  const facts = new SummaryBuilder("xl-json");
  const create = fieldsOf(config.c_info);
  const build = fieldsOf(config.b_info);
  facts.text("name", create.name);
  facts.text("uuid", create.uuid);
  facts.text("guest", create.type);
  facts.text("guest", build.type);
  facts.text("deviceModel", deviceModelOf(build.device_model_version));
  if (Array.isArray(build.avail_vcpus)) facts.number("vcpus", build.avail_vcpus.length);
  facts.number("maxVcpus", build.max_vcpus);
  facts.number("memoryKiB", build.target_memkb);
  facts.number("maxMemoryKiB", build.max_memkb);
  for (const disk of listOf(config.disks)) {
    const cdrom = Number(disk.is_cdrom) === 1 ? "cdrom" : undefined;
    const words = [wordOf(disk.vdev), wordOf(disk.format), wordOf(disk.pdev_path), cdrom];
    facts.device("disks", words);
  }
  for (const nic of listOf(config.nics)) {
    facts.device("nics", [wordOf(nic.mac), wordOf(nic.bridge), wordOf(nic.model)]);
  }
  for (const vfb of listOf(config.vfbs)) {
    facts.device(
      "vfbs",
      GRAPHICS.flatMap((name) => (isOn(fieldsOf(vfb[name]).enable) ? [name] : [])),
    );
  }
  for (const device of listOf(config.pcidevs)) {
    const { domain = 0, bus = 0, dev = 0, func = 0 } = device;
    facts.device("pci", [pciAddress([domain, bus, dev, func])]);
  }
  return facts;
}

/** The enumeration has underscores here, xl's text has hyphens; libxl's "unknown" names none. */
function deviceModelOf(version: unknown): string | undefined {
  const isOne = typeof version === "string" && version.startsWith("qemu_xen");
  return isOne ? version.replaceAll("_", "-") : undefined;
}

/**
 * `0000:03:00.0` of domain, bus, device, function.
 *
 * @returns undefined where one of them is no number
 */
export function pciAddress(parts: readonly unknown[]): string | undefined {
  const digits = parts.map((part, index) => {
    const number = typeof part === "number" ? part : Number.NaN;
    return Number.isSafeInteger(number) && number >= 0
      ? number.toString(16).padStart(index === 0 ? 4 : index === 3 ? 1 : 2, "0")
      : null;
  });
  if (digits.includes(null)) return undefined;
  const [domain, bus, device, func] = digits;
  return `${domain}:${bus}:${device}.${func}`;
}

/** A boolean of libxl's JSON: true, or the text that its default boolean has. */
function isOn(value: unknown): boolean {
  return value === true || value === "True" || value === "true";
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function wordOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
