/** Rows of the rules about framing, padding and order (XS-REC-*). */
import { body, bytes, type Row, tree, zeros } from "./row.js";

export const FRAMING: readonly Row[] = [
  {
    rule: "XS-REC-1",
    why: "a len that leaves the padding out",
    breaks: (stream) => stream.connection().watch("/a"),
    keeps: (stream) => stream.connection().watch("/abcd", "t"),
    at: [1, null],
    options: { document: true },
  },
  {
    rule: "XS-REC-2",
    why: "eight bytes more than the fields take",
    breaks: (stream) => stream.record(1, zeros(16)),
    keeps: (stream) => stream.record(1, zeros(15), 15),
    at: [0, null],
  },
  {
    rule: "XS-REC-3",
    why: "padding counted in len that is not zero",
    breaks: (stream) =>
      stream
        .connection()
        .record(3, body(stream).u32(1).u16(3).u16(2).text("/a\0t\0").text("xyz").done()),
    keeps: (stream) =>
      stream.connection().record(3, body(stream).u32(1).u16(3).u16(2).text("/a\0t\0\0\0\0").done()),
    at: [1, 13],
  },
  {
    rule: "XS-REC-3",
    why: "padding behind the last quota name that is not zero",
    breaks: (stream) =>
      stream.record(6, body(stream).u16(1).u16(0).u32(5).text("nodes\0xy").done()),
    keeps: (stream) => stream.record(6, body(stream).u16(1).u16(0).u32(5).text("nodes\0").done()),
    at: [0, 14],
  },
  {
    rule: "XS-REC-3",
    why: "a reserved bit of the connection fields",
    breaks: (stream) => stream.connection({ fields: 2 }),
    keeps: (stream) => stream.connection({ uniqueId: 1n }),
    at: [0, 6],
  },
  {
    rule: "XS-REC-3",
    why: "padding of a socket's conn-spec",
    breaks: (stream) => stream.connection({ type: 1, socketPad: 1 }),
    keeps: (stream) => stream.connection({ type: 1 }),
    at: [0, 12],
  },
  {
    rule: "XS-REC-3",
    why: "padding before the unique id",
    breaks: (stream) => stream.connection({ input: bytes(1), gap: 1, uniqueId: 1n }),
    keeps: (stream) => stream.connection({ input: bytes(1), uniqueId: 1n }),
    at: [0, 25],
  },
  {
    rule: "XS-REC-3",
    why: "the pad of an extended watch",
    breaks: (stream) => stream.connection().extended({ path: "/a", token: "t", pad: 1 }),
    keeps: (stream) => stream.connection().extended({ path: "/a", token: "t", depth: 1 }),
    at: [1, 10],
  },
  {
    rule: "XS-REC-3",
    why: "access in a committed node",
    breaks: (stream) => stream.node("/", { access: 1 }),
    keeps: (stream) => stream.node("/", { access: 0 }),
    at: [0, 12],
  },
  {
    rule: "XS-REC-3",
    why: "a reserved bit of a pending node's access",
    breaks: (stream) => tree(stream).node("/a", { conn: 1, tx: 17, access: 5 }),
    keeps: (stream) => tree(stream).node("/a", { conn: 1, tx: 17, access: 3 }),
    at: [3, 12],
  },
  {
    rule: "XS-REC-4",
    why: "a type that the document does not know",
    breaks: (stream) => stream.record(9, zeros(8)),
    keeps: (stream) => stream.connection().extended({ path: "/a", token: "t" }),
    at: [0, null],
  },
  {
    rule: "XS-REC-5",
    why: "a watch before its connection",
    breaks: (stream) => stream.watch("/a").connection(),
    keeps: (stream) => stream.connection().watch("/a"),
    at: [0, 0],
  },
  {
    rule: "XS-REC-5",
    why: "a child before its parent",
    breaks: (stream) => stream.node("/").node("/a/b").node("/a"),
    keeps: (stream) => stream.node("/").node("/a").node("/a/b"),
    at: [1, 20],
  },
  {
    rule: "XS-REC-5",
    why: "a domain before its connection",
    breaks: (stream) => stream.domain(3).connection({ domid: 3 }),
    keeps: (stream) => stream.connection({ domid: 3 }).domain(3),
    at: [0, 0],
  },
  {
    rule: "XS-REC-5:pending",
    why: "a pending node before its transaction",
    breaks: (stream) =>
      stream.connection().node("/a", { conn: 1, tx: 17, access: 2 }).transaction(1, 17),
    keeps: (stream) =>
      stream.connection().transaction(1, 17).node("/a", { conn: 1, tx: 17, access: 2 }),
    at: [1, 0],
  },
  {
    rule: "XS-REC-5:pending",
    why: "a transaction before its connection",
    breaks: (stream) => stream.transaction().connection(),
    keeps: (stream) => stream.connection().transaction(),
    at: [0, 0],
  },
  {
    rule: "XS-REC-8",
    why: "a transaction without its tx-id",
    breaks: (stream) => stream.connection().record(4, zeros(4), 4),
    keeps: (stream) => stream.connection().transaction(),
    at: [1, null],
  },
  {
    rule: "XS-REC-8",
    why: "a domain without its features",
    breaks: (stream) => stream.connection().record(7, zeros(7), 7),
    keeps: (stream) => stream.connection().domain(3),
    at: [1, null],
  },
];
