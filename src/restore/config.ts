/**
 * What a restore takes from a container's config: the number of vcpus, the type of the domain, and
 * what a host has to have. Everything else in a config is for people and for the toolstack. A config that cannot
 * be read says nothing here, and is judged by the container's own rules.
 */
import { type ConfigFacts, configFactsOf, type SectionEvent } from "../stream/index.js";

/** The types of domains that a config may ask for; a PVH domain is filled from an HVM stream. */
export type DomainType = "pv" | "hvm" | "pvh";

/** What a config tells of the domain that is restored. */
export interface DomainConfig {
  /** The most that it may have. */
  readonly vcpus: number | null;
  /** Null where no type is told. Of xl's text PVH alone: it has several keys for the others. */
  readonly type: DomainType | null;
}

/** xl's words and libvirt's, which reads two for PV. */
const TYPES: ReadonlyMap<string, DomainType> = new Map([
  ["pv", "pv"],
  ["xen", "pv"],
  ["linux", "pv"],
  ["hvm", "hvm"],
  ["pvh", "pvh"],
  ["xenpvh", "pvh"],
]);
/** A name that may be one of QEMU's machines, or a device model. */
const NAME = /^[^"']{1,64}$/;

/** What a section tells; all null where it is no config. */
export function domainConfigOf(section: SectionEvent): DomainConfig {
  const { format, maxVcpus = 0, guest = "" }: Partial<ConfigFacts> = configFactsOf(section) ?? {};
  const type = TYPES.get(guest) ?? null;
  return {
    vcpus: maxVcpus > 0 ? maxVcpus : null,
    type: format === "xl-text" && type !== "pvh" ? null : type,
  };
}

/** The QEMU that a config names: its machine in libvirt's, the device model in xl's. */
export interface DomainQemu {
  readonly machine: string | null;
  /** As `qemu-xen`. */
  readonly deviceModel: string | null;
}

/** What a section tells of it; all null where it is no config. */
export function qemuOfConfig(section: SectionEvent): DomainQemu {
  const { machine = "", deviceModel = "" }: Partial<ConfigFacts> = configFactsOf(section) ?? {};
  return {
    machine: NAME.test(machine) ? machine : null,
    deviceModel: NAME.test(deviceModel) ? deviceModel : null,
  };
}
