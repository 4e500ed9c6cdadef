/** What holds for every record type of the libxc stream alike. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RECORD_NAMES, type RecordName } from "../../../src/format/index.js";
import type { BodyContext, RecordCodec } from "../../../src/stream/codec.js";
import {
  decodeLibxcRecord,
  interpretLibxcRecord,
  RECORD_CODECS,
  recordRow,
} from "../../../src/stream/libxc/records.js";
import { BODY_AT, contextAt, RECORD_AT } from "../support.js";

const CODECS = RECORD_NAMES.map((name): [RecordName, RecordCodec<unknown>] => [
  name,
  RECORD_CODECS[name].codec as RecordCodec<unknown>,
]);

/** Lengths to try: around those that a codec names, and odd ones. */
function lengths({ sizes }: RecordCodec<unknown>): number[] {
  const { min, max, unit } = sizes;
  return [0, 1, 7, 8, 9, min, min + unit, min + 2 * unit + 1, ...(max === null ? [] : [max + 1])];
}

describe("the table of libxc records", () => {
  it("has a row for every type of the standard, under its number", () => {
    expect(Object.keys(RECORD_CODECS)).toEqual([...RECORD_NAMES]);
    RECORD_NAMES.forEach((name, type) => {
      expect(RECORD_CODECS[name]).toMatchObject({ type, name });
      expect(recordRow(type)).toBe(RECORD_CODECS[name]);
    });
    expect(RECORD_NAMES).toHaveLength(0x13);
  });

  it("has none for types that do not exist", () => {
    expect(recordRow(0x13)).toBeNull();
    expect(recordRow(0x8000_0000)).toBeNull();
    const context = { ...contextAt("0x80000000"), bodyBytes: 4 };
    expect(decodeLibxcRecord(0x8000_0000, new Uint8Array(4), context)).toEqual({
      value: null,
      faults: [],
    });
    expect(interpretLibxcRecord(0x13, new Uint8Array(4), context)).toBeNull();
  });

  it("tells which guests a record belongs to, and which are markers", () => {
    const of = (guests: string): string[] =>
      RECORD_NAMES.filter((name) => RECORD_CODECS[name].guests === guests);
    expect(of("pv")).toEqual(RECORD_NAMES.filter((name) => /PV|SHARED/.test(name)));
    expect(of("hvm")).toEqual(["HVM_CONTEXT", "HVM_PARAMS"]);
    expect(of("none")).toEqual(["TOOLSTACK", "CHECKPOINT_DIRTY_PFN_LIST"]);
    expect(RECORD_NAMES.filter((name) => RECORD_CODECS[name].marker)).toEqual([
      "END",
      "VERIFY",
      "CHECKPOINT",
      "STATIC_DATA_END",
    ]);
  });
});

describe.each(CODECS)("%s", (name, codec) => {
  const contexts: BodyContext[] = [contextAt(name), contextAt(name, 4), contextAt(name, 8)];

  it("is written as it was read, whatever its body says", () => {
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      ...lengths(codec).map((length) =>
        fc.uint8Array({ minLength: length, maxLength: Math.max(length, 0) }),
      ),
    );
    fc.assert(
      fc.property(bodies, fc.constantFrom(...contexts), (body, context) => {
        const { value } = codec.decode(body, context);
        if (value !== null) expect(codec.encode(value)).toEqual(body);
      }),
    );
  });

  it("is judged by its length alone as in whole: no fault of length is missed or made up", () => {
    for (const context of contexts) {
      for (const length of lengths(codec)) {
        const body = new Uint8Array(length);
        const byLength = codec.lengthFaults(length, context);
        expect(codec.decode(body, context).faults).toEqual(expect.arrayContaining(byLength));
        const type = RECORD_NAMES.indexOf(name);
        const passedOver = decodeLibxcRecord(type, null, { ...context, bodyBytes: length });
        expect(passedOver).toEqual({ value: null, faults: byLength });
      }
    }
  });

  it("has no value where its body is shorter than its head", () => {
    if (codec.sizes.min === 0) return;
    expect(codec.decode(new Uint8Array(codec.sizes.min - 1), contextAt(name)).value).toBeNull();
  });

  it("gives inspection what JSON can hold", () => {
    for (const context of contexts) {
      for (const length of lengths(codec)) {
        const json = interpretLibxcRecord(
          RECORD_NAMES.indexOf(name),
          new Uint8Array(length).fill(1),
          context,
        );
        expect(JSON.parse(JSON.stringify(json))).toEqual(json);
      }
    }
  });

  it("places its faults in the record", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (body) => {
        for (const fault of codec.decode(body, contextAt(name, 8)).faults) {
          expect(fault).toMatchObject({ layer: "libxc", recordIndex: 3, recordType: name });
          expect(fault.byteOffset).toBeGreaterThanOrEqual(RECORD_AT);
          expect(fault.byteOffset).toBeLessThanOrEqual(BODY_AT + body.length);
          expect(fault.expected).toBeTruthy();
          expect(fault.actual).toBeTruthy();
        }
      }),
    );
  });
});

describe("a decoded record", () => {
  it("is told apart by its type", () => {
    const body = Uint8Array.of(8, 4, 0, 0, 0, 0, 0, 0);
    const context = { ...contextAt("X86_PV_INFO"), bodyBytes: 8 };
    const { value } = decodeLibxcRecord(0x02, body, context);
    expect(value?.type === 0x02 && value.guestWidth).toBe(8);
  });
});
