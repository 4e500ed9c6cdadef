/**
 * Look into a guest's memory without starting it: node guest-pages.mjs FILE TEXT
 * Prints where TEXT stands, as guest-physical (HVM) or pseudo-physical (PV) addresses.
 */
import { openGuest, PAGE_BYTES } from "xenstream";

const [path, text] = process.argv.slice(2);
const guest = await openGuest(path);
try {
  const runs = [...guest.populatedRuns()];
  console.log(`${guest.kind}, ${guest.populatedPages} pages in ${runs.length} runs`);
  for await (const { pfn, type, bytes } of guest.pages()) {
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(text);
    if (at >= 0) console.log(`0x${(pfn * PAGE_BYTES + at).toString(16)} (page type ${type})`);
  }
} finally {
  await guest.close();
}
