import { describe, expect, it } from "vitest";
import { DETECT_BYTES, detect, FORMAT_HINTS, PROBES } from "../../src/stream/detect.js";
import { ascii, concat, u32be, u32le, u64be, u64le, zeros } from "../builders/bytes.js";
import * as legacy from "../builders/legacy.js";
import { libvirt } from "../builders/libvirt.js";
import * as xapi from "../builders/xapi.js";
import { xend } from "../builders/xend.js";
import { LEGACY_HVM_32, LEGACY_HVM_64 } from "../fixtures/legacy-by-hand.js";

const head = (bytes: Uint8Array) => bytes.subarray(0, DETECT_BYTES);
const ONES = new Uint8Array(8).fill(0xff);

/** The first bytes of each format, typed from the documents, and what they are. */
const FORMATS: readonly [name: string, row: string, bytes: Uint8Array][] = [
  ["libxc", "DT-1", concat(ONES, ascii("XENF"), u32be(3), zeros(24))],
  ["libxl", "DT-2", concat(u64be(0x4c69_6278_6c46_6d74n), u32be(2), u32be(0))],
  [
    "xl",
    "DT-3",
    concat(
      u64be(0x5865_6e20_7361_7665n),
      u64be(0x6420_646f_6d61_696en),
      u64be(0x2c20_786c_2066_6f72n),
      u64be(0x6d61_740a_2000_200dn),
      u32le(0x0102_0304),
    ),
  ],
  ["libvirt", "DT-4", libvirt(zeros(0))],
  ["xapi", "DT-5", xapi.image(xapi.XENOPS)],
  ["xapi", "DT-6", concat(xapi.SIGNATURE_OLD, LEGACY_HVM_32)],
  ["xenstore", "DT-7", concat(ascii("xenstore"), u32be(2), u32be(0))],
  ["xend", "DT-8", xend(zeros(40))],
  ["qemu", "DT-9", legacy.QEMU],
  ["hvm-context", "DT-10", legacy.HVM_CONTEXT],
  ["legacy", "DT-11", LEGACY_HVM_64],
  ["legacy", "DT-11", legacy.pv({ width: 64 })],
  ["legacy", "DT-12", LEGACY_HVM_32],
  ["legacy", "DT-12", legacy.pv({ width: 32 })],
  ["gzip", "DT-13", concat(u32be(0x1f8b_0800), zeros(4), Uint8Array.of(0, 3, 0, 0, 0x80, 0xff))],
  ["gzip", "DT-13", concat(u32be(0x1f8b_0808), u32le(1_700_000_000), Uint8Array.of(0, 3))],
  ["zstd", "DT-13", concat(u32be(0x28b5_2ffd), zeros(20))],
  ["xz", "DT-13", concat(u32be(0xfd37_7a58), Uint8Array.of(0x5a, 0, 0, 4))],
  ["lz4", "DT-13", concat(u32be(0x0422_4d18), zeros(20))],
];

/** A small generator of the same numbers on any machine. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

describe("detection by first bytes", () => {
  for (const [name, row, bytes] of FORMATS) {
    it(`names ${name} (${row})`, () => {
      expect(detect(head(bytes))).toMatchObject({ name, row });
    });
  }

  it("has exactly one probe for each format", () => {
    for (const [name, row, bytes] of FORMATS) {
      const claims = PROBES.filter((probe) => probe.matches(head(bytes)));
      expect(
        claims.map((probe) => probe.name),
        row,
      ).toEqual([name]);
    }
  });

  it("reaches an answer for 10,000 random heads, and never two", () => {
    const next = numbers(7);
    let suspected = 0;
    for (let round = 0; round < 10_000; round += 1) {
      const bytes = new Uint8Array(next.next().value % (DETECT_BYTES + 1));
      // Half of the heads are small numbers, among which a legacy stream may be suspected.
      const sparse = round % 2 === 0;
      for (let at = 0; at < bytes.length; at += 1) {
        const value = next.next().value;
        bytes[at] = sparse && value % 4 !== 0 ? (value % 3 === 0 ? 0xff : 0) : value >>> 24;
      }
      const detected = detect(bytes);
      const claims = PROBES.filter((probe) => probe.matches(bytes));
      expect(claims.length).toBeLessThanOrEqual(1);
      suspected += claims.length;
      expect(detected.name).toBe(claims[0]?.name ?? "unknown");
    }
    expect(suspected).toBeGreaterThan(100);
  });

  it("reaches an answer for every beginning of every format", () => {
    for (const [name, , bytes] of FORMATS) {
      for (let cut = 0; cut <= Math.min(bytes.length, DETECT_BYTES); cut += 1) {
        const detected = detect(bytes.subarray(0, cut));
        expect([name, "unknown", "legacy"]).toContain(detected.name);
      }
    }
  });

  it("says why it names nothing", () => {
    const marker = concat(ONES, ascii("XENG"), zeros(8));
    const rows: [Uint8Array, RegExp][] = [
      [zeros(0), /empty/],
      [ascii("xen"), /3 bytes/],
      [marker, /marker/],
      [ascii("PK\x03\x04 and more than that"), /no known format/],
    ];
    for (const [bytes, reason] of rows) {
      expect(detect(bytes)).toMatchObject({ name: "unknown", row: "DT-14" });
      expect(detect(bytes)).toHaveProperty("reason", expect.stringMatching(reason));
    }
  });
});

describe("a legacy stream, which has no magic", () => {
  const hvm64 = (first: number) => concat(u64le(2), legacy.i32le(first), zeros(52));
  const hvm32 = (first: number) => concat(u32le(2), legacy.i32le(first), zeros(56));
  const pv64 = (total: number, tag: string) =>
    concat(u64le(2), ONES, u32le(total), ascii(tag), zeros(40));
  const pv32 = (total: number, tag: string) =>
    concat(u32le(2), ONES.subarray(0, 4), u32le(total), ascii(tag), zeros(48));

  const rows: [rule: string, fits: Uint8Array, shape: object, not: Uint8Array][] = [
    [
      "LG-DET-2: 64-bit PV, by its tag",
      pv64(8, "vcpu"),
      { width: 64, guest: "pv" },
      pv64(8, "vcpv"),
    ],
    [
      "LG-DET-2: any block may be first",
      pv64(8, "xcnt"),
      { width: 64, guest: "pv" },
      pv64(8, "XCNT"),
    ],
    ["LG-DET-3: 64-bit HVM, a kind", hvm64(-20), { width: 64, guest: "hvm" }, hvm64(-21)],
    ["LG-DET-3: 64-bit HVM, a count", hvm64(1024), { width: 64, guest: "hvm" }, hvm64(1025)],
    ["LG-DET-3: 64-bit HVM, no chunk", hvm64(0), { width: 64, guest: "hvm" }, hvm64(2 ** 30)],
    [
      "LG-DET-4: 32-bit PV, by its tag",
      pv32(8, "extv"),
      { width: 32, guest: "pv" },
      pv32(8, "extw"),
    ],
    ["LG-DET-5: 32-bit HVM, a kind", hvm32(-20), { width: 32, guest: "hvm" }, hvm32(-21)],
    ["LG-DET-5: 32-bit HVM, a count", hvm32(1024), { width: 32, guest: "hvm" }, hvm32(1025)],
    ["LG-DET-6: total, lower", pv64(8, "vcpu"), { width: 64, guest: "pv" }, pv64(7, "vcpu")],
    [
      "LG-DET-6: total, upper",
      pv32(65535, "vcpu"),
      { width: 32, guest: "pv" },
      pv32(65536, "vcpu"),
    ],
  ];
  for (const [rule, fits, shape, not] of rows) {
    it(rule, () => {
      expect(detect(fits)).toMatchObject({ name: "legacy", legacy: shape });
      expect(detect(not).name).toBe("unknown");
    });
  }

  it("LG-DET-1: is not suspected behind eight octets of ones", () => {
    expect(detect(concat(ONES, zeros(56))).name).toBe("unknown");
  });

  it("LG-DET-6: has a p2m_size of 1 to 0x0fffffff", () => {
    const sized = (p2mSize: number) => concat(u32le(p2mSize), legacy.i32le(-7), zeros(56));
    expect([0, 1, 0x0fff_ffff, 0x1000_0000].map((size) => detect(sized(size)).name)).toEqual([
      "unknown",
      "legacy",
      "legacy",
      "unknown",
    ]);
  });

  it("is told from gzip where its p2m_size reads as gzip's magic", () => {
    const p2mSize = 0x0008_8b1f;
    const first = [-7, 1024].map((id) => concat(u64le(p2mSize), legacy.i32le(id), zeros(52)));
    const pv = concat(u64le(p2mSize), ONES, u32le(8), ascii("vcpu"), zeros(40));
    const hvm32 = concat(u32le(p2mSize), legacy.i32le(-7), zeros(56));
    for (const bytes of [...first, pv, hvm32]) expect(detect(bytes).name).toBe("legacy");
    const reservedFlag = concat(u32be(0x1f8b_0820), zeros(60));
    expect(detect(reservedFlag).name).not.toBe("gzip");
  });
});

describe("a hint", () => {
  const noise = concat(ascii("no format at all"), zeros(48));

  it("decides where no magic does", () => {
    for (const hint of FORMAT_HINTS) {
      const name = hint.startsWith("legacy") ? "legacy" : hint;
      expect(detect(noise, hint).name).toBe(name);
    }
  });

  it("overrides the guess that a legacy stream needs", () => {
    const width = (hint: string) => detect(head(LEGACY_HVM_32), hint);
    expect(width("legacy64")).toMatchObject({ legacy: { width: 64, guest: "hvm" } });
    expect(width("legacy")).toMatchObject({ legacy: { width: 32, guest: "hvm" } });
    expect(detect(head(legacy.pv({ width: 64 })), "legacy64")).toMatchObject({
      legacy: { width: 64, guest: "pv" },
    });
    expect(width("libxc").name).toBe("libxc");
  });

  it("LG-HDR-2: leaves the width to octets 4..7 where only the format is told", () => {
    const odd = concat(u32le(0xffff_ffff), zeros(4), ascii("whatever"));
    expect(detect(odd, "legacy")).toMatchObject({ legacy: { width: 64 } });
    expect(detect(noise, "legacy")).toMatchObject({ legacy: { width: 32 } });
  });

  it("does not outweigh a magic", () => {
    expect(detect(head(libvirt(zeros(0))), "legacy32").name).toBe("libvirt");
  });

  it("must be one that exists", () => {
    expect(() => detect(noise, "legacy16")).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
