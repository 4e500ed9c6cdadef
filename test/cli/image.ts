/**
 * Small HVM images, and large sparse ones, for tests of the command: written by hand from the libxc
 * stream document, on disk where the command finds them. Not a test itself.
 */
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  concat,
  PAGE_BYTES,
  patternPage,
  u16be,
  u16le,
  u32be,
  u32le,
  u64le,
  zeros,
} from "../builders/bytes.js";

const REC_TYPE_END = 0x0;
const REC_TYPE_PAGE_DATA = 0x1;
const REC_TYPE_HVM_CONTEXT = 0x9;
const REC_TYPE_HVM_PARAMS = 0xa;
const REC_TYPE_STATIC_DATA_END = 0x10;
/** PAGE_DATA entries in a record, as savers write them. */
const BATCH_ENTRIES = 1024;

/** A record with its padding. */
function record(type: number, body: Uint8Array = zeros(0)): Uint8Array {
  return concat(u32le(type), u32le(body.length), body, zeros((8 - (body.length % 8)) % 8));
}

const headers = concat(
  concat(u64le(0xffff_ffff_ffff_ffffn), u32be(0x58454e46), u32be(3), u16be(0), u16be(0), u32be(0)),
  concat(u32le(2), u16le(12), u16le(0), u32le(4), u32le(19)),
);

/** HVM context of nothing but its header and its end. */
const hvmContext = concat(
  concat(u16le(1), u16le(0), u32le(24)),
  concat(u32le(0x54381286), u32le(1), u64le(0x1234), u32le(0), u32le(2_400_000)),
  concat(u16le(0), u16le(0), u32le(0)),
);

const params = (pairs: readonly (readonly [index: number, value: number])[]) =>
  concat(u32le(pairs.length), u32le(0), ...pairs.flatMap(([i, v]) => [u64le(i), u64le(v)]));

/** What follows the pages. */
const tail = concat(
  record(REC_TYPE_HVM_CONTEXT, hvmContext),
  record(
    REC_TYPE_HVM_PARAMS,
    params([
      [1, 2],
      [17, 3],
      [12, 0x4000],
    ]),
  ),
  record(REC_TYPE_END),
);

/** Entries that a test changes, by their index; the others are pages of type NOTAB. */
export interface SmallImage {
  readonly pages?: number;
  readonly entries?: Readonly<Record<number, bigint>>;
}

/** An HVM image of a few pages. */
export function smallImage({ pages = 8, entries = {} }: SmallImage = {}): Uint8Array {
  const all = Array.from({ length: pages }, (_, pfn) => pfn);
  const body = concat(
    concat(u32le(pages), u32le(0)),
    ...all.map((pfn) => u64le(entries[pfn] ?? pfn)),
    ...all.map((pfn) => patternPage(pfn)),
  );
  return concat(headers, record(REC_TYPE_STATIC_DATA_END), record(REC_TYPE_PAGE_DATA, body), tail);
}

/** Write a good HVM image of `batches` times 4 MiB of zero pages whose file is nearly all hole. */
export function writeSparseImage(path: string, batches: number): void {
  const fd = openSync(path, "w");
  try {
    let at = writeSync(fd, concat(headers, record(REC_TYPE_STATIC_DATA_END)), 0, null, 0);
    const bodyBytes = 8 + BATCH_ENTRIES * (8 + PAGE_BYTES);
    const entries = new BigUint64Array(BATCH_ENTRIES);
    for (let batch = 0; batch < batches; batch += 1) {
      for (let i = 0; i < BATCH_ENTRIES; i += 1) entries[i] = BigInt(batch * BATCH_ENTRIES + i);
      const head = concat(
        u32le(REC_TYPE_PAGE_DATA),
        u32le(bodyBytes),
        u32le(BATCH_ENTRIES),
        u32le(0),
      );
      writeSync(fd, concat(head, new Uint8Array(entries.buffer)), 0, null, at);
      at += 8 + bodyBytes;
    }
    ftruncateSync(fd, at);
    writeSync(fd, tail, 0, null, at);
  } finally {
    closeSync(fd);
  }
}

/** A folder for a test's files, and how to be rid of it. */
export function temporaryFolder(): {
  path: (name: string) => string;
  write: (name: string, bytes: Uint8Array) => string;
  remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), "xenstream-cli-"));
  const path = (name: string) => join(folder, name);
  return {
    path,
    write(name, bytes) {
      writeFileSync(path(name), bytes);
      return path(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
