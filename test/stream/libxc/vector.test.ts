/**
 * The test vector of the libxc document, typed by hand: guards against a codec that agrees with
 * itself alone.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { RECORD_NAMES } from "../../../src/format/index.js";
import type { RecordCodec } from "../../../src/stream/codec.js";
import { decodeHvmContext } from "../../../src/stream/hvm-context/codec.js";
import {
  decodeDomainHeader,
  decodeImageHeader,
  encodeDomainHeader,
  encodeImageHeader,
} from "../../../src/stream/libxc/headers.js";
import { recordRow } from "../../../src/stream/libxc/records.js";
import { bytesOf, contextAt, joined } from "../support.js";

/** A whole stream, typed by hand: v3, HVM, Xen 4.17, six records. */
const STREAM = bytesOf(`
  ffffffffffffffff 58454e46 00000003 0000 0000 00000000
  02000000 0c00 0000 04000000 11000000
  10000000 00000000
  01000000 10000000  01000000 00000000 00000000000000f0
  08000000 18000000  00000000 009f2400 e803000000000000 00000000 00000000
  09000000 28000000
    0100 0000 18000000  86123854 01000000 ffffffffffffffff c3060300 009f2400
    0000 0000 00000000
  0a000000 18000000  01000000 00000000 2200000000000000 10a000fc00000000
  00000000 00000000
`);

interface Raw {
  readonly type: number;
  readonly body: Uint8Array;
}

function* records(stream: Uint8Array): Generator<Raw> {
  const view = new DataView(stream.buffer);
  for (let at = 40; at < stream.length; ) {
    const type = view.getUint32(at, true);
    const bodyBytes = view.getUint32(at + 4, true);
    yield { type, body: stream.subarray(at + 8, at + 8 + bodyBytes) };
    at += 8 + Math.ceil(bodyBytes / 8) * 8;
  }
}

function header(type: number, bodyBytes: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, type, true);
  new DataView(bytes.buffer).setUint32(4, bodyBytes, true);
  return bytes;
}

describe("the document's test vector", () => {
  it("is what the document gives the digest of", () => {
    expect(STREAM).toHaveLength(192);
    expect(createHash("sha256").update(STREAM).digest("hex")).toBe(
      "04494a71900ae959348b30334eb38e92fa5814eb377266b297e1e4cfaadf5214",
    );
  });

  it("decodes without a fault, header by header and record by record", () => {
    expect(decodeImageHeader(STREAM.subarray(0, 24), 0).faults).toEqual([]);
    expect(decodeDomainHeader(STREAM.subarray(24, 40), 24).faults).toEqual([]);
    const names: string[] = [];
    for (const { type, body } of records(STREAM)) {
      const name = RECORD_NAMES[type] as string;
      names.push(name);
      const codec = recordRow(type)?.codec as RecordCodec<unknown>;
      expect(codec.decode(body, contextAt(name)).faults).toEqual([]);
      if (name === "HVM_CONTEXT") {
        expect(decodeHvmContext(body, contextAt(name)).faults).toEqual([]);
      }
    }
    expect(names).toEqual([
      "STATIC_DATA_END",
      "PAGE_DATA",
      "X86_TSC_INFO",
      "HVM_CONTEXT",
      "HVM_PARAMS",
      "END",
    ]);
  });

  it("is written again to the byte", () => {
    const parts = [
      encodeImageHeader(decodeImageHeader(STREAM.subarray(0, 24), 0).value),
      encodeDomainHeader(decodeDomainHeader(STREAM.subarray(24, 40), 24).value),
    ];
    for (const { type, body } of records(STREAM)) {
      const codec = recordRow(type)?.codec as RecordCodec<unknown>;
      const again = codec.encode(codec.decode(body, contextAt("X")).value);
      parts.push(header(type, again.length), again);
    }
    expect(joined(...parts)).toEqual(STREAM);
  });
});
