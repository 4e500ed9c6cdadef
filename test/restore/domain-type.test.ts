/**
 * What a container's config says of the domain to be filled, held against the stream inside:
 * LC-DOM-1 and LL-EMU-3 through the whole pipeline.
 */
import { describe, expect, it } from "vitest";
import { ascii, concat } from "../builders/bytes.js";
import { hvm as legacyHvm } from "../builders/legacy.js";
import { libvirt } from "../builders/libvirt.js";
import { emulatorContext, libxlStream, xlHeader } from "../builders/libxl.js";
import { join, type Part } from "../builders/parts.js";
import { runBytes } from "../harness.js";
import { hvm, pv } from "../rules/tables/row.js";

const jsonOf = (type: string) => `{"c_info":{"type":${JSON.stringify(type)}}}\0`;
const xmlOf = (type: string) => `<domain><os><type arch='x86_64'>${type}</type></os></domain>\0`;
const inXl = (config: string, parts: readonly Part[]) =>
  concat(xlHeader({ config }).bytes, join(parts));
const inLibvirt = (type: string, parts: readonly Part[]) =>
  libvirt(join(parts), { xml: ascii(xmlOf(type)) });
const told = (bytes: Uint8Array): string[] =>
  runBytes(bytes)
    .findings.filter(({ severity }) => severity === "error")
    .map(({ rule, byteOffset }) => `${rule}@${byteOffset}`);

/** Offset of the domain header in a libxl stream: libxl header, LIBXC_CONTEXT, image header. */
const DOMAIN_HEADER_AT = 16 + 8 + 24;
const streamAt = (config: string) => 48 + 4 + config.length;

describe("the domain type in xl's JSON", () => {
  it.each([
    ["pv", hvm],
    ["hvm", pv],
    ["pvh", pv],
  ])("%s takes no stream of the other kind, LC-DOM-1", (type, guest) => {
    const config = jsonOf(type);
    const fault = `LC-DOM-1@${streamAt(config) + DOMAIN_HEADER_AT}`;
    expect(told(inXl(config, libxlStream(guest())))).toEqual([fault]);
  });

  it.each([
    ["pv", pv],
    ["hvm", hvm],
    ["pvh", hvm],
    ["none that is known", hvm],
    ["none that is known", pv],
  ])("%s takes a stream of its kind", (type, guest) => {
    expect(told(inXl(jsonOf(type), libxlStream(guest())))).toEqual([]);
  });

  it("decides whether there is a device model, whatever the stream says, LL-EMU-3", () => {
    const rules = (type: string, guest: () => Part[]) =>
      told(inXl(jsonOf(type), libxlStream(guest(), [emulatorContext()]))).map(
        (fault) => fault.split("@")[0],
      );
    expect(rules("hvm", hvm)).toEqual([]);
    expect(rules("pvh", hvm)).toEqual(["LL-EMU-3"]);
    expect(rules("pv", pv)).toEqual(["LL-EMU-3"]);
    expect(rules("pv", hvm)).toEqual(["LC-DOM-1", "LL-EMU-3"]);
    expect(rules("hvm", pv)).toEqual(["LC-DOM-1"]);
  });

  it("is what a legacy stream is converted as, LC-DOM-1", () => {
    const file = (config: string) =>
      concat(xlHeader({ config, mandatoryFlags: 1 }).bytes, legacyHvm());
    expect(told(file(jsonOf("hvm")))).toEqual([]);
    const config = jsonOf("pv");
    expect(told(file(config))).toEqual([`LC-DOM-1@${streamAt(config)}`]);
  });
});

describe("the domain type in libvirt's XML", () => {
  it.each([
    ["xen", hvm],
    ["linux", hvm],
    ["hvm", pv],
    ["xenpvh", pv],
  ])("%s takes no stream of the other kind, LC-DOM-1", (type, guest) => {
    const fault = `LC-DOM-1@${64 + xmlOf(type).length + DOMAIN_HEADER_AT}`;
    expect(told(inLibvirt(type, libxlStream(guest())))).toEqual([fault]);
  });

  it.each([
    ["xen", pv],
    ["linux", pv],
    ["hvm", hvm],
    ["xenpvh", hvm],
    ["uml", pv],
  ])("%s takes a stream of its kind", (type, guest) => {
    expect(told(inLibvirt(type, libxlStream(guest())))).toEqual([]);
  });

  it("is that of the operating system, not of another element", () => {
    const xml = "<domain><metadata><type>xen</type></metadata><os><type>hvm</type></os></domain>\0";
    expect(told(libvirt(join(libxlStream(hvm())), { xml: ascii(xml) }))).toEqual([]);
  });
});
