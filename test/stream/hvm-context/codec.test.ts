/** The chain of an HVM context: framing rules, and bytes in are bytes out. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_FAULTS_PER_BODY } from "../../../src/findings/index.js";
import {
  decodeHvmContext,
  encodeHvmContext,
  hvmDescriptors,
} from "../../../src/stream/hvm-context/codec.js";
import { bytesOf, contextAt, joined, told, withByte, withU32 } from "../support.js";

/** The document's vector: HEADER and END. */
const VECTOR = bytesOf(`
  0100 0000 18000000 86123854 01000000 ffffffffffffffff c3060300 009f2400
  0000 0000 00000000
`);
const HEADER = VECTOR.subarray(0, 32);
const END = VECTOR.subarray(32);
const CONTEXT = contextAt("HVM_CONTEXT");
const BLOB_AT = CONTEXT.bodyByteOffset;

function record(typecode: number, bodyBytes: number, instance = 0): Uint8Array {
  const bytes = new Uint8Array(8 + bodyBytes);
  new DataView(bytes.buffer).setUint16(0, typecode, true);
  new DataView(bytes.buffer).setUint16(2, instance, true);
  new DataView(bytes.buffer).setUint32(4, bodyBytes, true);
  return bytes;
}

/** Faults of a context, their offsets counted from its first byte. */
function faultsOf(blob: Uint8Array): string[] {
  const { faults } = decodeHvmContext(blob, CONTEXT);
  return told(faults.map((fault) => ({ ...fault, byteOffset: fault.byteOffset - BLOB_AT })));
}

describe("an HVM context", () => {
  it("is a chain of records from HEADER to END", () => {
    const { value, faults } = decodeHvmContext(VECTOR, CONTEXT);
    expect(faults).toEqual([]);
    expect([...value]).toEqual([
      {
        typecode: 1,
        instance: 0,
        ordinal: 0,
        byteOffset: BLOB_AT,
        bodyBytes: 24,
        name: "HEADER",
        fields: {
          magic: 0x54381286,
          version: 1,
          changeset: 0xffff_ffff_ffff_ffffn,
          cpuid: 0x306c3,
          gtsc_khz: 2_400_000,
        },
      },
      {
        typecode: 0,
        instance: 0,
        ordinal: 1,
        byteOffset: BLOB_AT + 32,
        bodyBytes: 0,
        name: "END",
        fields: {},
      },
    ]);
    expect(value.rest).toHaveLength(0);
  });

  it("begins with a HEADER of 24 bytes, HC-1", () => {
    expect(faultsOf(withByte(VECTOR, 0, 2))).toEqual(["HC-1@0"]);
    expect(faultsOf(withByte(VECTOR, 4, 0x17))).toEqual(["HC-1@0"]);
    expect(faultsOf(END)).toEqual(["HC-1@0"]);
    expect(faultsOf(new Uint8Array(0))).toEqual(["HC-1@0"]);
    expect(faultsOf(HEADER.subarray(0, 31))).toEqual(["HC-1@0"]);
  });

  it("has the magic and the version of a HEADER, HC-2", () => {
    expect(faultsOf(withByte(VECTOR, 8, 0))).toEqual(["HC-2@8"]);
    expect(faultsOf(withByte(VECTOR, 12, 2))).toEqual(["HC-2@12"]);
  });

  it("has nothing in and behind END, HC-3", () => {
    expect(faultsOf(joined(VECTOR, Uint8Array.of(0)))).toEqual(["HC-3@40"]);
    expect(faultsOf(joined(HEADER, record(0, 8)))).toEqual(["HC-3@32"]);
    expect(faultsOf(joined(HEADER, record(0, 8), record(99, 0)))).toEqual(["HC-3@32", "HC-3@48"]);
  });

  it("does not run out before END, HC-4", () => {
    expect(faultsOf(HEADER)).toEqual(["HC-4@32"]);
    expect(faultsOf(joined(HEADER, END.subarray(0, 7)))).toEqual(["HC-4@32"]);
    expect(faultsOf(joined(HEADER, record(13, 8)))).toEqual(["HC-4@48"]);
  });

  it("has no type without a loader, HC-5", () => {
    expect(faultsOf(joined(HEADER, record(0x15, 0), END))).toEqual(["HC-5@32"]);
    expect(faultsOf(joined(HEADER, HEADER, END))).toEqual(["HC-5@32"]);
    expect(faultsOf(joined(HEADER, record(0xffff, 3), record(99, 0), END))).toEqual([
      "HC-5@32",
      "HC-5@43",
    ]);
  });

  it("holds each record whole, HC-6", () => {
    const cut = joined(HEADER, withU32(record(13, 8), 4, 9));
    expect(faultsOf(cut)).toEqual(["HC-6@32"]);
    expect(faultsOf(joined(HEADER, withU32(record(13, 8), 4, 0xffff_ffff), END))).toEqual([
      "HC-6@32",
    ]);
  });

  it.each([
    [2, 1016, true],
    [2, 1024, true],
    [2, 1032, true],
    [2, 0, true],
    [2, 1040, false],
    [13, 8, true],
    [13, 4, false],
    [13, 9, false],
    [5, 24, true],
    [5, 33, false],
    [16, 599, true],
    [16, 5000, true],
    [20, 24, true],
  ])("with a record of type %i and %i bytes is good: %s (HC-7)", (typecode, bytes, good) => {
    expect(faultsOf(joined(HEADER, record(typecode, bytes), END))).toEqual(good ? [] : ["HC-7@32"]);
  });

  it("finds so many faults and no more, however many records there are", () => {
    const chain = joined(...Array.from({ length: MAX_FAULTS_PER_BODY + 9 }, () => record(99, 0)));
    const { faults } = decodeHvmContext(joined(HEADER, chain, END), CONTEXT);
    expect(faults).toHaveLength(MAX_FAULTS_PER_BODY);
  });

  it("is written as it was read, as far as it is whole, and with what follows", () => {
    const chain = fc
      .array(
        fc.record({
          typecode: fc.integer({ min: 1, max: 25 }),
          instance: fc.nat(0xffff),
          body: fc.oneof(
            fc.uint8Array({ maxLength: 64 }),
            fc
              .constantFrom(8, 16, 24, 32, 56, 216, 240, 400, 1016, 1024, 1032, 1048)
              .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
          ),
        }),
        { maxLength: 6 },
      )
      .map((records) =>
        joined(
          ...records.flatMap(({ typecode, instance, body }) => [
            record(typecode, body.length, instance).subarray(0, 8),
            body,
          ]),
        ),
      );
    fc.assert(
      fc.property(chain, fc.uint8Array({ maxLength: 20 }), (records, tail) => {
        const blob = joined(records, tail);
        const { value } = decodeHvmContext(blob, CONTEXT);
        expect(encodeHvmContext(value, value.rest)).toEqual(blob);
      }),
    );
  });

  it("is walked to its end whatever its bytes are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (blob) => {
        for (const { offset, bodyBytes } of hvmDescriptors(blob)) {
          expect(offset + 8 + bodyBytes).toBeLessThanOrEqual(blob.length);
        }
        expect(decodeHvmContext(blob, CONTEXT).faults.length).toBeGreaterThan(0);
      }),
    );
  });
});
