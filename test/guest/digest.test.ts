/** SHA-256 of memory: both states are right, and what they have in common is hashed once. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { digestSha256, type Sha256 } from "../../src/guest/index.js";
import { driveSync } from "../../src/input/index.js";
import { fixture } from "../fixtures/load.js";
import { type Ran, runBytes } from "../harness.js";

const PAGE_BYTES = 4096;
const PFN_BYTES = 8;

/** Hashes that count the bytes they were given, all together. */
function counting() {
  const count = { hashed: 0 };
  const of = (hash: ReturnType<typeof createHash>): Sha256 => ({
    update(bytes) {
      count.hashed += bytes.length;
      hash.update(bytes);
    },
    copy: () => of(hash.copy()),
    digestHex: () => hash.digest("hex"),
  });
  return { count, create: () => of(createHash("sha256")) };
}

/** The definition, page by page, without steps and copies. */
function byHand({ image, source }: Ran, state: "stream" | "restored"): string {
  const { guest } = image.restorer;
  const hash = createHash("sha256");
  for (const { first, count } of guest?.populatedRuns() ?? []) {
    for (let pfn = first; pfn < first + count; pfn += 1) {
      const head = Buffer.alloc(PFN_BYTES);
      head.writeBigUInt64LE(BigInt(pfn));
      hash.update(head);
      if (guest) hash.update(driveSync(guest.readPage(pfn, state), source));
    }
  }
  return hash.digest("hex");
}

describe("SHA-256 of a guest's memory", () => {
  it.each([
    ["hvm-mixed.xcs", "resident"],
    ["hvm-mixed.xcs", "indexed"],
    ["pv64-tiny.xcs", "indexed"],
    ["pv32-list.xcs", "resident"],
  ] as const)("is that of its pages in both states: %s, %s", (name, model) => {
    const ran = runBytes(fixture(name), { model });
    const { create } = counting();
    const { guest } = ran.image.restorer;
    if (guest === null) throw new Error(`${name} holds no guest`);
    expect(guest.fixedPfns()).not.toEqual([]);
    const digests = driveSync(digestSha256(guest, create), ran.source);
    const streamSha256 = byHand(ran, "stream");
    const restoredSha256 = byHand(ran, "restored");
    expect(digests).toEqual({ streamSha256, restoredSha256 });
    expect(streamSha256).not.toBe(restoredSha256);
  });

  it("hashes pages before the first that differs once", () => {
    const { image, source } = runBytes(fixture("hvm-mixed.xcs"));
    const { guest } = image.restorer;
    if (guest === null) throw new Error("no guest");
    const { count, create } = counting();
    driveSync(digestSha256(guest, create), source);
    const each = PFN_BYTES + PAGE_BYTES;
    const [firstFixed = 0] = guest.fixedPfns();
    let behind = 0;
    let pages = 0;
    for (const run of guest.populatedRuns()) {
      pages += run.count;
      behind += Math.max(0, run.first + run.count - Math.max(run.first, firstFixed));
    }
    const once = pages * each;
    // The step with the first of them is hashed twice, too.
    expect(count.hashed).toBeGreaterThanOrEqual(once + behind * each);
    expect(count.hashed).toBeLessThan(once * 1.5);
  });
});
