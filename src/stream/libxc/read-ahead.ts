/**
 * The bytes at and behind a record's header, read at once: on a seekable input one read gives the
 * header, the head of a PAGE_DATA record and its entries; a pipe gives what is asked for and no
 * more. Knows places and bytes, nothing of what they mean.
 */
import { ENTRY_BYTES, PAGE_DATA_HEAD_BYTES, RECORD_HEADER_BYTES } from "../../format/index.js";
import type { ReadRequest } from "../protocol.js";

/** What savers send: batches of up to 1024 entries. More would cost a walk more than it saves. */
const AHEAD_BYTES = RECORD_HEADER_BYTES + PAGE_DATA_HEAD_BYTES + 1024 * ENTRY_BYTES;

/** One stretch of the input. Its memory is used again by the next. */
export class ReadAhead {
  readonly #bytes = new Uint8Array(AHEAD_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #byteOffset = 0;
  #present = 0;

  /** The request for the stretch from `byteOffset` on; its answer goes to `got`. */
  request(byteOffset: number, enough: number): ReadRequest {
    this.#byteOffset = byteOffset;
    this.#present = 0;
    return { request: "read", byteOffset, into: this.#bytes, enough };
  }

  /** The answer to the latest request. */
  got(bytes: number): void {
    this.#present = bytes;
  }

  /** Bytes that are here from `byteOffset` on. */
  presentAt(byteOffset: number): number {
    const at = byteOffset - this.#byteOffset;
    return at < 0 ? 0 : Math.max(0, this.#present - at);
  }

  /** A little-endian u32 that is here. */
  u32At(byteOffset: number): number {
    return this.#view.getUint32(byteOffset - this.#byteOffset, true);
  }

  /** Bytes that are here, valid until the next request. */
  bytesAt(byteOffset: number, bytes: number): Uint8Array {
    const at = byteOffset - this.#byteOffset;
    return this.#bytes.subarray(at, at + bytes);
  }
}
