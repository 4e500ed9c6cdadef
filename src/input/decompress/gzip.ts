/**
 * gzip, by node:zlib through minizlib, which gives it a synchronous face. Several members one after
 * another are one input; zeros after the last one are padding. Source: RFC 1952.
 */
import type { ZlibOptions } from "minizlib";
import { Gunzip } from "minizlib";
import type { Decoder, Feed } from "./decoder.js";

/**
 * Compressed bytes inflated at a time. All they decode to is in memory at once, which deflate
 * bounds to 1032 times as much: 16 MiB.
 */
const STEP_BYTES = 16 * 1024;
/** minizlib hands its options on to node:zlib, which knows this one. */
const OPTIONS: ZlibOptions & { chunkSize: number } = { chunkSize: 64 * 1024 };

/** Decode a gzip input. CRC-32 and length of each member are checked by zlib. */
export function* decodeGzip(feed: Feed): Decoder {
  const decoded: Uint8Array[] = [];
  let failure: unknown = null;
  const gunzip = new Gunzip(OPTIONS);
  gunzip.on("data", (chunk: Buffer) => decoded.push(chunk));
  gunzip.on("error", (error: unknown) => {
    failure = error;
  });
  try {
    for (let ended = false; !ended; ) {
      const piece = yield* feed.takeSome(STEP_BYTES);
      ended = piece.length === 0;
      if (ended) gunzip.end();
      else gunzip.write(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
      for (const chunk of decoded) yield chunk;
      decoded.length = 0;
      if (failure !== null) throw gzipFault(feed, failure);
    }
  } finally {
    gunzip.close();
  }
}

/** Which of our codes zlib's error is. */
function gzipFault(feed: Feed, failure: unknown) {
  const { code, message } = failure as { code?: string; message: string };
  if (code === "Z_BUF_ERROR") {
    return feed.fault("compressed-truncated", "the input ends within a gzip member", failure);
  }
  if (/(data|length) check/.test(message)) {
    const what = "the decoded bytes do not match the check value of their gzip member";
    return feed.fault("compressed-checksum", what, failure);
  }
  return feed.fault("compressed-invalid", `no sound gzip data (${message})`, failure);
}
