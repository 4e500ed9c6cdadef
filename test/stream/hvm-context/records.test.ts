/** Bodies of HVM context records, in their present and earlier lengths. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HVM_TYPE_NAMES, HVM_TYPES, type HvmContextRecord } from "../../../src/format/index.js";
import { encodeHvmContext } from "../../../src/stream/hvm-context/codec.js";
import { interpretHvmContext } from "../../../src/stream/hvm-context/interpret.js";
import {
  decodeHvmRecord,
  encodeHvmRecord,
  hvmRecord,
} from "../../../src/stream/hvm-context/records.js";
import { bytesOf, joined, withByte, withU32, words } from "../support.js";

function decode(typecode: number, body: Uint8Array, how?: "view"): HvmContextRecord {
  const head = { typecode, instance: 0, ordinal: 1, byteOffset: 32, bodyBytes: body.length };
  return decodeHvmRecord(head, body, how);
}

describe.each(HVM_TYPES.map((type, code) => ({ ...type, code })))("$name", (type) => {
  const present =
    type.name === "CPU_MSR"
      ? [8, 24, 40]
      : type.name === "CPU_XSAVE"
        ? [24, 600, 856]
        : [type.bytes];

  it.each([...present, ...type.earlierBytes])(
    "of %i bytes has fields, and is written as read",
    (bytes) => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (body) => {
          const record = decode(type.code, body);
          expect(record).toMatchObject({ name: type.name, bodyBytes: bytes });
          expect(record.fields).not.toBeNull();
          expect(encodeHvmRecord(record)).toEqual(body);
        }),
        { numRuns: 10 },
      );
    },
  );

  it.each([...present, ...type.earlierBytes])("of %i bytes says the same as a view", (bytes) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (body) => {
        const fields = decode(type.code, body).fields as Readonly<Record<string, unknown>>;
        const seen = decode(type.code, body, "view").fields as typeof fields;
        for (const [name, value] of Object.entries(fields)) expect(seen[name]).toEqual(value);
      }),
      { numRuns: 10 },
    );
  });

  it("of a length that it cannot have is kept as it is", () => {
    const body = new Uint8Array(type.rule === "open" ? 7 : type.bytes + 1).fill(3);
    const record = decode(type.code, body);
    expect(record).toMatchObject({ name: type.name, fields: null, body });
    expect(decode(type.code, body, "view")).toEqual(record);
    expect(encodeHvmRecord(record)).toEqual(body);
  });
});

describe("a CPU record", () => {
  it("has fields where the public header has them", () => {
    let body = withU32(new Uint8Array(1032), 0x280, 0x1234);
    body = withU32(withU32(body, 0x378, 0xc9b), 0x3f0, 99);
    const record = decode(2, withU32(body, 0x400, 1));
    expect(record.fields).toMatchObject({ rip: 0x1234n, cs_arbytes: 0xc9b, tsc: 99n, flags: 1 });
  });

  it("of 1016 bytes has no tsc_aux, and its tail stands 8 bytes earlier", () => {
    const body = withU32(withU32(new Uint8Array(1016), 0x3e8, 7), 0x3f4, 5);
    expect(decode(2, body).fields).toMatchObject({
      msr_tsc_aux: 0n,
      tsc: 7n,
      pending_event: 0,
      error_code: 5,
    });
  });

  it("of 1024 bytes is the present one without its flags", () => {
    const body = withU32(withU32(new Uint8Array(1024), 0x3e8, 7), 0x3fc, 5);
    expect(decode(2, body).fields).toMatchObject({ msr_tsc_aux: 7n, error_code: 5, flags: 0 });
  });

  it("without flags is printed as a loader takes it: FPU initialised", () => {
    const chain = (bytes: number) =>
      encodeHvmContext([decode(2, new Uint8Array(bytes)), hvmRecord("END", 0, {})]);
    expect(interpretHvmContext(chain(1024))[0]).toMatchObject({ name: "CPU", flags: 1 });
    expect(interpretHvmContext(chain(1032))[0]).toMatchObject({ name: "CPU", flags: 0 });
  });
});

describe("records that are more than one layout", () => {
  it("CPU_XSAVE is three masks and an area", () => {
    const body = withU32(withU32(new Uint8Array(24 + 576), 8, 3), 16, 7);
    expect(decode(16, body).fields).toMatchObject({ xcr0: 3n, xcr0_accum: 7n });
    const record = decode(16, withByte(body, 24 + 512, 2));
    expect(interpretHvmContext(encodeHvmContext([record]))).toEqual([
      expect.objectContaining({ name: "CPU_XSAVE", area_bytes: 576, xstate_bv: "0x2" }),
    ]);
  });

  it("CPU_MSR is a count and entries", () => {
    const body = joined(words(1, 0), words(0x48, 0, 5, 0));
    const record = decode(20, body);
    expect(record.name === "CPU_MSR" && record.fields !== null && [...record.fields.msr]).toEqual([
      { index: 0x48, _rsvd: 0, val: 5n },
    ]);
    expect(interpretHvmContext(encodeHvmContext([record]))).toEqual([
      expect.objectContaining({
        count: 1,
        msr: [{ index: 0x48, name: "SPEC_CTRL", val: "0x5" }],
      }),
    ]);
  });
});

describe("an HVM context for inspection", () => {
  it("names the flags of a PIC", () => {
    const pic = decode(3, bytesOf("01 02 04 20 53 40 f8 00"));
    expect(interpretHvmContext(encodeHvmContext([pic]))[0]).toMatchObject({
      typecode: 3,
      name: "PIC",
      instance: 0,
      length: 8,
      init_state: 3,
      priority: 5,
      is_master: true,
      poll: false,
      elcr: 0xf8,
    });
  });

  it("shows an unknown record as bytes, and only JSON", () => {
    const records = [
      decode(99, bytesOf("abcd")),
      ...HVM_TYPE_NAMES.map((_, code) => decode(code, new Uint8Array(HVM_TYPES[code]?.bytes ?? 0))),
    ];
    const json = interpretHvmContext(encodeHvmContext(records.reverse()));
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
    const unknown = interpretHvmContext(encodeHvmContext([decode(99, bytesOf("abcd"))]));
    expect(unknown).toEqual([{ typecode: 99, name: null, instance: 0, length: 2, body: "abcd" }]);
  });
});
