import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  beginLibvirt,
  beginLibxl,
  beginXapi,
  beginXl,
  encodeXenops,
  endLibxl,
  endXapi,
  MemorySink,
  writeLibxcHeaders,
  writeLibxcMarker,
  writeLibxcRecord,
  writeLibxlCheckpoint,
  writePageData,
  writeRecord,
} from "../../../src/export/index.js";
import { EntryTable, HVM_PARAM, PAGE_ENTRY } from "../../../src/stream/index.js";
import { XENOPS_TEXT } from "../../builders/xapi.js";

const hexBytes = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));

/** The test vector of the libxc page, section 12. */
const LIBXC_SHA256 = "04494a71900ae959348b30334eb38e92fa5814eb377266b297e1e4cfaadf5214";
const LIBXL_SHA256 = "4058477c1368781195d3467ef1db47db17b4122ebdc11c85eed887bde8b7bfc8";
const CONTEXT = hexBytes(
  "01000000180000008612385401000000ffffffffffffffffc3060300009f24000000000000000000",
);
const QEMU = hexBytes("5145564d 00000003 00");

function writeVector(sink: MemorySink): void {
  writeLibxcHeaders(sink, { guest: "hvm", xenMajor: 4, xenMinor: 17 });
  writeLibxcMarker(sink, "STATIC_DATA_END");
  const entries = EntryTable.of(PAGE_ENTRY, [{ type: 0xf, reserved: 0, pfn: 0 }]);
  writePageData(sink, entries.bytes, new Uint8Array(0));
  const tsc = { mode: 0, khz: 2_400_000, nsec: 1000n, incarnation: 0, reserved: 0 };
  writeLibxcRecord(sink, "X86_TSC_INFO", tsc);
  writeLibxcRecord(sink, "HVM_CONTEXT", { context: CONTEXT });
  const params = EntryTable.of(HVM_PARAM, [{ index: 34n, value: 0xfc00a010n }]);
  writeLibxcRecord(sink, "HVM_PARAMS", { reserved: 0, params });
  writeLibxcMarker(sink, "END");
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
function written(fill: (sink: MemorySink) => void): Uint8Array {
  const sink = new MemorySink();
  fill(sink);
  return sink.bytes();
}

describe("the libxc writer", () => {
  it("writes the document's test vector byte by byte", () => {
    const bytes = written(writeVector);
    expect(bytes.length).toBe(192);
    expect(sha256(bytes)).toBe(LIBXC_SHA256);
  });

  it("pads a body with zeros to a multiple of 8, and an aligned one not at all", () => {
    expect(written((sink) => writeRecord(sink, 9, Uint8Array.of(1)))).toEqual(
      hexBytes("09000000 01000000 01 00000000000000"),
    );
    expect(written((sink) => writeRecord(sink, 9, new Uint8Array(8))).length).toBe(16);
  });
});

describe("the libxl writer", () => {
  it("writes the document's test vector byte by byte", () => {
    const bytes = written((sink) => {
      beginLibxl(sink);
      writeVector(sink);
      endLibxl(sink, { xenstore: null, context: { emulatorId: 2, index: 0, context: QEMU } });
    });
    expect(bytes.length).toBe(256);
    expect(sha256(bytes)).toBe(LIBXL_SHA256);
  });

  it("closes the libxl part of a checkpoint with CHECKPOINT_END", () => {
    expect(written((sink) => writeLibxlCheckpoint(sink, null))).toEqual(
      hexBytes("04000000 00000000"),
    );
  });
});

describe("the container writers", () => {
  it("write the document's xl header around a JSON config", () => {
    const config = Uint8Array.of(0x7b, 0x7d, 0);
    expect(written((sink) => beginXl(sink, { config }))).toEqual(
      hexBytes(
        "58656e20736176656420646f6d61696e2c20786c20666f726d61740a2000200d04030201030000000000000007000000030000007b7d00",
      ),
    );
  });

  it("write an xl header without optional data where there is no config", () => {
    const bytes = written((sink) => beginXl(sink, { config: null, json: false, streamV2: false }));
    expect(bytes.length).toBe(48);
    expect(bytes.subarray(36)).toEqual(new Uint8Array(12));
  });

  it("write the document's libvirt header, version 1 in front of a legacy stream", () => {
    const header = (streamV2: boolean) =>
      written((sink) => beginLibvirt(sink, new Uint8Array(12), streamV2)).subarray(0, 24);
    expect(header(true)).toEqual(hexBytes("6c6962766972742d786d6c0a2000200d020000000c000000"));
    expect(header(false)[16]).toBe(1);
  });

  it("write the document's XAPI image up to the libxc stream, and its end", () => {
    const bytes = written((sink) => beginXapi(sink, new TextEncoder().encode("(a)")));
    expect(bytes).toEqual(
      hexBytes(
        "58656e5361766564446f6d76322d0a0f000000000000000300000000000000286129f0000000000000000000000000000000",
      ),
    );
    const end = written((sink) => endXapi(sink, QEMU));
    expect(end).toEqual(
      hexBytes(
        "000f000000000000 0900000000000000 5145564d0000000300 ffff000000000000 0000000000000000",
      ),
    );
  });

  it("quote those atoms of the Xenops record that need it", () => {
    const pairs = [
      ["time", "20261121T06:58:00Z"],
      ["word_size", "64"],
      ["vm_str", '((id "7"))'],
    ] as const;
    expect(new TextDecoder().decode(encodeXenops(pairs))).toBe(XENOPS_TEXT);
    expect(new TextDecoder().decode(encodeXenops([["k", [["a b", "c\nd\\"]]]]))).toBe(
      '((k (("a b" "c\\nd\\\\"))))',
    );
  });
});
