/** Writing Xenstore streams and converting them between the versions (XS-CVT-1..3). */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { convertXenstore, writeXenstore, type XenstoreVersion } from "../../src/export/index.js";
import type { XenstoreEncodable } from "../../src/format/index.js";
import { fromHex, fullStream, VECTOR_HEX, XenstoreStream } from "../builders/xenstore.js";
import { judge, rulesOf } from "../builders/xenstore-run.js";

function joined(chunks: Iterable<Uint8Array>): Uint8Array {
  return Uint8Array.from([...chunks].flatMap((chunk) => [...chunk]));
}

/** A stream in another version, and what was noted. */
function converted(stream: Uint8Array, version: XenstoreVersion, maxMetadataBytes?: number) {
  const limits = maxMetadataBytes === undefined ? {} : { maxMetadataBytes };
  const { header, records } = judge(stream, { limits });
  if (header === null) throw new Error("the stream has no header");
  const chunks = [...convertXenstore(header, records, version)];
  const notes = chunks.flatMap((chunk) => chunk.notes);
  return { bytes: joined(chunks.map((chunk) => chunk.bytes)), notes };
}

/** The stream with another version in its header. */
function withVersion(stream: Uint8Array, version: number): Uint8Array {
  const bytes = Uint8Array.from(stream);
  bytes[11] = version;
  return bytes;
}

const contentsOf = (stream: Uint8Array) =>
  judge(stream).records.map(({ content }) => {
    // What lies behind the last field is padding here, which writing may round up.
    const { surplus: _, ...fields } = content as { surplus: Uint8Array };
    return fields;
  });

describe("the Xenstore writer", () => {
  it("makes the test vector of the format page from its records", () => {
    const vector = fromHex(VECTOR_HEX);
    const rows = judge(vector).records.flatMap(({ type, content }) =>
      content.kind === "END" || content.kind === "skipped" ? [] : [{ type, content }],
    );
    expect(joined(writeXenstore(2, "little", rows))).toEqual(vector);
  });

  it("counts padding in every len, and writes watches in the document's form", () => {
    const node: XenstoreEncodable = {
      kind: "NODE_DATA",
      connId: 0,
      txId: 0,
      access: 0,
      permissions: [{ letter: 0x6e, flags: 0, domid: 0 }],
      path: "/\0",
      value: Uint8Array.of(1),
      surplus: new Uint8Array(0),
    };
    const watch: XenstoreEncodable = {
      kind: "WATCH_DATA_EXTENDED",
      connId: 1,
      wpath: "/a\0",
      token: "t\0",
      form: 10,
      depth: 3,
      pad: null,
      shortLength: false,
      surplus: new Uint8Array(6),
    };
    for (const order of ["little", "big"] as const) {
      const rows = [
        { type: 5, content: node },
        { type: 8, content: watch },
      ];
      const expected = new XenstoreStream({ order }).node("/", { value: "\x01" });
      expected.extended({ path: "/a", token: "t", depth: 3 });
      expect(joined(writeXenstore(2, order, rows))).toEqual(expected.end());
    }
  });
});

describe("converting Xenstore streams", () => {
  it("to version 2 and back changes the header's version alone and gives the same bytes", () => {
    for (const order of ["little", "big"] as const) {
      const one = fullStream({ version: 1, order })
        .record(9, Uint8Array.of(1, 2, 3))
        .end();
      const two = converted(one, 2);
      expect(two.bytes).toEqual(withVersion(one, 2));
      expect(two.notes).toEqual([]);
      expect(converted(two.bytes, 1)).toEqual({ bytes: one, notes: [] });
    }
  });

  it("to version 2 and back keeps any bodies, good or not, in either byte order", () => {
    const types = [1, 2, 3, 4, 5, 6, 9];
    const body = fc.uint8Array({ maxLength: 64 }).filter((bytes) => bytes.length % 8 === 0);
    const rows = fc.array(fc.tuple(fc.constantFrom(...types), body), { maxLength: 8 });
    const order = fc.constantFrom("little" as const, "big" as const);
    fc.assert(
      fc.property(rows, order, (records, byteOrder) => {
        const stream = new XenstoreStream({ version: 1, order: byteOrder });
        for (const [type, bytes] of records) stream.record(type, bytes);
        const one = stream.end();
        const two = converted(one, 2).bytes;
        expect(two).toEqual(withVersion(one, 2));
        expect(converted(two, 1).bytes).toEqual(one);
      }),
      { numRuns: 200 },
    );
  });

  it("to its own version gives the same bytes", () => {
    for (const version of [1, 2] as const) {
      const stream = fullStream({ version }).globalQuota({}, { "my-own": 3 }).end();
      expect(converted(stream, version)).toEqual({ bytes: stream, notes: [] });
    }
  });

  it("loses nothing of a stream whose len leaves the padding out, which it counts in", () => {
    const document = fullStream({ version: 1, document: true }).end();
    const two = converted(document, 2);
    expect(rulesOf(judge(two.bytes).faults)).toEqual(["XS-TA-2"]);
    expect(contentsOf(two.bytes)).toEqual(contentsOf(document));
    const back = converted(two.bytes, 1);
    expect(back.bytes).toEqual(converted(document, 1).bytes);
    expect(converted(back.bytes, 2).bytes).toEqual(two.bytes);
  });

  it("twice gives the same bytes as once, also where something was dropped", () => {
    const once = converted(fullStream().end(), 1);
    expect(once.notes).not.toEqual([]);
    expect(converted(once.bytes, 1)).toEqual({ bytes: once.bytes, notes: [] });
    const two = converted(once.bytes, 2);
    expect(converted(two.bytes, 2)).toEqual({ bytes: two.bytes, notes: [] });
  });

  it("to version 1 makes extended watches plain, and says which depths are lost", () => {
    const stream = new XenstoreStream().connection();
    stream.extended({ path: "/a", token: "t", depth: 0xffff });
    stream.extended({ path: "/b", token: "u", depth: 1 });
    const expected = new XenstoreStream({ version: 1 }).connection().watch("/a").watch("/b", "u");
    const { bytes, notes } = converted(stream.end(), 1);
    expect(bytes).toEqual(expected.end());
    expect(notes).toMatchObject([
      { note: "depth-dropped", recordIndex: 2, byteOffset: stream.offsets[2] },
    ]);
  });

  it("drops features towards version 1, and keeps them in version 2", () => {
    const stream = new XenstoreStream().connection().domain(3, { nodes: 1 }, 5).end();
    const plain = new XenstoreStream({ version: 1 }).connection().domain(3, { nodes: 1 });
    const { bytes, notes } = converted(stream, 1);
    expect(bytes).toEqual(plain.end());
    expect(notes).toMatchObject([{ note: "features-dropped", recordIndex: 1 }]);
    expect(converted(stream, 2)).toEqual({ bytes: stream, notes: [] });
  });

  it("does not bring to life the features of a version 1 stream, which its readers ignore", () => {
    const stream = new XenstoreStream({ version: 1 }).connection().domain(3, {}, 5);
    const { bytes, notes } = converted(stream.end(), 2);
    expect(bytes).toEqual(new XenstoreStream().connection().domain(3).end());
    expect(notes).toMatchObject([{ note: "features-dropped" }]);
  });

  it("keeps quotas that nobody knows, in their group", () => {
    const stream = new XenstoreStream({ version: 1 }).globalQuota({ nodes: 1, odd: 2 }, { own: 3 });
    const [quotas] = judge(converted(stream.end(), 2).bytes).records;
    expect(quotas?.content).toMatchObject({
      domainQuotas: [
        { name: "nodes", value: 1 },
        { name: "odd", value: 2 },
      ],
      globalQuotas: [{ name: "own", value: 3 }],
    });
  });

  it("mends the watches that xenstored 4.22 writes shifted", () => {
    const watch = { path: "/abc", token: "t" };
    for (const asWritten of [false, true]) {
      const stream = new XenstoreStream().connection();
      stream.extended({ ...watch, form: 8, asWritten }).extended({ ...watch, form: 10, depth: 4 });
      const shifted = stream.end();
      const two = converted(shifted, 2);
      const mended = new XenstoreStream().connection();
      mended.extended({ ...watch, depth: 0xffff }).extended({ ...watch, depth: 4 });
      expect(two.bytes).toEqual(mended.end());
      expect(two.notes.map(({ note }) => note)).toEqual([
        "shifted-watch-mended",
        "depth-unknown",
        "shifted-watch-mended",
      ]);
      const one = converted(shifted, 1);
      expect(one.notes.map(({ note }) => note)).toEqual(["depth-unknown", "depth-dropped"]);
      expect(contentsOf(one.bytes)).toMatchObject([
        {},
        { wpath: "/abc\0" },
        { wpath: "/abc\0" },
        {},
      ]);
    }
  });

  it("keeps malformed records as they are, and says so", () => {
    const stream = new XenstoreStream().record(5, new Uint8Array(8).fill(7)).end();
    const { bytes, notes } = converted(stream, 1);
    expect(bytes).toEqual(withVersion(stream, 1));
    expect(notes).toMatchObject([{ note: "malformed-kept" }]);
  });

  it("says which records were too long to be kept", () => {
    const stream = new XenstoreStream().record(9, new Uint8Array(80)).global().end();
    const { bytes, notes } = converted(stream, 2, 64);
    expect(bytes).toEqual(new XenstoreStream().global().end());
    expect(notes).toMatchObject([{ note: "record-dropped", recordIndex: 0, byteOffset: 16 }]);
  });
});
