/**
 * Reads libvirt's domain XML, fed by a parser's events: no tree is made, and an element counts by
 * where it stands. Whether the XML is sound is libvirt/domain-xml.ts.
 * Source: libvirt's description of the domain XML format (facts).
 */

import { SaxesParser } from "saxes";
import { type DeviceKind, SummaryBuilder } from "./summary.js";
import { pciAddress } from "./xl-json.js";

type Attributes = Readonly<Record<string, string>>;

/** Names of open elements that are kept: nothing that is looked at stands deeper. */
const DEPTH_KEPT = 8;
/** Characters of an element's text that are kept. */
const MAX_CHARS = 1024;
/** Errors behind which reading goes on; each costs more than many characters. */
const MAX_ERRORS = 64;
/** Characters handed to the parser at once. */
const STEP_CHARS = 64 * 1024;

/** Bytes of one, by the unit; KiB where none is told. */
const UNIT_BYTES: ReadonlyMap<string, number> = new Map([
  ["b", 1],
  ["bytes", 1],
  ["KB", 1e3],
  ["k", 2 ** 10],
  ["KiB", 2 ** 10],
  ["MB", 1e6],
  ["M", 2 ** 20],
  ["MiB", 2 ** 20],
  ["GB", 1e9],
  ["G", 2 ** 30],
  ["GiB", 2 ** 30],
  ["TB", 1e12],
  ["T", 2 ** 40],
  ["TiB", 2 ** 40],
]);

/** Elements of a device that say something, by attribute. */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  target: ["dev"],
  driver: ["type"],
  source: ["file", "dev", "name", "bridge", "network"],
  mac: ["address"],
  model: ["type"],
};

/** What a domain's XML tells. */
export interface DomainXmlRead {
  readonly facts: SummaryBuilder;
  /** It is well formed; else the facts are those that could be found nevertheless. */
  readonly isWhole: boolean;
}

/** Read a domain's XML: behind what is ill formed too, as far as the parser finds its way. */
export function readDomainXml(text: string): DomainXmlRead {
  const walk = new DomainWalk();
  const parser = new SaxesParser();
  let errors = 0;
  parser.on("error", () => {
    errors += 1;
  });
  parser.on("opentag", (tag) => walk.open(tag.name, tag.attributes));
  parser.on("text", (characters) => walk.text(characters));
  parser.on("cdata", (characters) => walk.text(characters));
  parser.on("closetag", () => walk.close());
  for (let at = 0; at < text.length && errors < MAX_ERRORS; at += STEP_CHARS) {
    parser.write(text.slice(at, at + STEP_CHARS));
  }
  if (errors < MAX_ERRORS) parser.close();
  return { facts: walk.facts, isWhole: errors === 0 };
}

class DomainWalk {
  readonly facts = new SummaryBuilder("libvirt-xml");
  /** Names from the root on, of the first DEPTH_KEPT elements that are open. */
  readonly #path: string[] = [];
  #depth = 0;
  #attributes: Attributes = {};
  #text = "";
  #device: { readonly words: string[]; pci: string | undefined } = { words: [], pci: undefined };

  open(name: string, attributes: Attributes): void {
    this.#depth += 1;
    if (this.#depth > DEPTH_KEPT) return;
    this.#path.push(name);
    this.#attributes = attributes;
    this.#text = "";
    const path = this.#where();
    if (path === "domain/os/type") this.facts.text("machine", attributes.machine);
    else if (DEVICES.has(path)) this.#device = { words: deviceWords(attributes), pci: undefined };
    else if (path.startsWith("domain/devices/")) this.#tell(name, path, attributes);
  }

  text(characters: string): void {
    const room = MAX_CHARS - this.#text.length;
    if (this.#depth <= DEPTH_KEPT && room > 0) this.#text += characters.slice(0, room);
  }

  close(): void {
    if (this.#depth <= DEPTH_KEPT) {
      this.#closed(this.#where(), this.#text.trim());
      this.#path.pop();
      this.#text = "";
    }
    this.#depth -= 1;
  }

  #where(): string {
    return this.#path.join("/");
  }

  #tell(name: string, path: string, attributes: Attributes): void {
    for (const attribute of TOLD[name] ?? []) {
      const value = attributes[attribute];
      if (value !== undefined && this.#path.length === 4) this.#device.words.push(value);
    }
    if (path !== "domain/devices/hostdev/source/address") return;
    const { domain = "0", bus = "0", slot = "0", function: func = "0" } = attributes;
    this.#device.pci = pciAddress([domain, bus, slot, func].map(Number));
  }

  #closed(path: string, text: string): void {
    const { facts } = this;
    const attributes = this.#attributes;
    switch (path) {
      case "domain/name":
        facts.text("name", text);
        break;
      case "domain/uuid":
        facts.text("uuid", text);
        break;
      case "domain/os/type":
        facts.text("guest", text);
        break;
      case "domain/memory":
        facts.number("maxMemoryKiB", kibibytes(text, attributes.unit));
        break;
      case "domain/currentMemory":
        facts.number("memoryKiB", kibibytes(text, attributes.unit));
        break;
      case "domain/vcpu":
        facts.number("maxVcpus", numberOf(text));
        facts.number("vcpus", numberOf(attributes.current ?? text));
        break;
      default:
        this.#closedDevice(path);
    }
  }

  #closedDevice(path: string): void {
    const { words, pci } = this.#device;
    const kind = DEVICES.get(path);
    if (kind === "pci") {
      if (pci !== undefined) this.facts.device(kind, [pci]);
    } else if (kind !== undefined) this.facts.device(kind, words);
  }
}

/** Elements that are a device; a host device counts as one of PCI by the address in it. */
const DEVICES: ReadonlyMap<string, DeviceKind> = new Map([
  ["domain/devices/disk", "disks"],
  ["domain/devices/interface", "nics"],
  ["domain/devices/graphics", "vfbs"],
  ["domain/devices/hostdev", "pci"],
]);

/** What the element of a device itself says. */
function deviceWords({ type, device, port }: Attributes): string[] {
  return [type, device, port].flatMap((word) => (word === undefined ? [] : [word]));
}

function numberOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function kibibytes(text: string, unit = "KiB"): number | undefined {
  const count = numberOf(text);
  const bytes = UNIT_BYTES.get(unit);
  return count === undefined || bytes === undefined ? undefined : Math.ceil((count * bytes) / 1024);
}
