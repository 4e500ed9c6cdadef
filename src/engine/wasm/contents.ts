/**
 * What pfns hold, over banks: copied out, digested, folded into a hash. The arguments are as the
 * port has them; that the guest is resident is the engine's to see. Not how pages come there.
 */
import { PAGE_BYTES } from "../../format/index.js";
import { BANK_PFNS, type Xxh3 } from "../port.js";
import type { Bank } from "./bank.js";
import type { Banks } from "./banks.js";
import { OUTBOX_BYTES, OUTBOX_PAGES, PAIR_BYTES, PAIRS_MAX, ZERO_PAGE_DIGEST } from "./layout.js";
import { bankOfPfn, highHalf, lowHalf, must, PFN_END } from "./numbers.js";

const OUTBOX_DIGESTS = OUTBOX_BYTES / 8;

/** See PageEngine.copyPages(). */
export function copyPages(banks: Banks, first: number, count: number, into: Uint8Array): void {
  must(into.length >= count * PAGE_BYTES, "the pages fit into the target");
  eachPart(banks, { first, count, partPages: OUTBOX_PAGES }, (bank, local, pages, done) => {
    const at = done * PAGE_BYTES;
    const bytes = pages * PAGE_BYTES;
    if (bank === undefined) {
      into.fill(0, at, at + bytes);
    } else {
      bank.calls.gatherPages(local, pages);
      into.set(bank.outbox.subarray(0, bytes), at);
    }
  });
}

/** See PageEngine.digestPages(). */
export function digestPages(
  banks: Banks,
  first: number,
  count: number,
  into: BigUint64Array,
): void {
  must(into.length >= count, "the digests fit into the target");
  eachPart(banks, { first, count, partPages: OUTBOX_DIGESTS }, (bank, local, pages, done) => {
    if (bank === undefined) {
      into.fill(ZERO_PAGE_DIGEST, done, done + pages);
    } else {
      bank.calls.digestPages(local, pages);
      into.set(bank.outboxDigests.subarray(0, pages), done);
    }
  });
}

/** See PageEngine.foldPages(). */
export function foldPages(banks: Banks, first: number, count: number, into: Xxh3): void {
  eachPart(banks, { first, count, partPages: PAIRS_MAX }, (bank, local, pages, done) => {
    if (bank === undefined) {
      foldZeroPages(banks, first + done, pages, into);
    } else {
      bank.calls.pairPages(local, pages);
      into.update(bank.outbox.subarray(0, pages * PAIR_BYTES));
    }
  });
}

/** See PageEngine.foldZeroPages(). */
export function foldZeroPages(banks: Banks, first: number, count: number, into: Xxh3): void {
  const { desk } = banks;
  for (let done = 0; done < count; done += PAIRS_MAX) {
    const pages = Math.min(PAIRS_MAX, count - done);
    desk.calls.pairZeroPages(pages, lowHalf(first + done), highHalf(first + done));
    into.update(desk.outbox.subarray(0, pages * PAIR_BYTES));
  }
}

/** Go through pfns in parts of at most `partPages` that lie in one bank each. */
function eachPart(
  banks: Banks,
  pfns: { readonly first: number; readonly count: number; readonly partPages: number },
  part: (bank: Bank | undefined, local: number, pages: number, done: number) => void,
): void {
  const { first, count, partPages } = pfns;
  must(first >= 0 && count >= 0 && first + count <= PFN_END, "a pfn has 52 bits");
  let done = 0;
  while (done < count) {
    const local = (first + done) % BANK_PFNS;
    const pages = Math.min(count - done, partPages, BANK_PFNS - local);
    part(banks.get(bankOfPfn(first + done)), local, pages, done);
    done += pages;
  }
}
