/** What is judged and written once a stream is over: parameters by what memory there is, the p2m. */
import { describe, expect, it } from "vitest";
import { driveSync } from "../../src/input/index.js";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { type PageEntry, pageData } from "../builders/libxc.js";
import { join } from "../builders/parts.js";
import { pvStream, simplePlan } from "../builders/pv.js";
import { ENGINES, runBytes } from "../harness.js";

/** HP-8, LC-PG-5 and the like of a guest whose generation id is in page 2. */
function told(...batches: PageEntry[][]) {
  const stream = join(hvmStream({ batches, params: [[34, 0x2000]] }));
  const { image, findings } = runBytes(stream, { profile: "strict" });
  const rules = findings.map(({ rule }) => rule);
  return { named: rules.includes("HP-8"), suppressed: image.collector.suppressed };
}

describe("a generation id without its page, HP-8", () => {
  const one = { pfn: 1, page: patternPage(1) };
  const two = { pfn: 2, page: patternPage(2) };

  it("is told of where the stream was taken whole", () => {
    expect(told([one])).toEqual({ named: true, suppressed: 0 });
    expect(told([one, two])).toEqual({ named: false, suppressed: 0 });
  });

  it("is left out where a batch was refused: the page may have been in it", () => {
    expect(told([one], [two, { pfn: 3, type: 5 }])).toEqual({ named: false, suppressed: 1 });
  });
});

describe("the p2m of a restored PV guest", () => {
  it.each(ENGINES)(
    "names the frame of every pfn to the last, and nothing behind it, %s",
    (engine) => {
      const plan = simplePlan(8);
      const stale = new Uint8Array(4096).fill(0x5a);
      const [p2mPfn = 0] = plan.p2m.map(Number);
      const ran = runBytes(
        join([
          ...pvStream(plan).slice(0, -1),
          pageData([{ pfn: p2mPfn, page: stale }]),
          ...pvStream(plan).slice(-1),
        ]),
        { engine, vcpus: 1 },
      );
      expect(ran.errors).toEqual([]);
      const { guest } = ran.image.restorer;
      if (guest === null) throw new Error("there is a guest");
      const page = driveSync(guest.readPage(p2mPfn, "restored"), ran.source);
      const view = new DataView(page.buffer);
      for (let pfn = 0; pfn <= plan.maxPfn; pfn += 1) {
        const frame = guest.isPopulated(pfn) ? BigInt(pfn) : 2n ** 64n - 1n;
        expect(view.getBigUint64(8 * pfn, true), `pfn ${pfn}`).toBe(frame);
      }
      expect(view.getBigUint64(8 * (plan.maxPfn + 1), true)).toBe(0x5a5a_5a5a_5a5a_5a5an);
    },
  );
});
