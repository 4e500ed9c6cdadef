/**
 * Bytes that take the place of those of guest memory, in each copy of their pages that is written:
 * which one is the last is not known while a stream is rewritten, and earlier ones are buried.
 * Source: VG-5, VG-24.
 */
import { PAGE_BYTES } from "../../format/index.js";

/** The pages that a run of bytes lies in, each with its part. */
export class MemoryPatch {
  readonly #parts = new Map<number, { readonly inPage: number; readonly bytes: Uint8Array }>();

  /**
   * @param address  guest-physical, of the first byte
   * @param bytes    not copied
   */
  constructor(address: number, bytes: Uint8Array) {
    for (let done = 0; done < bytes.length; ) {
      const inPage = (address + done) % PAGE_BYTES;
      const part = bytes.subarray(done, done + PAGE_BYTES - inPage);
      this.#parts.set(Math.floor((address + done) / PAGE_BYTES), { inPage, bytes: part });
      done += part.length;
    }
  }

  touches(pfn: number): boolean {
    return this.#parts.has(pfn);
  }

  /** Change the contents of a page, in place. */
  apply(pfn: number, page: Uint8Array): void {
    const part = this.#parts.get(pfn);
    if (part !== undefined) page.set(part.bytes, part.inPage);
  }
}
