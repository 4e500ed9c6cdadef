import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../../src/findings/index.js";
import { readLibvirt } from "../../../src/stream/libvirt/reader.js";
import { ascii, concat, poke, u32be, zeros } from "../../builders/bytes.js";
import * as legacy from "../../builders/legacy.js";
import { libvirt, MAGIC, XML } from "../../builders/libvirt.js";
import { type DriveOptions, drive, faultsOf, rulesOf } from "../drive.js";
import { innerReader, LIBXC, LIBXL, type Told } from "../inner.js";

const HEADER_BYTES = 64;
const LEGACY = legacy.hvm({ width: 64 });

function read(
  bytes: Uint8Array,
  options: DriveOptions & { limits?: Partial<Limits>; hint?: string } = {},
) {
  const told: Told[] = [];
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const reader = readLibvirt(0, innerReader(told), { limits, hint: options.hint ?? null });
  return { ...drive(reader, bytes, options), told };
}

describe("a libvirt save file", () => {
  it("reads as the header of the document", () => {
    const header = concat(
      ascii("libvirt-xml\n \0 \r"),
      Uint8Array.of(2, 0, 0, 0, 12, 0, 0, 0),
      zeros(40),
    );
    const driven = read(concat(header, ascii("<domain   />"), LIBXL));
    const fields = driven.events.flatMap((event) =>
      event.event === "header" ? [event.fields] : [],
    );
    expect(fields).toEqual([{ version: 2, xmlLen: 12 }]);
  });

  for (const mode of ["file", "pipe"] as const) {
    it(`gives its XML and delegates the stream behind it (${mode})`, () => {
      const bytes = libvirt(LIBXL);
      const driven = read(bytes, { mode });
      expect(driven.error).toBeNull();
      expect(rulesOf(driven)).toEqual([]);
      expect(driven.result).toBe(bytes.length);
      const streamAt = HEADER_BYTES + XML.length;
      expect(driven.told).toEqual([
        {
          byteOffset: streamAt,
          context: { wrapper: "libvirt", stream: { name: "libxl", row: "DT-2" } },
        },
      ]);
      expect(driven.events.map(({ event }) => event)).toEqual([
        "container",
        "header",
        "section",
        "container",
        "moment",
      ]);
      expect(driven.events[2]).toMatchObject({ name: "config", byteOffset: 64, body: XML });
    });

    it(`reads a legacy stream where its version is 1 (${mode})`, () => {
      const bytes = libvirt(LEGACY, { version: 1 });
      const driven = read(bytes, { mode });
      expect(rulesOf(driven)).toEqual([]);
      expect(driven.result).toBe(bytes.length);
      const containers = driven.events.flatMap((event) =>
        event.event === "container" ? [event.name] : [],
      );
      expect(containers).toEqual(["libvirt", "legacy"]);
    });
  }

  it("is cut at every offset without harm", () => {
    const bytes = libvirt(LIBXL);
    for (let cut = 0; cut < bytes.length - LIBXL.length; cut += 1) {
      const expected = cut < HEADER_BYTES ? "LV-1" : "LV-3";
      expect(rulesOf(read(bytes.subarray(0, cut))), `${cut}`).toEqual([expected]);
    }
    const empty = read(bytes.subarray(0, bytes.length - LIBXL.length));
    expect(rulesOf(empty)).toEqual(["DT-14"]);
  });

  it("passes the user's hint on to detection", () => {
    const driven = read(libvirt(LEGACY, { version: 1 }), { hint: "legacy32" });
    expect(driven.told[0]?.context.stream).toMatchObject({ legacy: { width: 32 } });
  });

  it("passes over an XML beyond the limit and names the limit", () => {
    const driven = read(libvirt(LIBXL), { limits: { maxMetadataBytes: XML.length - 1 } });
    expect(driven.error).toMatchObject({ code: "capacity", asked: XML.length });
    expect(driven.largestRead).toBeLessThan(XML.length + HEADER_BYTES);
    const near = read(libvirt(LIBXL), { limits: { maxMetadataBytes: XML.length } });
    expect(near.error).toBeNull();
  });

  it("takes a claimed length for a claim", () => {
    for (const xmlLen of [0xffff_ffff, 0x8000_0000, XML.length + LIBXL.length + 1]) {
      const driven = read(libvirt(LIBXL, { xmlLen }));
      expect(rulesOf(driven)).toEqual(["LV-3"]);
      expect(driven.largestRead).toBeLessThanOrEqual(1024 * 1024);
    }
  });
});

describe("the rules of a libvirt save file", () => {
  const bigEndian = poke(libvirt(LIBXL), MAGIC.length, ...u32be(2));
  const xml = (text: string) => libvirt(LIBXL, { xml: ascii(text) });
  const rows: [rule: string, what: string, fires: Uint8Array, at: number, near: Uint8Array][] = [
    ["LV-1", "another magic", poke(libvirt(LIBXL), 15, 0x0a), 0, libvirt(LIBXL)],
    ["LV-2", "version 3", libvirt(LIBXL, { version: 3 }), 16, libvirt(LIBXL, { version: 2 })],
    ["LV-3", "no XML", libvirt(LIBXL, { xml: zeros(0) }), 20, libvirt(LIBXL)],
    ["LV-3", "an XML of NUL alone", xml("\0"), 64, xml("<domain/>\0")],
    ["LV-3", "an XML without NUL", xml("<domain/>"), 64 + 9, xml("<domain/>\0")],
    [
      "LV-3",
      "an ill-formed XML",
      xml("<domain><a></b></domain>\0"),
      64 + 15,
      xml("<domain><a/></domain>\0"),
    ],
    ["LV-3", "another root element", xml("<network/>\0"), 64, xml("<domain><network/></domain>\0")],
    [
      "LV-6",
      "version 1 before a v2 stream",
      libvirt(LIBXL, { version: 1 }),
      16,
      libvirt(LEGACY, { version: 1 }),
    ],
    ["LV-6", "version 2 before a legacy stream", libvirt(LEGACY), 16, libvirt(LIBXL)],
    [
      "LV-6",
      "version 0 before a legacy stream",
      libvirt(LEGACY, { version: 0 }),
      16,
      libvirt(LIBXL, { version: 0 }),
    ],
    ["LV-6", "version 2 before a bare libxc stream", libvirt(LIBXC), 16, libvirt(LIBXL)],
    ["LV-8", "a big-endian version", bigEndian, 16, libvirt(LIBXL)],
    [
      "DT-14",
      "no stream",
      libvirt(ascii("nothing that is known")),
      64 + XML.length,
      libvirt(LIBXL),
    ],
    ["DT-15", "a file in the file", libvirt(libvirt(LIBXL)), 64 + XML.length, libvirt(LIBXL)],
  ];
  for (const [rule, what, fires, at, near] of rows) {
    it(`${rule}: ${what}`, () => {
      const driven = read(fires);
      expect(rulesOf(driven)).toEqual([rule]);
      expect(faultsOf(driven)[0]).toMatchObject({ byteOffset: at, layer: "libvirt" });
      expect(rulesOf(read(near))).toEqual([]);
    });
  }

  it("LV-2: takes a version that is nonsense in either byte order for too high", () => {
    const driven = read(libvirt(LIBXL, { version: 0x0102_0304 }));
    expect(rulesOf(driven)).toEqual(["LV-2"]);
  });
});
