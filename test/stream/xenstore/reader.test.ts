/** The Xenstore reader: framing by both readings of len, faults, hostile lengths, shifted watches. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CapacityError } from "../../../src/findings/index.js";
import {
  fromHex,
  fullStream,
  VECTOR_HEX,
  VECTOR_SHA256,
  XenstoreStream,
} from "../../builders/xenstore.js";
import { judge, rulesOf } from "../../builders/xenstore-run.js";

const NOTHING = new Uint8Array(0);

describe("the test vector of the format page", () => {
  const vector = fromHex(VECTOR_HEX);

  it("is typed right", () => {
    expect(vector.length).toBe(200);
    expect(createHash("sha256").update(vector).digest("hex")).toBe(VECTOR_SHA256);
  });

  it("is what the builder makes", () => {
    const stream = new XenstoreStream().global(-1, 5).connection({ uniqueId: 0x1122334455667788n });
    stream.extended({ path: "/a/b", token: "t" }).node("/a", { value: "v" });
    expect(stream.globalQuota({ nodes: 1000 }).domain(3, { nodes: 1000 }).end()).toEqual(vector);
  });

  it("is read as the page tells it", () => {
    const { records, header, result, faults } = judge(vector);
    expect(header).toEqual({ version: 2, flags: 0, byteOrder: "little" });
    expect(result).toBe(200);
    expect(records.map((record) => record.content)).toMatchObject([
      { kind: "GLOBAL_DATA", rwSocketFd: -1, evtchnFd: 5 },
      { connId: 1, spec: { kind: "ring", domid: 3, tdomid: 0x7ff4, port: 9 } },
      { wpath: "/a/b\0", token: "t\0", depth: 0, form: 12 },
      { path: "/a\0", permissions: [{ letter: 0x6e, flags: 0, domid: 0 }] },
      { domainQuotas: [{ name: "nodes", value: 1000 }], globalQuotas: [] },
      { domid: 3, features: 0, quotas: [{ name: "nodes", value: 1000 }] },
      { kind: "END" },
    ]);
    expect(rulesOf(faults)).toEqual(["XS-NOD-3"]);
  });
});

describe("the Xenstore reader", () => {
  it("gives container, header, records and the end, and where the stream ended", () => {
    const stream = fullStream();
    const { events, result } = judge(stream.end());
    const length = stream.bytes().length;
    expect(events[0]).toEqual({ event: "container", name: "xenstore", byteOffset: 0 });
    expect(events[1]).toMatchObject({ event: "header", layer: "xenstore", fields: { version: 2 } });
    const records = events.flatMap((event) => (event.event === "record" ? [event] : []));
    expect(records.map(({ head }) => head.byteOffset)).toEqual(stream.offsets);
    expect(records.map(({ head }) => head.recordIndex)).toEqual(records.map((_, index) => index));
    expect(events.at(-1)).toMatchObject({ event: "moment", moment: "end", byteOffset: length });
    expect(result).toBe(length);
  });

  it("leaves alone what stands behind END, and starts where it is told", () => {
    const stream = fullStream().end();
    const bytes = new Uint8Array(stream.length + 50).fill(0xaa);
    bytes.set(stream, 24);
    const judged = judge(bytes, { byteOffset: 24 });
    expect(judged.result).toBe(24 + stream.length);
    expect(judged.records.at(-1)?.byteOffset).toBe(24 + stream.length - 8);
    expect(rulesOf(judged.faults)).toEqual(["XS-TA-2"]);
  });

  it("reads the same in pieces of one byte, in either byte order and reading of len", () => {
    for (const order of ["little", "big"] as const) {
      for (const document of [false, true]) {
        const stream = fullStream({ order, document }).end();
        const whole = judge(stream);
        expect(judge(stream, { pieceBytes: 1 })).toEqual(whole);
        expect(whole.records).toHaveLength(20);
      }
    }
  });

  it("reports a stream that is cut at any offset, and nothing that the cut did not do", () => {
    for (const document of [false, true]) {
      const builder = fullStream({ document });
      const stream = builder.end();
      for (let length = 0; length < stream.length; length++) {
        const { error, records, faults } = judge(stream.subarray(0, length));
        const begun = builder.offsets.filter((offset) => offset < length).length;
        expect(records.length).toBeLessThanOrEqual(begun);
        expect(records.length).toBeGreaterThanOrEqual(Math.max(0, begun - 1));
        const expected = length < 16 ? ["XS-HDR-1"] : ["XS-REC-6", "XS-REC-7"];
        expect(expected).toContain(error?.fault.rule);
        const others = rulesOf(faults.filter((fault) => fault !== error?.fault));
        expect(["XS-REC-1", "XS-TA-2"]).toEqual(expect.arrayContaining(others));
      }
    }
  });

  it("tells an input that ends between records from one that ends inside a record", () => {
    const stream = new XenstoreStream().global();
    const ended = judge(stream.bytes()).error?.fault;
    expect(ended).toMatchObject({ rule: "XS-REC-6", byteOffset: 32 });
    const cut = judge(stream.bytes().subarray(0, 30)).error?.fault;
    expect(cut).toMatchObject({ rule: "XS-REC-7", byteOffset: 16, recordType: "GLOBAL_DATA" });
  });

  it("refuses another ident and another version, at the field", () => {
    const stream = fullStream().end();
    const ident = Uint8Array.from(stream);
    ident[7] = 0x46;
    expect(judge(ident).error?.fault).toMatchObject({ rule: "XS-HDR-1", byteOffset: 0 });
    for (const version of [0, 3, 0x0200_0000]) {
      const { error } = judge(new XenstoreStream({ version }).end());
      expect(error?.fault).toMatchObject({ rule: "XS-HDR-2", byteOffset: 8 });
    }
  });

  it("reports reserved flags and big-endian bodies, and reads on", () => {
    const reserved = judge(new XenstoreStream({ flags: 0x8000_0000 }).global().end());
    expect(rulesOf(reserved.faults)).toEqual(["XS-HDR-3"]);
    const big = judge(new XenstoreStream({ order: "big" }).global().end());
    expect(rulesOf(big.faults)).toEqual(["XS-HDR-3:big-endian"]);
    const both = judge(new XenstoreStream({ order: "big", flags: 3 }).global().end());
    expect(rulesOf(both.faults)).toEqual(["XS-HDR-3", "XS-HDR-3:big-endian"]);
    for (const judged of [reserved, big, both]) {
      expect(judged.records[0]?.content).toMatchObject({ evtchnFd: 5 });
    }
  });

  it("finds padding behind len that is not zero", () => {
    const stream = new XenstoreStream({ document: true }).connection().watch("/a");
    const bytes = stream.end();
    const padding = (stream.offsets[1] ?? 0) + 8 + 8 + 3 + 2;
    bytes[padding] = 1;
    const found = judge(bytes).faults.filter((fault) => fault.rule === "XS-REC-3");
    expect(found).toMatchObject([{ byteOffset: padding, recordType: "WATCH_DATA" }]);
  });

  it("believes a length only as far as bytes come", () => {
    for (const type of [2, 5, 8, 9]) {
      for (const len of [0xffff_ffff, 0xffff_fff8, 0x0800_0000]) {
        const stream = new XenstoreStream().record(type, new Uint8Array(64), len).bytes();
        expect(judge(stream).error?.fault).toMatchObject({ rule: "XS-REC-7", byteOffset: 16 });
      }
    }
  });

  it("passes over an unknown record that is too long, and says that a known one is", () => {
    const limits = { maxMetadataBytes: 32 };
    const unknown = new XenstoreStream().record(9, new Uint8Array(64).fill(1)).global().end();
    const judged = judge(unknown, { limits });
    expect(judged.records[0]?.content).toEqual({ kind: "skipped" });
    expect(rulesOf(judged.faults)).toEqual(["XS-REC-4"]);
    const known = new XenstoreStream().record(5, new Uint8Array(64)).end();
    expect(() => judge(known, { limits })).toThrow(CapacityError);
  });
});

describe("watches as xenstored 4.22 writes them", () => {
  /** Path and token so that (P + T) mod 8 takes every value. */
  const samples = Array.from({ length: 16 }, (_, index) => ({
    path: `/${"a".repeat(index)}`,
    token: "tok".slice(0, (index % 3) + 1),
    asWritten: true,
    form: 8 as const,
  }));

  it("are found with whatever follows, in either byte order", () => {
    for (const order of ["little", "big"] as const) {
      for (const sample of samples) {
        const tails: ((stream: XenstoreStream) => Uint8Array)[] = [
          (stream) => stream.end(),
          (stream) => stream.node("/").end(),
          (stream) => stream.extended(sample).extended(sample).global().end(),
          (stream) =>
            stream
              .record(0, NOTHING)
              .record(0, Uint8Array.of(1, 2, 3))
              .bytes(),
        ];
        for (const tail of tails) {
          const stream = new XenstoreStream({ order }).connection().extended(sample);
          const judged = judge(tail(stream), { pieceBytes: 1 });
          const stringBytes = sample.path.length + sample.token.length + 2;
          const short = [0, 5, 6, 7].includes(stringBytes % 8);
          const ended = judged.records.findIndex((record) => record.name === "END");
          expect(judged.records.map((record) => record.byteOffset)).toEqual(
            stream.offsets.slice(0, ended + 1),
          );
          expect(judged.records[1]?.content).toMatchObject({
            wpath: `${sample.path}\0`,
            form: 8,
            depth: null,
            shortLength: short,
          });
          const rule = short ? "XS-WEX-3:short-length" : "XS-WEX-3";
          expect(rulesOf(judged.faults)).toContain(rule);
          expect(rulesOf(judged.faults)).not.toContain("XS-REC-2");
          expect(judged.error).toBeNull();
        }
      }
    }
  });

  it("keep their length where the padding to it is there", () => {
    for (const sample of samples) {
      const whole = { ...sample, asWritten: false };
      const stream = new XenstoreStream().connection().extended(whole).node("/").extended(whole);
      const judged = judge(stream.end(), { pieceBytes: 1 });
      expect(judged.records.map((record) => record.byteOffset)).toEqual(stream.offsets);
      expect(judged.records[1]?.content).toMatchObject({ form: 8, shortLength: false });
      expect(rulesOf(judged.faults)).toContain("XS-WEX-3");
    }
  });

  it("are reported where the input ends right behind them", () => {
    const stream = new XenstoreStream().connection().extended({
      path: "/abc",
      token: "t",
      form: 8,
      asWritten: true,
    });
    expect(rulesOf(judge(stream.bytes()).faults)).toEqual(["XS-REC-6", "XS-WEX-3:short-length"]);
  });
});

describe("a stream with any bytes changed", () => {
  it("is read to an end or to a fault, never to a crash", () => {
    const sources = [
      fullStream().end(),
      fullStream({ order: "big", document: true }).end(),
      fullStream().extended({ path: "/abcd", token: "t", form: 8, asWritten: true }).end(),
    ];
    const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 0xff }));
    const changes = fc.array(change, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...sources), changes, (source, edits) => {
        const bytes = Uint8Array.from(source);
        for (const [at, value] of edits) bytes[16 + (at % (bytes.length - 16))] = value;
        const { error, result, faults } = judge(bytes);
        expect(error === null).toBe(result !== null);
        for (const fault of faults) {
          expect(fault.rule).toMatch(/^XS-[A-Z]+-\d+$/);
          expect(fault.byteOffset).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
