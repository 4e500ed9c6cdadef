import { describe, expect, it } from "vitest";
import { judgeDomainXml } from "../../../src/stream/libvirt/domain-xml.js";

const judge = (text: string) => judgeDomainXml(new TextEncoder().encode(text));

describe("the domain XML of a libvirt file", () => {
  it("is accepted with declaration, comments, text, entities, namespaces", () => {
    const text = `<?xml version="1.0" encoding="UTF-8"?>
      <!-- made by a test -->
      <domain type='xen' xmlns:xen='http://example.org/xen'>
        <name>größe &amp; &#x41;</name><xen:x/><![CDATA[ <not xml> ]]>
      </domain>\n\0`;
    expect(judge(text)).toBeNull();
  });

  it("ends at its first NUL, whatever follows", () => {
    expect(judge("<domain/>\0<never closed")).toBeNull();
  });

  // Places are those where the parser notices, which may be a little behind the cause.
  const rows: [what: string, text: string, byteIndex: number, message: RegExp][] = [
    ["no NUL", "<domain/>", 9, /NUL/],
    ["a tag that is not closed", "<domain><a></domain>\0", 20, /ill formed/],
    ["a tag cut short", "<domain><na\0", 11, /ill formed/],
    ["a bare ampersand", "<domain>a & b</domain>\0", 22, /ill formed/],
    ["an unknown entity", "<domain>&bomb;</domain>\0", 14, /ill formed/],
    ["two roots", "<domain/><domain/>\0", 17, /ill formed/],
    ["another root", "<volume/>\0", 0, /volume/],
    ["an attribute twice", "<domain a='1' a='2'/>\0", 21, /ill formed/],
  ];
  for (const [what, text, byteIndex, message] of rows) {
    it(`is refused for ${what}`, () => {
      expect(judge(text)).toMatchObject({ message: expect.stringMatching(message) });
      expect(judge(text)?.byteIndex).toBe(byteIndex);
    });
  }

  it("gives places in bytes, not in characters", () => {
    const plain = judge("<domain>oo & b</domain>\0");
    const umlauts = judge("<domain>öö & b</domain>\0");
    expect((umlauts?.byteIndex ?? 0) - (plain?.byteIndex ?? 0)).toBe(2);
  });

  it("is refused where it is no UTF-8", () => {
    const bytes = Uint8Array.of(0x3c, 0xff, 0xfe, 0x2f, 0x3e, 0);
    expect(judgeDomainXml(bytes)).toMatchObject({ message: expect.stringMatching(/UTF-8/) });
  });

  it("expands no entities that the text defines: a bomb costs nothing", () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `<!ENTITY e${level + 1} "&e${level};&e${level};">`,
    );
    const text = `<!DOCTYPE domain [<!ENTITY e0 "x">${levels.join("")}]><domain>&e30;</domain>\0`;
    expect(judge(text)).not.toBeNull();
  });

  it("is parsed without recursion, however deep it nests", () => {
    const depth = 200_000;
    const text = `<domain>${"<a>".repeat(depth)}${"</a>".repeat(depth)}</domain>\0`;
    expect(judge(text)).toBeNull();
  });
});
