/** What holds for every record type of the libxl stream alike, its markers, CHECKPOINT_STATE. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIBXL_RECORD_NAMES, type LibxlRecordName } from "../../../src/format/index.js";
import type { RecordCodec } from "../../../src/stream/codec.js";
import { interpretRecord } from "../../../src/stream/interpret.js";
import {
  decodeLibxlRecord,
  interpretLibxlRecord,
  LIBXL_RECORD_CODECS,
  libxlRecordRow,
} from "../../../src/stream/libxl/codec.js";
import { contextAt, joined, told, words } from "../support.js";

const CODECS = LIBXL_RECORD_NAMES.map((name): [LibxlRecordName, RecordCodec<unknown>] => [
  name,
  LIBXL_RECORD_CODECS[name].codec as RecordCodec<unknown>,
]);

describe("the table of libxl records", () => {
  it("has a row for every type of the standard, under its number", () => {
    expect(Object.keys(LIBXL_RECORD_CODECS)).toEqual([...LIBXL_RECORD_NAMES]);
    LIBXL_RECORD_NAMES.forEach((name, type) => {
      expect(LIBXL_RECORD_CODECS[name]).toMatchObject({ type, name });
    });
    expect(LIBXL_RECORD_NAMES).toHaveLength(6);
    expect(libxlRecordRow(6)).toBeNull();
  });

  it("decodes nothing of an unknown type", () => {
    const body = new Uint8Array(4);
    const context = contextAt("0x00000006", null, "libxl");
    expect(decodeLibxlRecord(6, body, context)).toEqual({ value: null, faults: [] });
    expect(interpretLibxlRecord(6, body, context)).toBeNull();
  });
});

describe.each(CODECS)("%s", (name, codec) => {
  const context = contextAt(name, null, "libxl");

  it("is written as it was read, whatever its body says", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (body) => {
        const { value } = codec.decode(body, context);
        if (value !== null) expect(codec.encode(value)).toEqual(body);
        const type = LIBXL_RECORD_NAMES.indexOf(name);
        const json = interpretRecord("libxl", type, body, context);
        expect(json === undefined).toBe(value === null);
        if (json !== undefined) expect(JSON.parse(JSON.stringify(json))).toEqual(json);
      }),
    );
  });

  it("is judged by its length alone as in whole", () => {
    for (const length of [0, 3, 4, 7, 8, 9]) {
      const { faults } = codec.decode(new Uint8Array(length), context);
      expect(faults).toEqual(expect.arrayContaining(codec.lengthFaults(length, context)));
    }
  });
});

describe("a libxl marker", () => {
  it.each(["END", "LIBXC_CONTEXT", "CHECKPOINT_END"] as const)(
    "%s has no body, LL-REC-5",
    (name) => {
      const { codec, marker } = LIBXL_RECORD_CODECS[name];
      const context = contextAt(name, null, "libxl");
      expect(marker).toBe(true);
      expect(codec.decode(new Uint8Array(0), context).faults).toEqual([]);
      expect(told(codec.decode(new Uint8Array(8), context).faults)).toEqual(["LL-REC-5@1000"]);
    },
  );
});

describe("CHECKPOINT_STATE", () => {
  const { codec } = LIBXL_RECORD_CODECS.CHECKPOINT_STATE;
  const context = contextAt("CHECKPOINT_STATE", null, "libxl");

  it("has at least 4 bytes, LL-CS-1", () => {
    expect(codec.decode(words(2), context)).toMatchObject({ value: { id: 2 }, faults: [] });
    expect(codec.decode(words(2, 0), context).faults).toEqual([]);
    for (const length of [0, 3]) {
      const { value, faults } = codec.decode(new Uint8Array(length), context);
      expect(told(faults)).toEqual(["LL-CS-1@1000"]);
      expect(value).toBeNull();
    }
  });

  it("is printed with the name of its id", () => {
    const { value } = codec.decode(joined(words(1), Uint8Array.of(9)), context);
    expect(value && codec.interpret(value, context)).toEqual({
      control_id: 1,
      control_name: "suspended",
      surplus: "09",
    });
  });
});
