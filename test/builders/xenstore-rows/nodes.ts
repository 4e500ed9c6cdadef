/** Rows of the rules about nodes (XS-NOD-*). */
import { body, perm, type Row, tree } from "./row.js";

export const NODES: readonly Row[] = [
  {
    rule: "XS-NOD-1",
    why: "a committed node without an owner",
    breaks: (stream) => stream.node("/", { perms: [] }),
    keeps: (stream) => stream.node("/", { perms: [["n", 0]] }),
    at: [0, 14],
  },
  {
    rule: "XS-NOD-1",
    why: "a deleted node with permissions",
    breaks: (stream) => tree(stream).node("/a", { conn: 1, tx: 17 }),
    keeps: (stream) => tree(stream).node("/a", { conn: 1, tx: 17, perms: [] }),
    at: [3, 14],
  },
  {
    rule: "XS-NOD-1",
    why: "a deleted node with a value",
    breaks: (stream) => tree(stream).node("/a", { conn: 1, tx: 17, perms: [], value: "v" }),
    keeps: (stream) => tree(stream).node("/a", { conn: 1, tx: 17, access: 2, value: "v" }),
    at: [3, 10],
  },
  {
    rule: "XS-NOD-2",
    why: "a relative path",
    breaks: (stream) => stream.node("a"),
    keeps: (stream) => stream.node("/"),
    at: [0, 20],
  },
  {
    rule: "XS-NOD-2",
    why: "a path without its NUL",
    breaks: (stream) => stream.node("/").node("", { rawPath: "/abc" }),
    keeps: (stream) => stream.node("/").node("", { rawPath: "/ab\0" }),
    at: [1, 20],
  },
  {
    rule: "XS-NOD-2",
    why: "a special name that is none",
    breaks: (stream) => stream.node("@releaseDomains"),
    keeps: (stream) => stream.node("@releaseDomain").node("@introduceDomain"),
    at: [0, 20],
  },
  {
    rule: "XS-NOD-3",
    why: "a node whose parent is not there",
    breaks: (stream) => stream.node("/").node("/a/b"),
    keeps: (stream) => stream.node("/").node("/a").node("/a/b"),
    at: [1, 20],
  },
  {
    rule: "XS-NOD-3",
    why: "a first level without the root",
    breaks: (stream) => stream.node("/a"),
    keeps: (stream) => stream.node("/").node("/a"),
    at: [0, 20],
  },
  {
    rule: "XS-NOD-4",
    why: "an unknown letter",
    breaks: (stream) => stream.node("/", { perms: perm("x") }),
    keeps: (stream) => stream.node("/", { perms: [...perm("r"), ["w", 1], ["b", 2]] }),
    at: [0, 20],
  },
  {
    rule: "XS-NOD-5",
    why: "a reserved permission flag",
    breaks: (stream) => stream.node("/", { perms: perm("r", 2) }),
    keeps: (stream) => stream.node("/", { perms: perm("r", 1) }),
    at: [0, 21],
  },
  {
    rule: "XS-NOD-6",
    why: "less than its lengths say",
    breaks: (stream) =>
      stream.record(
        5,
        body(stream).u32(0).u32(0).u16(2).u16(20).u16(0).u16(1).text("n\0\0\0/\0").done(),
      ),
    keeps: (stream) =>
      stream.record(
        5,
        body(stream).u32(0).u32(0).u16(2).u16(2).u16(0).u16(1).text("n\0\0\0/\0").done(),
      ),
    at: [0, null],
  },
  {
    rule: "XS-NOD-7",
    why: "a node pending in an unknown transaction",
    breaks: (stream) => tree(stream).node("/a", { conn: 1, tx: 18, access: 1 }),
    keeps: (stream) => tree(stream).node("/a/b", { conn: 1, tx: 17, access: 1 }),
    at: [3, 0],
  },
  {
    rule: "XS-NOD-8",
    why: "a path given twice",
    breaks: (stream) => stream.node("/").node("/a").node("/a"),
    keeps: (stream) => stream.node("/").node("/a").node("/b"),
    at: [2, 20],
  },
];
