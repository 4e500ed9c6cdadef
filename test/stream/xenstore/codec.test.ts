/** Codecs of Xenstore record bodies: lossless in both byte orders, bounded, by the page's sizes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { XENSTORE_FIXED_BYTES, XENSTORE_RECORD_NAMES } from "../../../src/format/index.js";
import { decodeXenstoreBody, encodeXenstoreBody } from "../../../src/stream/xenstore/index.js";
import { fullStream, type Order, XenstoreStream } from "../../builders/xenstore.js";
import { judge } from "../../builders/xenstore-run.js";

const ORDERS: readonly Order[] = ["little", "big"];
const order = fc.constantFrom(...ORDERS);
const byte = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = fc.uint8Array({ maxLength: 40 });
const byteText = fc.array(byte, { maxLength: 30 }).map((codes) => String.fromCharCode(...codes));
const word = fc.stringMatching(/^[a-z-]{1,12}$/);
const quotas = fc.array(fc.record({ name: word, value: u32 }), { maxLength: 5 });

describe("Xenstore codecs", () => {
  for (const [type, name] of XENSTORE_RECORD_NAMES.entries()) {
    it(`give back the bytes of any ${name} body`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 120 }), order, (body, byteOrder) => {
          const content = decodeXenstoreBody(type, body, byteOrder);
          expect(encodeXenstoreBody(content, byteOrder)).toEqual(body);
        }),
      );
    });

    it(`take a ${name} body of its fixed part, all zero, and refuse one byte less`, () => {
      const size = XENSTORE_FIXED_BYTES[type] ?? 0;
      for (const byteOrder of ORDERS) {
        const content = decodeXenstoreBody(type, new Uint8Array(size), byteOrder);
        expect(content.kind).toBe(name);
        if (size === 0) continue;
        const short = decodeXenstoreBody(type, new Uint8Array(size - 1), byteOrder);
        expect(short.kind).toBe("malformed");
      }
    });
  }

  it("give back the bytes of every record of a full stream, and nothing is malformed", () => {
    for (const byteOrder of ORDERS) {
      for (const document of [false, true]) {
        const stream = fullStream({ order: byteOrder, document }).end();
        const { records } = judge(stream);
        expect(new Set(records.map((record) => record.name)).size).toBe(9);
        for (const { content, bodyBytes, byteOffset } of records) {
          if (content.kind === "skipped") throw new Error("a body was passed over");
          expect(content.kind).not.toBe("malformed");
          const body = stream.subarray(byteOffset + 8, byteOffset + 8 + bodyBytes);
          expect(encodeXenstoreBody(content, byteOrder)).toEqual(body);
        }
      }
    }
  });

  it("keep any node as it is", () => {
    const permission = fc.record({ letter: byte, flags: byte, domid: u16 });
    const node = fc.record({
      kind: fc.constant("NODE_DATA" as const),
      connId: u32,
      txId: u32,
      access: u16,
      permissions: fc.array(permission, { maxLength: 4 }),
      path: byteText,
      value: bytes,
      surplus: bytes,
    });
    fc.assert(
      fc.property(node, order, (content, byteOrder) => {
        const body = encodeXenstoreBody(content, byteOrder);
        expect(decodeXenstoreBody(5, body, byteOrder)).toEqual(content);
      }),
    );
  });

  it("keep quotas of both groups, names that nobody knows among them", () => {
    fc.assert(
      fc.property(
        quotas,
        quotas,
        bytes,
        order,
        (domainQuotas, globalQuotas, surplus, byteOrder) => {
          const content = {
            kind: "GLOBAL_QUOTA_DATA",
            domainQuotas,
            globalQuotas,
            surplus,
          } as const;
          const body = encodeXenstoreBody(content, byteOrder);
          expect(decodeXenstoreBody(6, body, byteOrder)).toEqual(content);
        },
      ),
    );
  });

  it("read ring connections, sockets and unique ids in either byte order", () => {
    for (const byteOrder of ORDERS) {
      const stream = new XenstoreStream({ order: byteOrder })
        .connection({ id: 7, domid: 3, tdomid: 0x7ff4, port: 9, uniqueId: 0x1122334455667788n })
        .connection({ id: 8, type: 1, fd: -1 })
        .end();
      const [ring, socket] = judge(stream).records.map(({ content }) => content);
      expect(ring).toMatchObject({
        connId: 7,
        spec: { kind: "ring", domid: 3, tdomid: 0x7ff4, port: 9 },
        uniqueId: 0x1122334455667788n,
      });
      expect(socket).toMatchObject({ spec: { kind: "socket", fd: -1 }, uniqueId: null });
    }
  });

  it("find the strings of a watch in the document's form and in both shifted ones", () => {
    const path = fc.stringMatching(/^[@/a-z0-9]{1,20}$/);
    const token = fc.stringMatching(/^[a-z0-9:]{0,20}$/);
    const forms = [12, 10, 8] as const;
    fc.assert(
      fc.property(path, token, u16, fc.constantFrom(...forms), order, (...all) => {
        const [wpath, tokenText, depth, form, byteOrder] = all;
        const watch = { path: wpath, token: tokenText, depth, form };
        const stream = new XenstoreStream({ order: byteOrder }).extended(watch).end();
        expect(judge(stream).records[0]?.content).toMatchObject({
          wpath: `${wpath}\0`,
          token: `${tokenText}\0`,
          form,
          depth: form === 8 ? null : depth,
          shortLength: false,
        });
      }),
    );
  });
});
