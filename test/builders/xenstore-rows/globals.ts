/** Rows of the rules about GLOBAL_DATA, quotas and domains (XS-GLB-*, XS-QUO-*, XS-DOM-*). */
import { body, type Row, zeros } from "./row.js";

export const GLOBALS: readonly Row[] = [
  {
    rule: "XS-GLB-1",
    why: "one descriptor only",
    breaks: (stream) => stream.record(1, zeros(7), 7),
    keeps: (stream) => stream.record(1, zeros(8), 8),
    at: [0, null],
  },
  {
    rule: "XS-GLB-1",
    why: "a second GLOBAL_DATA",
    breaks: (stream) => stream.global().global(),
    keeps: (stream) => stream.global(),
    at: [1, null],
  },
  {
    rule: "XS-GLB-1",
    why: "GLOBAL_DATA behind a connection",
    breaks: (stream) => stream.connection().global(),
    keeps: (stream) => stream.globalQuota({}).global().connection(),
    at: [1, null],
  },
  {
    rule: "XS-QUO-1",
    why: "a quota that is nobody's",
    breaks: (stream) => stream.globalQuota({ "soft-soft-nodes": 1 }),
    keeps: (stream) => stream.globalQuota({ "soft-nodes": 1, permissions: 2, "path-max": 3 }),
    at: [0, null],
  },
  {
    rule: "XS-QUO-3",
    why: "fewer names than values",
    breaks: (stream) =>
      stream.record(6, body(stream).u16(1).u16(1).u32(5).u32(6).text("nodes\0").done(), 18),
    keeps: (stream) =>
      stream.record(6, body(stream).u16(2).u16(0).u32(5).u32(6).text("nodes\0memory\0").done()),
    at: [0, null],
  },
  {
    rule: "XS-QUO-3",
    why: "an empty name",
    breaks: (stream) => stream.globalQuota({ "": 1 }),
    keeps: (stream) => stream.globalQuota({ nodes: 1 }),
    at: [0, null],
  },
  {
    rule: "XS-QUO-3",
    why: "more names than values",
    breaks: (stream) =>
      stream.record(6, body(stream).u16(1).u16(0).u32(5).text("nodes\0memory\0").done()),
    keeps: (stream) => stream.record(6, body(stream).u16(1).u16(0).u32(5).text("nodes\0").done()),
    at: [0, 14],
  },
  {
    rule: "XS-QUO-3",
    why: "a short name too many in a len that leaves the padding out",
    breaks: (stream) =>
      stream.record(6, body(stream).u16(1).u16(0).u32(5).text("nodes\0x\0\0").done(), 17),
    keeps: (stream) =>
      stream.record(6, body(stream).u16(1).u16(0).u32(5).text("nodes\0\0\0\0").done(), 17),
    at: [0, 14],
  },
  {
    rule: "XS-QUO-3",
    why: "fewer values than counted",
    breaks: (stream) =>
      stream.connection().record(7, body(stream).u16(3).u16(2).u32(0).u32(1).done()),
    keeps: (stream) => stream.connection().domain(3, { nodes: 1 }),
    at: [1, null],
  },
  {
    rule: "XS-QUO-4",
    why: "a quota in the global group",
    breaks: (stream) => stream.globalQuota({}, { nodes: 1 }),
    keeps: (stream) => stream.globalQuota({ nodes: 1 }),
    at: [0, 2],
  },
  {
    rule: "XS-QUO-5",
    why: "a second GLOBAL_QUOTA_DATA",
    breaks: (stream) => stream.globalQuota({}).globalQuota({}),
    keeps: (stream) => stream.globalQuota({}),
    at: [1, null],
  },
  {
    rule: "XS-DOM-1",
    why: "a domain described twice",
    breaks: (stream) => stream.connection().domain(3).domain(3),
    keeps: (stream) => stream.connection().connection({ id: 2, domid: 4 }).domain(3).domain(4),
    at: [2, 0],
  },
  {
    rule: "XS-DOM-2",
    why: "a domain without a connection",
    breaks: (stream) => stream.connection({ domid: 4 }).domain(3),
    keeps: (stream) => stream.connection({ domid: 3 }).domain(3),
    at: [1, 0],
  },
  {
    rule: "XS-DOM-3",
    why: "features in version 1",
    breaks: (stream) => stream.connection().domain(3, {}, 1),
    keeps: (stream) => stream.connection().domain(3, {}, 0),
    at: [1, 4],
    options: { version: 1 },
  },
];
