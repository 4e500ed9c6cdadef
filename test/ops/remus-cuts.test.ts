/**
 * A checkpointed stream that breaks off anywhere leaves the guest of its last committed checkpoint:
 * no byte of what came later, by any engine and model. Rules: LC-CP-2..6, LL-SM-8.
 */
import { describe, expect, it } from "vitest";
import { patternPage } from "../builders/bytes.js";
import { hvmContext, hvmStream } from "../builders/hvm.js";
import { checkpoint, hvmParams, type PageEntry, pageData, tscInfo } from "../builders/libxc.js";
import { emulatorContext, libxlCheckpointed } from "../builders/libxl.js";
import { join, type Part } from "../builders/parts.js";
import { Prng } from "../builders/prng.js";
import { ENGINES, type Ran, runBytes } from "../harness.js";

const CUTS = 300;
const EPOCHS = 6;

/** What each epoch writes: new pfns, and some of those before it, the special pages among them. */
const PAGES: readonly (readonly PageEntry[])[] = Array.from({ length: EPOCHS }, (_, epoch) => {
  const pfns = [2, 3, 10 + epoch, 20 + 2 * epoch, 10 + Math.floor(epoch / 2)];
  const all = epoch === 0 ? [1, 4, 5, 6, ...pfns] : pfns;
  return [...new Set(all)].map((pfn) => ({ pfn, page: patternPage(1000 * epoch + pfn) }));
});
/** The store and console pages; later epochs move them. */
const paramsOf = (epoch: number) =>
  hvmParams([
    [1, epoch < 3 ? 2 : 3],
    [17, epoch < 2 ? 4 : 5],
  ]);

function epochParts(epoch: number): Part[] {
  const entries = PAGES[epoch] ?? [];
  const half = Math.ceil(entries.length / 2);
  return [
    pageData(entries.slice(0, half)),
    pageData(entries.slice(half)),
    tscInfo(),
    hvmContext(),
    paramsOf(epoch),
  ];
}

const STATIC = hvmStream({ batches: [] }).slice(0, 4);
const LIBXC: readonly Part[] = [
  ...STATIC,
  ...PAGES.flatMap((_, epoch) => [...epochParts(epoch), checkpoint()]),
];

/** A plain stream that leaves what `count` epochs leave: each epoch's records in their order. */
function plain(count: number): Uint8Array {
  const epochs = PAGES.slice(0, count).flatMap((_, epoch) => epochParts(epoch));
  return join([...STATIC, ...epochs, ...hvmStream({ batches: [] }).slice(-1)]);
}

const digestsOf = (ran: Ran) => {
  const { domain } = ran.image.restorer;
  return { ...ran.digests(), params: [...(domain?.hvmParams ?? [])] };
};
const EXPECTED = PAGES.map((_, epoch) => digestsOf(runBytes(plain(epoch + 1))));

/** Where each checkpoint is complete: behind its last part, which `isLast` knows. */
function commits(parts: readonly Part[], isLast: (part: Part) => boolean): number[] {
  const ends: number[] = [];
  let at = 0;
  for (const part of parts) {
    at += part.bytes.length;
    if (isLast(part)) ends.push(at);
  }
  return ends;
}

const LIBXL = libxlCheckpointed(LIBXC, [emulatorContext()]);
const SHAPES = [
  ["libxc", LIBXC, (part: Part) => part.layer === "libxc" && part.type === 0x0e],
  ["libxl", LIBXL, (part: Part) => part.layer === "libxl" && part.type === 0x04],
] as const;
const SIDES = ENGINES.flatMap((engine) =>
  (["indexed", "resident"] as const).map((model) => ({ engine, model })),
);

describe.each(SHAPES)("a checkpointed %s stream", (name, parts, isLast) => {
  const bytes = join(parts);
  const ends = commits(parts, isLast);

  it.each(SIDES)(
    `cut at ${CUTS} places leaves its last checkpoint, $engine $model`,
    ({ engine, model }) => {
      expect(ends).toHaveLength(EPOCHS);
      const prng = new Prng(11);
      const [firstEnd = 0] = ends;
      const seen = new Set<number>();
      for (let trial = 0; trial < CUTS; trial += 1) {
        // Every commit to the byte, then anywhere.
        const near = ends[Math.floor(trial / 3)];
        const cut = near === undefined ? prng.below(bytes.length) : near - 1 + (trial % 3);
        const committed = ends.filter((end) => end <= cut).length;
        seen.add(committed);
        const ran = runBytes(bytes.subarray(0, cut), { engine, model, checkpointed: true });
        const what = `${name} cut to ${cut} of ${bytes.length} bytes`;
        if (committed === 0) {
          expect(ran.verdict, what).toBe("reject");
          expect(cut, what).toBeLessThan(firstEnd);
          continue;
        }
        expect(ran.errors, what).toEqual([]);
        expect(ran.image.restorer.domain?.checkpoints, what).toBe(committed);
        expect(digestsOf(ran), what).toEqual(EXPECTED[committed - 1]);
      }
      expect(seen.size).toBe(EPOCHS + 1);
    },
  );
});
