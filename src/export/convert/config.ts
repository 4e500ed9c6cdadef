/**
 * The config that a container needs: taken over from a source of the same kind, given by the
 * caller, or made. A made one says no more than what is known: enough for the file to be read, and
 * little for a domain to be started. Source: xl, libvirt and xen-api formats; XL-7, LV-3, XA-10.
 */
import type { GuestKind } from "../../format/index.js";
import {
  type ConfigFacts,
  configFactsOf,
  judgeDomainXml,
  parseJsonConfig,
  readXenops,
  type SectionEvent,
} from "../../stream/index.js";
import { encodeXenops } from "../writers/containers.js";

/** Containers that have a config. */
export type ConfigTarget = "xl" | "libvirt" | "xapi";

/** What is known of the domain, for a config that has to be made. */
export interface DomainIdentity {
  readonly name: string | null;
  readonly vcpus: number | null;
  readonly memoryKiB: number | null;
}

/** Nothing is known. */
export const UNKNOWN_DOMAIN: DomainIdentity = { name: null, vcpus: null, memoryKiB: null };

/** Name of a domain whose name nobody told. */
const MADE_NAME = "xenstream";
/** A longer name is no domain's; nor may one be told that was cut. */
const MAX_NAME_CHARS = 255;
/** A fixed time, so that the same source gives the same bytes. */
const MADE_TIME = "19700101T00:00:00Z";

/** A config as it is written, with its NUL where the container wants one. */
export interface ReadyConfig {
  readonly bytes: Uint8Array;
  /** xl: JSON; false for the text of release 4.4 and older. */
  readonly json: boolean;
}

/**
 * A config that the caller gave.
 *
 * @returns the config, or why it cannot be one
 */
export function givenConfig(
  target: ConfigTarget,
  given: Uint8Array,
): { readonly config: ReadyConfig } | { readonly reason: string } {
  const text = untilNul(given);
  const config = { bytes: target === "xapi" ? text : withNul(text), json: true };
  switch (target) {
    case "xl": {
      const parsed = parseJsonConfig(text);
      return parsed.ok
        ? { config }
        : { reason: `xl's config must be a JSON object: ${parsed.reason}` };
    }
    case "libvirt": {
      const breach = judgeDomainXml(config.bytes);
      return breach === null ? { config } : { reason: breach.message };
    }
    case "xapi": {
      const read = readXenops(text);
      return "breach" in read ? { reason: read.breach.message } : { config };
    }
  }
}

/** The source's config, if it is one that the target takes. */
export function keptConfig(
  target: ConfigTarget,
  section: SectionEvent,
  xlJson: boolean,
): ReadyConfig | null {
  const { layer, name, body } = section;
  if (layer !== target || body === null || body.length === 0) return null;
  if (target === "xapi") return name === "metadata" ? { bytes: body, json: true } : null;
  if (name !== "config") return null;
  if (target === "xl" && !xlJson) return { bytes: body, json: false };
  return { bytes: withNul(untilNul(body)), json: true };
}

/** What a config tells of its domain. */
export function identityOf(section: SectionEvent): DomainIdentity {
  const { name, maxVcpus, maxMemoryKiB }: Partial<ConfigFacts> = configFactsOf(section) ?? {};
  return {
    name: name !== undefined && name.length <= MAX_NAME_CHARS ? name : null,
    vcpus: positive(maxVcpus),
    memoryKiB: positive(maxMemoryKiB),
  };
}

/** A config made of what is known. */
export function madeConfig(
  target: ConfigTarget,
  guest: GuestKind,
  identity: DomainIdentity,
): ReadyConfig {
  const encode = (text: string) => new TextEncoder().encode(text);
  switch (target) {
    case "xl":
      return { bytes: withNul(encode(xlJsonText(guest, identity))), json: true };
    case "libvirt":
      return { bytes: withNul(encode(domainXmlText(guest, identity))), json: true };
    case "xapi": {
      const pairs = [["time", MADE_TIME] as const, ["word_size", "64"] as const];
      return { bytes: encodeXenops(pairs), json: true };
    }
  }
}

function xlJsonText(guest: GuestKind, { name, vcpus, memoryKiB }: DomainIdentity): string {
  const config = {
    c_info: { type: guest, name: name ?? MADE_NAME },
    b_info: {
      ...(vcpus === null ? {} : { max_vcpus: vcpus }),
      ...(memoryKiB === null ? {} : { max_memkb: memoryKiB, target_memkb: memoryKiB }),
      [`type.${guest}`]: {},
    },
  };
  return `${JSON.stringify(config, null, 4)}\n`;
}

function domainXmlText(guest: GuestKind, { name, vcpus, memoryKiB }: DomainIdentity): string {
  const [machine, type] = guest === "hvm" ? ["xenfv", "hvm"] : ["xenpv", "linux"];
  const lines = [
    "<domain type='xen'>",
    `  <name>${xmlText(name ?? MADE_NAME)}</name>`,
    ...(memoryKiB === null ? [] : [`  <memory unit='KiB'>${memoryKiB}</memory>`]),
    ...(vcpus === null ? [] : [`  <vcpu>${vcpus}</vcpu>`]),
    "  <os>",
    `    <type arch='x86_64' machine='${machine}'>${type}</type>`,
    "  </os>",
    "</domain>",
  ];
  return `${lines.join("\n")}\n`;
}

function positive(value = 0): number | null {
  return value > 0 ? value : null;
}

/** Characters that XML cannot hold at all are left out. */
function xmlText(text: string): string {
  const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return text
    .replace(/[^\t\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>]/g, (character) => escapes[character] ?? "");
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const nul = bytes.indexOf(0);
  return nul === -1 ? bytes : bytes.subarray(0, nul);
}

function withNul(text: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(text.length + 1);
  bytes.set(text);
  return bytes;
}
