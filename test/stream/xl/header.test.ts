/** The header of an xl save file and its config, around the vector of its document. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeXlConfig,
  decodeXlHeader,
  encodeXlConfig,
  encodeXlHeader,
  hasJsonConfig,
  parseJsonConfig,
  promisesStreamV2,
  xlConfig,
  xlHeader,
  xlHeaderFields,
} from "../../../src/stream/xl/header.js";
import { bytesOf, joined, told, withByte, withU32, words } from "../support.js";

/** The document's vector: JSON config `{}`, v2 stream. */
const VECTOR = bytesOf(`
  58656e20736176656420646f6d61696e2c20786c20666f726d61740a2000200d
  04030201 03000000 00000000 07000000  03000000 7b7d00
`);
const HEADER = VECTOR.subarray(0, 48);
const DATA = VECTOR.subarray(48);
const AT = 32;
const DATA_AT = AT + 48;

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

/** Decode optional data of a header that claims their length. */
function decodeData(data: Uint8Array, jsonConfig = true) {
  const header = xlHeader({ jsonConfig, streamV2: true, optionalDataBytes: data.length });
  return decodeXlConfig(data, DATA_AT, header);
}

describe("the xl header", () => {
  it("is a magic and four words", () => {
    const { value, faults, fatal } = decodeXlHeader(HEADER, AT);
    expect(faults).toEqual([]);
    expect(fatal).toBe(false);
    expect(value).toEqual(xlHeader({ jsonConfig: true, streamV2: true, optionalDataBytes: 7 }));
    expect([hasJsonConfig(value), promisesStreamV2(value)]).toEqual([true, true]);
    expect(xlHeaderFields(value)).toEqual({
      byteorder: "0x1020304",
      mandatory_flags: 3,
      optional_flags: 0,
      optional_data_len: 7,
      json_config: true,
      stream_v2: true,
    });
  });

  it.each([
    ["another magic, XL-1", withByte(HEADER, 27, 0x0b), "XL-1@32"],
    ["the byte order of a big-endian host, XL-2", withU32(HEADER, 32, 0x04030201), "XL-2@64"],
    ["no byte order at all, XL-2", withU32(HEADER, 32, 0), "XL-2@64"],
  ])("with %s cannot be read on from", (_, bytes, fault) => {
    const header = decodeXlHeader(bytes, AT);
    expect(told(header.faults)).toEqual([fault]);
    expect(header.fatal).toBe(true);
  });

  it.each([
    ["an unknown mandatory flag, XL-3", withU32(HEADER, 36, 7), "XL-3@68"],
    ["an optional flag, XL-4", withU32(HEADER, 40, 1), "XL-4@72"],
    ["no optional data, XL-6", withU32(HEADER, 44, 0), "XL-6/no-config@76"],
  ])("with %s can", (_, bytes, fault) => {
    const header = decodeXlHeader(bytes, AT);
    expect(told(header.faults)).toEqual([fault]);
    expect(header.fatal).toBe(false);
  });

  it("is written as it was read, whatever it says", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48, maxLength: 48 }), (bytes) => {
        expect(encodeXlHeader(decodeXlHeader(bytes, 0).value)).toEqual(bytes);
      }),
    );
  });
});

describe("the optional data of an xl file", () => {
  it("are a config and what follows it", () => {
    const { value, faults } = decodeData(DATA);
    expect(faults).toEqual([]);
    expect(value.config).toEqual(text("{}\0"));
    expect(encodeXlConfig(value)).toEqual(DATA);
    expect(encodeXlConfig(xlConfig(text("{}\0")))).toEqual(DATA);
  });

  it.each([
    ["too short for a length, XL-5", bytesOf("000000"), "XL-5@76"],
    ["shorter than their config, XL-5", withU32(DATA, 0, 4), "XL-5@80"],
    ["of a config that kills xl, XL-5", withU32(DATA, 0, 0x8000_0000), "XL-5@80"],
  ])("that are %s give no config", (_, data, fault) => {
    const { value, faults } = decodeData(data);
    expect(told(faults)).toEqual([fault]);
    expect(value.config).toBeNull();
  });

  it("refuse a config of 2^31 bytes even where it would fit, XL-5", () => {
    const header = xlHeader({
      jsonConfig: true,
      streamV2: true,
      optionalDataBytes: 0xffff_fff0,
    });
    const { faults } = decodeXlConfig(words(0x8000_0000), DATA_AT, header);
    expect(told(faults)).toEqual(["XL-5@80"]);
  });

  it("are not judged further where a limit cut them inside the config", () => {
    const header = xlHeader({ jsonConfig: true, streamV2: true, optionalDataBytes: 1000 });
    const { value, faults } = decodeXlConfig(joined(words(900), text("{")), DATA_AT, header);
    expect(faults).toEqual([]);
    expect(value).toMatchObject({ config: null, configBytes: 900 });
  });

  it("say so where there is no config or something behind it, XL-6", () => {
    expect(told(decodeData(words(0)).faults)).toEqual(["XL-6/no-config@80"]);
    expect(told(decodeData(joined(DATA, text("more"))).faults)).toEqual(["XL-6@87"]);
  });

  it.each([
    ["that is cut short", '{"a": 1', "XL-7@84"],
    ["that is a list", "[]\0", "XL-7@84"],
    ["that is null", "null\0", "XL-7@84"],
    ["of two objects", "{}{}\0", "XL-7@84"],
    ["with a byte-order mark", "\ufeff{}\0", "XL-7@84"],
    ["without its NUL", "{}", "XL-7@85"],
  ])("refuse a JSON config %s, XL-7", (_, config, fault) => {
    expect(told(decodeData(joined(words(text(config).length), text(config))).faults)).toEqual([
      fault,
    ]);
  });

  it("take a JSON config up to its first NUL, as a reader of C text does", () => {
    const config = text(`{"name": "Ümlaut"}\0junk`);
    expect(decodeData(joined(words(config.length), config)).faults).toEqual([]);
    expect(parseJsonConfig(config)).toEqual({ ok: true, config: { name: "Ümlaut" } });
  });

  it("refuse a JSON config that is not UTF-8, XL-7", () => {
    const config = bytesOf("7b22 ff 22 3a 31 7d 00");
    expect(told(decodeData(joined(words(config.length), config)).faults)).toEqual(["XL-7@84"]);
  });

  it("do not overflow on a config of nothing but brackets", () => {
    const config = text("[".repeat(1_000_000));
    expect(parseJsonConfig(config).ok).toBe(false);
  });

  it("do not parse a config that is not flagged as JSON", () => {
    const config = text('name = "guest"');
    expect(decodeData(joined(words(config.length), config), false).faults).toEqual([]);
  });
});
