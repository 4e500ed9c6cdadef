import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Limits } from "../../../src/findings/index.js";
import { readXapi } from "../../../src/stream/xapi/reader.js";
import { ascii, concat, u32le, zeros } from "../../builders/bytes.js";
import * as legacy from "../../builders/legacy.js";
import * as xapi from "../../builders/xapi.js";
import { type DriveOptions, drive, faultsOf, rulesOf } from "../drive.js";
import { innerReader, LIBXC, LIBXL, type Told } from "../inner.js";

const STREAM = xapi.streamSection(LIBXC);
const QEMU = xapi.section(xapi.TYPE.qemuTrad, legacy.QEMU);
const GOOD = xapi.image(xapi.XENOPS, STREAM, QEMU, xapi.END);
const XENOPS_BYTES = xapi.XENOPS_TEXT.length;
const FIRST = 15;
const SECOND = FIRST + xapi.XENOPS.length;
const THIRD = SECOND + STREAM.length;
/** A legacy stream as both forms of image hold it. */
const LEGACY = legacy.hvm({ qemu: xapi.lineFeedRecord(legacy.QEMU) });

function read(
  bytes: Uint8Array,
  options: DriveOptions & { limits?: Partial<Limits>; hint?: string } = {},
) {
  const told: Told[] = [];
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const reader = readXapi(0, innerReader(told), { limits, hint: options.hint ?? null });
  return { ...drive(reader, bytes, options), told };
}

function sections(driven: ReturnType<typeof read>) {
  return driven.events.flatMap((event) => (event.event === "section" ? [event] : []));
}

describe("a structured suspend image", () => {
  for (const mode of ["file", "pipe"] as const) {
    it(`is a chain of sections, of which the stream's has no length (${mode})`, () => {
      const driven = read(GOOD, { mode });
      expect(driven.error).toBeNull();
      expect(rulesOf(driven)).toEqual([]);
      expect(driven.result).toBe(GOOD.length);
      expect(driven.told).toEqual([
        {
          byteOffset: SECOND + 16,
          context: { wrapper: "xapi", stream: { name: "libxc", row: "XA-3" } },
        },
      ]);
      expect(sections(driven)).toMatchObject([
        { name: "metadata", layer: "xapi", byteOffset: FIRST + 16, body: ascii(xapi.XENOPS_TEXT) },
        { name: "emulator", layer: "xapi", byteOffset: THIRD + 16, body: legacy.QEMU },
      ]);
    });
  }

  it("lists every section's header, and what the Xenops record says", () => {
    const uefi = xapi.section(xapi.TYPE.varstored, zeros(5));
    const tpm = xapi.section(xapi.TYPE.swtpm, zeros(3));
    const driven = read(xapi.image(xapi.XENOPS, STREAM, uefi, tpm, QEMU, xapi.END));
    expect(rulesOf(driven)).toEqual([]);
    const headers = driven.events.flatMap((event) =>
      event.event === "header" ? [[event.name, event.fields] as const] : [],
    );
    expect(headers.map(([name]) => name)).toEqual([
      "suspend image",
      "Xenops",
      "Xenops record",
      "Libxc",
      "Varstored",
      "Swtpm",
      "Qemu_trad",
      "QEMU device state",
      "End_of_image",
    ]);
    expect(headers[1]?.[1]).toEqual({ type: "0x000f", length: `0x${XENOPS_BYTES.toString(16)}` });
    expect(headers[2]?.[1]).toMatchObject({ time: "20261121T06:58:00Z", word_size: "64" });
  });

  for (const mode of ["file", "pipe"] as const) {
    it(`holds a legacy stream with its QEMU record (${mode})`, () => {
      for (const stream of [legacy.hvm(), LEGACY]) {
        const held = xapi.streamSection(stream, xapi.TYPE.libxcLegacy);
        const bytes = xapi.image(xapi.XENOPS, held, xapi.END);
        const driven = read(bytes, { mode });
        expect(rulesOf(driven)).toEqual([]);
        expect(driven.result).toBe(bytes.length);
        const emulator = sections(driven).find(({ name }) => name === "emulator");
        expect(emulator).toMatchObject({ layer: "legacy", body: legacy.QEMU });
      }
    });
  }

  it("is cut at every offset without harm", () => {
    for (let cut = 0; cut < GOOD.length; cut += 1) {
      // The inner reader of this test takes its stream as whole.
      if (cut > SECOND + 16 && cut < THIRD) continue;
      const expected = cut < FIRST ? "XA-1" : "XA-11";
      expect(rulesOf(read(GOOD.subarray(0, cut))), `${cut}`).toEqual([expected]);
    }
  });

  it("stops at a Demu record, which has no end, and takes the rest for it", () => {
    const demu = xapi.section(xapi.TYPE.demu, zeros(1000), 0);
    const bytes = xapi.image(xapi.XENOPS, STREAM, demu, QEMU, xapi.END);
    for (const mode of ["file", "pipe"] as const) {
      const driven = read(bytes, { mode });
      expect(rulesOf(driven)).toEqual(["XA-5"]);
      expect(faultsOf(driven)[0]?.byteOffset).toBe(THIRD);
      expect(driven.result).toBe(bytes.length);
    }
  });

  it("takes a claimed length for a claim", () => {
    const lengths = [2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 40n, 0xffff_ffffn, 11n];
    const { xenops, qemuTrad, varstored } = xapi.TYPE;
    for (const type of [xenops, qemuTrad, varstored]) {
      for (const length of lengths) {
        const last = xapi.section(type, zeros(10), length);
        const driven = read(xapi.image(xapi.XENOPS, STREAM, last));
        expect(rulesOf(driven).filter((rule) => rule !== "XA-4")).toEqual(["XA-11"]);
        expect(driven.largestRead).toBeLessThanOrEqual(1024 * 1024);
      }
    }
  });

  it("passes over a Xenops record beyond the limit and names the limit", () => {
    const driven = read(GOOD, { limits: { maxMetadataBytes: XENOPS_BYTES - 1 } });
    expect(driven.error).toMatchObject({ code: "capacity", asked: XENOPS_BYTES });
    expect(read(GOOD, { limits: { maxMetadataBytes: XENOPS_BYTES } }).error).toBeNull();
  });
});

describe("the order of sections, XA-4", () => {
  it("is held to the last of those before, not to the one before alone", () => {
    const varstored = xapi.section(xapi.TYPE.varstored, zeros(4));
    const driven = read(xapi.image(xapi.XENOPS, STREAM, QEMU, varstored, varstored, xapi.END));
    const first = THIRD + QEMU.length;
    expect(faultsOf(driven)).toMatchObject([
      { rule: "XA-4", byteOffset: first },
      { rule: "XA-4", byteOffset: first + varstored.length },
    ]);
    expect(faultsOf(read(xapi.image(xapi.XENOPS, STREAM, varstored, QEMU, xapi.END)))).toEqual([]);
  });
});

describe("an old suspend image", () => {
  for (const mode of ["file", "pipe"] as const) {
    it(`is a legacy stream behind a signature, with XAPI's QEMU record or libxl's (${mode})`, () => {
      for (const stream of [LEGACY, legacy.hvm(), legacy.pv({ width: 32 })]) {
        const bytes = concat(xapi.SIGNATURE_OLD, stream);
        const driven = read(bytes, { mode });
        expect(rulesOf(driven)).toEqual([]);
        expect(driven.result).toBe(bytes.length);
        expect(driven.told[0]).toMatchObject({ byteOffset: 15, context: { wrapper: "xapi" } });
      }
    });
  }

  it("must have the QEMU record of an HVM guest", () => {
    const bytes = concat(xapi.SIGNATURE_OLD, legacy.hvm({ qemu: zeros(0) }));
    expect(rulesOf(read(bytes))).toEqual(["LG-HT-2"]);
  });

  it("is read as 32-bit where the bytes do not tell", () => {
    const stream = concat(u32le(0xffff_fff0), legacy.i32le(-7), zeros(60));
    const driven = read(concat(xapi.SIGNATURE_OLD, stream));
    expect(driven.told[0]?.context.stream).toEqual({
      name: "legacy",
      row: "XA-8",
      legacy: { width: 32, guest: "hvm" },
    });
  });
});

describe("the rules of a suspend image", () => {
  const { TYPE, XENOPS, END, image, section } = xapi;
  const xenops = (text: string) => image(section(TYPE.xenops, ascii(text)), STREAM, END);
  const qemu = (bytes: number) =>
    image(XENOPS, STREAM, section(TYPE.qemuTrad, concat(legacy.QEMU, zeros(bytes - 9))), END);
  const held = (stream: Uint8Array) =>
    image(XENOPS, xapi.streamSection(stream, TYPE.libxcLegacy), END);
  const rows: [rule: string, what: string, fires: Uint8Array, at: number, near: Uint8Array][] = [
    ["XA-1", "another signature", ascii("XenSavedDomv3-\n"), 0, GOOD],
    [
      "XA-2",
      "an unknown type",
      image(section(0x0f20, zeros(4))),
      FIRST,
      image(XENOPS, STREAM, section(TYPE.varstored, zeros(4)), END),
    ],
    ["XA-2", "a type beyond 32 bits", image(section(0x1_0000_000fn, zeros(4))), FIRST, GOOD],
    ["XA-2", "a Libxl section", image(section(TYPE.libxl, LIBXL)), FIRST, GOOD],
    ["XA-2", "a Qemu_xen section", image(section(TYPE.qemuXen, zeros(4))), FIRST, GOOD],
    [
      "XA-3",
      "a length of the stream",
      image(XENOPS, section(TYPE.libxc, LIBXC), END),
      SECOND,
      GOOD,
    ],
    [
      "XA-4",
      "QEMU before the stream",
      image(XENOPS, QEMU, STREAM, END),
      SECOND + QEMU.length,
      GOOD,
    ],
    ["XA-4", "no Xenops record", image(STREAM, END), FIRST, GOOD],
    ["XA-4", "two streams", image(XENOPS, STREAM, STREAM, END), THIRD, GOOD],
    ["XA-4/no-stream", "no stream", image(XENOPS, END), SECOND, GOOD],
    ["XA-5", "a Demu record", image(XENOPS, STREAM, section(TYPE.demu, zeros(0))), THIRD, GOOD],
    [
      "XA-8",
      "a stream of a 64-bit toolstack",
      held(legacy.hvm({ width: 64 })),
      SECOND + 16,
      held(legacy.hvm({ width: 32 })),
    ],
    [
      "XA-10",
      "a key missing",
      xenops("((time t))"),
      FIRST + 16,
      xenops("((time t)(word_size 32))"),
    ],
    ["XA-11", "no End_of_image", image(XENOPS, STREAM), THIRD, GOOD],
    ["XA-12", "QEMU state of more than 1 MiB", qemu(0x10_0001), THIRD, qemu(0x10_0000)],
    [
      "DT-15",
      "a v2 stream where a legacy one should be",
      held(LIBXC),
      SECOND + 16,
      held(legacy.hvm()),
    ],
    [
      "LL-QE-2",
      "state that QEMU did not write",
      image(XENOPS, STREAM, section(TYPE.qemuTrad, ascii("QEVN\0\0\0\x03\0")), END),
      THIRD + 16,
      GOOD,
    ],
  ];
  for (const [rule, what, fires, at, near] of rows) {
    it(`${rule}: ${what}`, () => {
      const driven = read(fires);
      expect(rulesOf(driven)).toEqual([rule]);
      expect(faultsOf(driven)[0]).toMatchObject({ byteOffset: at, layer: "xapi" });
      expect(rulesOf(read(near))).toEqual([]);
    });
  }
});
