/** The id in libvirt's domain XML: found where it counts, and all else kept byte for byte. */
import { describe, expect, it } from "vitest";
import { configuredGenids, withConfiguredGenid } from "../../../src/stream/index.js";
import { concat, u8 } from "../../builders/bytes.js";

const NEW = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const UUID = "01020304-0506-0708-090a-0b0c0d0e0f10";
const OLD = "a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf";
const OLD_ID = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

const utf8 = (text: string) => new TextEncoder().encode(text);
const idsOf = (xml: string) => configuredGenids("libvirt", utf8(`${xml}\0`));
const changed = (xml: string) => {
  const bytes = withConfiguredGenid("libvirt", utf8(xml), NEW);
  return bytes === null ? null : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
};

describe("libvirt's genid", () => {
  it("is the text of the element below the root, in the order of memory", () => {
    expect(idsOf(`<domain><genid>${OLD}</genid></domain>`)).toEqual([OLD_ID]);
    expect(idsOf(`<domain>\n<genid>\n ${OLD.toUpperCase()} </genid></domain>`)).toEqual([OLD_ID]);
    expect(idsOf(`<domain><genid><![CDATA[${OLD}]]></genid></domain>`)).toEqual([OLD_ID]);
  });

  it.each([
    ["is absent", "<domain/>"],
    ["stands deeper", `<domain><metadata><genid>${OLD}</genid></metadata></domain>`],
    ["stands in a comment", `<domain><!-- <genid>${OLD}</genid> --></domain>`],
    ["is no UUID", "<domain><genid>a0</genid></domain>"],
    ["is zero", "<domain><genid>00000000-0000-0000-0000-000000000000</genid></domain>"],
    ["is in XML that does not parse", `<domain><genid>${OLD}</genid>`],
    ["has another name", `<domain><genids>${OLD}</genids></domain>`],
  ])("is none where it %s", (_, xml) => {
    expect(idsOf(xml)).toEqual([]);
  });

  it("is drawn by libvirt where the element is empty", () => {
    expect(idsOf("<domain><genid/></domain>")).toEqual(["drawn"]);
    expect(idsOf("<domain><genid> </genid></domain>")).toEqual(["drawn"]);
  });

  it.each([
    [`<domain>\r\n <name>é𝄞</name>\r\n <genid>${OLD}</genid >\r\n</domain>`, OLD],
    [
      `\ufeff<?xml version="1.0"?>\n<domain><a><genid>${OLD}1</genid></a><genid>${OLD}</genid>`,
      OLD,
    ],
    [`<domain><!-- <genid>x</genid> --><genid a='1'> ${OLD}\n</genid></domain>`, ` ${OLD}\n`],
  ])("is written over and nothing else: %j", (start, old) => {
    const xml = start.endsWith("</domain>") ? start : `${start}</domain>`;
    const at = xml.lastIndexOf(old);
    expect(changed(xml)).toBe(`${xml.slice(0, at)}${UUID}${xml.slice(at + old.length)}`);
  });

  it("is put into an empty element", () => {
    expect(changed("<domain><genid /><b/></domain>")).toBe(
      `<domain><genid>${UUID}</genid><b/></domain>`,
    );
  });

  it("of several is the first", () => {
    const xml = `<domain><genid>${OLD}</genid><genid>${UUID}</genid></domain>`;
    expect(idsOf(xml)).toEqual([OLD_ID]);
    expect(changed(xml)).toBe(xml.replace(OLD, UUID));
  });

  it("keeps the NUL, and what stands behind it", () => {
    const xml = concat(utf8(`<domain><genid>${OLD}</genid></domain>`), u8(0), utf8("rest"));
    const bytes = withConfiguredGenid("libvirt", xml, NEW) ?? new Uint8Array();
    expect(new TextDecoder().decode(bytes)).toBe(`<domain><genid>${UUID}</genid></domain>\0rest`);
  });

  it("is not made up, nor put into what cannot be read", () => {
    expect(changed("<domain><name>n</name></domain>")).toBeNull();
    expect(changed(`<domain><genid>${OLD}</genid>`)).toBeNull();
    const latin1 = concat(utf8(`<domain><genid>${OLD}</genid>`), u8(0xe9), utf8("</domain>"));
    expect(withConfiguredGenid("libvirt", latin1, NEW)).toBeNull();
  });
});
