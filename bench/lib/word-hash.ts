/**
 * A plain 32-bit hash over pfn and words of each populated page: what TypeScript and the C baseline
 * compute alike, to see that they restored the same memory. Not a digest of the product.
 */
import { PAGE_BYTES } from "../../src/format/index.js";
import type { Guest } from "../../src/guest/index.js";
import type { Job } from "../../src/stream/index.js";

const STEP_PAGES = 256;
const PRIME = 0x01000193;

/** Memory as the page records leave it. */
export function* wordHash(guest: Guest): Job<number> {
  const words = new Uint32Array((STEP_PAGES * PAGE_BYTES) / 4);
  const pages = new Uint8Array(words.buffer);
  const pageWords = PAGE_BYTES / 4;
  let hash = 0x811c9dc5;
  for (const run of guest.populatedRuns()) {
    for (let done = 0; done < run.count; done += STEP_PAGES) {
      const count = Math.min(STEP_PAGES, run.count - done);
      yield* guest.readPages(run.first + done, count, pages, "stream");
      for (let i = 0; i < count; i += 1) {
        hash = Math.imul(hash ^ (run.first + done + i), PRIME);
        for (let at = i * pageWords; at < (i + 1) * pageWords; at += 1) {
          hash = Math.imul(hash ^ (words[at] as number), PRIME);
        }
      }
    }
  }
  return hash >>> 0;
}
