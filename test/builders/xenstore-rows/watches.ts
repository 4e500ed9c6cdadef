/** Rows of the rules about watches (XS-WAT-*, XS-WEX-*). */
import type { XenstoreStream } from "../xenstore.js";
import { body, type Row } from "./row.js";

const watchBody = (stream: XenstoreStream, conn: number, path: string, token: string) =>
  body(stream).u32(conn).u16(path.length).u16(token.length).text(path).text(token).done();

export const WATCHES: readonly Row[] = [
  {
    rule: "XS-WAT-1",
    why: "a watch of an unknown connection",
    breaks: (stream) => stream.connection().watch("/a", "t", 2),
    keeps: (stream) => stream.connection().watch("/a", "t", 1),
    at: [1, 0],
  },
  {
    rule: "XS-WAT-1",
    why: "an extended watch of an unknown connection",
    breaks: (stream) => stream.connection().extended({ conn: 2, path: "/a", token: "t" }),
    keeps: (stream) => stream.connection().extended({ conn: 1, path: "/a", token: "t" }),
    at: [1, 0],
  },
  {
    rule: "XS-WAT-2",
    why: "an empty path",
    breaks: (stream) => stream.connection().record(3, watchBody(stream, 1, "\0", "t\0")),
    keeps: (stream) => stream.connection().record(3, watchBody(stream, 1, "a\0", "\0")),
    at: [1, 8],
  },
  {
    rule: "XS-WAT-2",
    why: "a path with a NUL inside",
    breaks: (stream) => stream.connection().record(3, watchBody(stream, 1, "/a\0b\0", "t\0")),
    keeps: (stream) => stream.connection().record(3, watchBody(stream, 1, "/a/b\0", "t\0")),
    at: [1, 8],
  },
  {
    rule: "XS-WAT-2",
    why: "a token without its NUL",
    breaks: (stream) => stream.connection().record(3, watchBody(stream, 1, "/a\0", "t")),
    keeps: (stream) => stream.connection().record(3, watchBody(stream, 1, "/a\0", "t\0")),
    at: [1, 11],
  },
  {
    rule: "XS-WAT-2",
    why: "strings longer than the record",
    breaks: (stream) =>
      stream.connection().record(3, body(stream).u32(1).u16(200).u16(1).text("/a\0").done()),
    keeps: (stream) => stream.connection().watch("/a", ""),
    at: [1, null],
  },
  {
    rule: "XS-WAT-2",
    why: "an extended watch whose strings check out in no form",
    breaks: (stream) =>
      stream.connection().record(8, body(stream).u32(1).u16(3).u16(2).u32(0).text("/abxy").done()),
    keeps: (stream) => stream.connection().extended({ path: "/a", token: "t" }),
    at: [1, 12],
  },
  {
    rule: "XS-WAT-3",
    why: "a path with a doubled slash",
    breaks: (stream) => stream.connection().watch("/a//b"),
    keeps: (stream) => stream.connection().watch("/a/b").watch("device/vbd").watch("@any thing//"),
    at: [1, 8],
  },
  {
    rule: "XS-WAT-3",
    why: "a path that ends in a slash",
    breaks: (stream) => stream.connection().extended({ path: "/a/", token: "t" }),
    keeps: (stream) => stream.connection().extended({ path: "/", token: "t" }),
    at: [1, 12],
  },
  {
    rule: "XS-WEX-1",
    why: "an extended watch in version 1",
    breaks: (stream) => stream.connection().extended({ path: "/a", token: "t" }),
    keeps: (stream) => stream.connection().watch("/a"),
    at: [1, null],
    options: { version: 1 },
  },
  {
    rule: "XS-WEX-2",
    why: "one watch by both record types",
    breaks: (stream) => stream.connection().watch("/a", "t").extended({ path: "/a", token: "t" }),
    keeps: (stream) => stream.connection().watch("/a", "t").extended({ path: "/a", token: "u" }),
    at: [2, null],
  },
  {
    rule: "XS-WEX-3",
    why: "strings at offset 10",
    breaks: (stream) => stream.connection().extended({ path: "/a", token: "t", form: 10 }),
    keeps: (stream) => stream.connection().extended({ path: "/a", token: "t", form: 12 }),
    at: [1, null],
  },
  {
    rule: "XS-WEX-3",
    why: "strings at offset 8",
    breaks: (stream) => stream.connection().extended({ path: "/abc", token: "t", form: 8 }),
    keeps: (stream) => stream.connection().extended({ path: "/abc", token: "t" }),
    at: [1, null],
  },
  {
    rule: "XS-WEX-3:short-length",
    why: "strings at offset 8 and 8 bytes missing",
    breaks: (stream) =>
      stream.connection().extended({ path: "/abc", token: "t", form: 8, asWritten: true }),
    keeps: (stream) =>
      stream.connection().extended({ path: "/a", token: "", form: 8, asWritten: true }),
    at: [1, null],
  },
];
