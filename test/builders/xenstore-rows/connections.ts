/** Rows of the rules about connections and transactions (XS-CON-*, XS-TA-*). */
import { message } from "../xenstore.js";
import { body, bytes, type Row, zeros } from "./row.js";

export const CONNECTIONS: readonly Row[] = [
  {
    rule: "XS-CON-1",
    why: "conn-id 0",
    breaks: (stream) => stream.connection({ id: 0 }),
    keeps: (stream) => stream.connection({ id: 0xffff_ffff }),
    at: [0, 0],
  },
  {
    rule: "XS-CON-1",
    why: "a conn-id given twice",
    breaks: (stream) => stream.connection({ id: 4 }).connection({ id: 4 }),
    keeps: (stream) => stream.connection({ id: 4 }).connection({ id: 5 }),
    at: [1, 0],
  },
  {
    rule: "XS-CON-2",
    why: "conn-type 2",
    breaks: (stream) => stream.connection({ type: 2 }),
    keeps: (stream) => stream.connection({ type: 1 }),
    at: [0, 4],
  },
  {
    rule: "XS-CON-3",
    why: "a partial response longer than the output",
    breaks: (stream) => stream.connection({ partial: 3, output: zeros(2) }),
    keeps: (stream) => stream.connection({ partial: 2, output: zeros(2) }),
    at: [0, 18],
  },
  {
    rule: "XS-CON-4",
    why: "less data than its lengths say",
    breaks: (stream) =>
      stream.record(2, body(stream).u32(1).u32(0).u64(3n).u16(9).u16(0).u32(0).u64(0n).done()),
    keeps: (stream) =>
      stream.record(2, body(stream).u32(1).u32(0).u64(3n).u16(8).u16(0).u32(0).u64(0n).done()),
    at: [0, null],
  },
  {
    rule: "XS-CON-4",
    why: "no room for the unique id",
    breaks: (stream) => stream.connection({ fields: 1, input: zeros(7) }),
    keeps: (stream) => stream.connection({ uniqueId: 1n, input: zeros(7) }),
    at: [0, null],
  },
  {
    rule: "XS-CON-5",
    why: "a socket with a unique id",
    breaks: (stream) => stream.connection({ type: 1, uniqueId: 1n }),
    keeps: (stream) => stream.connection({ type: 0, uniqueId: 1n }),
    at: [0, 6],
  },
  {
    rule: "XS-CON-6",
    why: "a target that is no domain",
    breaks: (stream) => stream.connection({ tdomid: 0x7ff0 }),
    keeps: (stream) => stream.connection({ tdomid: 0x7fef }),
    at: [0, 10],
  },
  {
    rule: "XS-CON-7",
    why: "output that ends inside a message",
    breaks: (stream) =>
      stream.connection({
        partial: 1,
        output: bytes(0, ...message("little", "OK\0"), ...message("little", "OK\0", 4)),
      }),
    keeps: (stream) =>
      stream.connection({
        partial: 1,
        output: bytes(0, ...message("little", "OK\0"), ...message("little", "")),
      }),
    at: [0, 24 + 1 + 19],
  },
  {
    rule: "XS-CON-7",
    why: "output that ends inside a message head",
    breaks: (stream) => stream.connection({ input: zeros(15), output: zeros(15) }),
    keeps: (stream) => stream.connection({ input: zeros(15), output: zeros(16) }),
    at: [0, 24 + 15],
  },
  {
    rule: "XS-TA-1",
    why: "a transaction of an unknown connection",
    breaks: (stream) => stream.connection().transaction(2),
    keeps: (stream) => stream.connection().transaction(1),
    at: [1, 0],
  },
  {
    rule: "XS-TA-1",
    why: "tx-id 0",
    breaks: (stream) => stream.connection().transaction(1, 0),
    keeps: (stream) => stream.connection().transaction(1, 1),
    at: [1, 4],
  },
  {
    rule: "XS-TA-1",
    why: "a tx-id given twice by one connection",
    breaks: (stream) => stream.connection().transaction(1, 5).transaction(1, 5),
    keeps: (stream) =>
      stream.connection().connection({ id: 2 }).transaction(1, 5).transaction(2, 5),
    at: [2, 4],
  },
  {
    rule: "XS-TA-2",
    why: "a transaction, which xenstored ignores",
    breaks: (stream) => stream.connection().transaction(),
    keeps: (stream) => stream.connection(),
    at: [1, null],
  },
];
