/**
 * Synthetic images against everything that reads images: the model tells, without reading, what a
 * reader must find. XENSTREAM_SEEDS makes it as many images as one likes (CONTRIBUTING).
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  GENERATED_CONTAINERS,
  GENERATED_GUESTS,
  type GenerateOptions,
  resolveGenerateOptions,
} from "../../../src/export/index.js";
import { UsageError } from "../../../src/findings/index.js";
import { ENGINES } from "../../harness.js";
import { found, make, read, SMALL_BYTES, told } from "./support.js";

const SEEDS = Number(process.env.XENSTREAM_SEEDS ?? 60);
const GENID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Options that a seed stands for: all kinds come round, numbers are spread by odd steps. */
function optionsOf(seed: number): Partial<GenerateOptions> {
  const guest = GENERATED_GUESTS[seed % GENERATED_GUESTS.length] as GenerateOptions["guest"];
  const container = GENERATED_CONTAINERS[
    Math.floor(seed / 4) % GENERATED_CONTAINERS.length
  ] as GenerateOptions["container"];
  const checkpoints = seed % 3 === 1 ? 1 + (seed % 5) : 0;
  const zeroPercent = (seed * 37) % 101;
  return {
    seed: seed * 2_654_435_761,
    guest,
    container,
    sizeBytes: SMALL_BYTES + ((seed * 53) % 300) * 4096,
    vcpus: 1 + (seed % 7),
    version: seed % 11 === 5 ? 2 : 3,
    live: (seed * 5) % 7 < 4 ? 0 : seed % 6,
    checkpoints,
    verify: checkpoints === 0 && seed % 4 < 2,
    zeroPercent,
    repeatPercent: (seed * 13) % (101 - zeroPercent),
    genid: guest === "hvm" || guest === "pvh" ? (seed % 3 === 0 ? GENID : null) : null,
  };
}

describe("a synthetic image", () => {
  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    "is found to be what its model says, without a fault: seed %i",
    (seed) => {
      const made = make(optionsOf(seed));
      const engine = ENGINES[Math.floor(seed / 2) % 2] ?? "wasm";
      const model = seed % 2 === 0 ? "indexed" : "resident";
      const ran = read(made, { engine, model, profile: "strict" });
      expect(ran.findings.filter(({ severity }) => severity !== "note")).toEqual([]);
      expect(found(ran)).toEqual(told(made));
    },
  );

  it("is the same for the same options, byte by byte, on every machine", () => {
    const digests = [
      {},
      { guest: "pvh", container: "xl", genid: GENID },
      { guest: "pv64", container: "libvirt", live: 3, verify: true, seed: 1 },
      { guest: "pv32", container: "libxl", checkpoints: 3, seed: 2 ** 40 },
      { guest: "hvm", container: "xapi", version: 2, zeroPercent: 0, repeatPercent: 0 },
    ].map((given) => sha256(make(given as Partial<GenerateOptions>).bytes));
    expect(digests).toEqual([
      "8a33b57fd1d4ea880551a1f3e7494427c339ca11c2e4cf01a67c765b1484677d",
      "ce911bb9da098aa94659ba1cb5aa07190054b91bbb98e5db8a1db90e4165ec8c",
      "1c32768d8bdd6691e1d7f95cc608fd86d847d21dce8d27ed0b14af87d0d047a9",
      "928726248fc6e66235ebbe7d07893b34d13017c8989a469f9c71bf31e3697169",
      "5da8cf487c78b7656e811b94f5d683926c66a2fe5a4ae2e41718f7a75cb47e2e",
    ]);
  });

  it("differs with the seed", () => {
    expect(make({ seed: 1 }).bytes).not.toEqual(make({ seed: 2 }).bytes);
    expect(make({ seed: 2 ** 32 }).bytes).not.toEqual(make({ seed: 0 }).bytes);
  });

  it("has as many zero and repeated pages as it was asked for", () => {
    const pagesOf = (given: Partial<GenerateOptions>) => {
      const ran = read(make({ sizeBytes: 8 * SMALL_BYTES, ...given }), { model: "resident" });
      const { guest } = ran.image.restorer;
      const stats = guest?.engine.stats();
      return {
        zero: (stats?.zeroPages ?? 0) / (stats?.populatedPages ?? 1),
        distinct: (stats?.distinctPages ?? 0) / (stats?.populatedPages ?? 1),
      };
    };
    expect(pagesOf({ zeroPercent: 0, repeatPercent: 0 }).zero).toBeLessThan(0.01);
    expect(pagesOf({ zeroPercent: 40, repeatPercent: 30 }).zero).toBeCloseTo(0.4, 1);
    expect(pagesOf({ zeroPercent: 40, repeatPercent: 30 }).distinct).toBeCloseTo(0.3, 1);
  });

  it.each([
    [{ sizeBytes: 4096 }, "--size"],
    [{ sizeBytes: SMALL_BYTES + 1 }, "--size"],
    [{ guest: "pv32", sizeBytes: 2 ** 37 }, "--size"],
    [{ zeroPercent: 60, repeatPercent: 50 }, "--repeat"],
    [{ verify: true, checkpoints: 1 }, "--verify"],
    [{ guest: "pv64", genid: GENID }, "--genid"],
    [{ genid: new Uint8Array(16) }, "--genid"],
    [{ guest: "pv64", vcpus: 33 }, "--vcpus"],
    [{ seed: -1 }, "--seed"],
    [{ fault: "LC-NO-1" }, "--fault"],
    [{ fault: "LC-PV-1", guest: "hvm" }, "--fault"],
    [{ fault: "LL-SM-2", container: "libxc" }, "--fault"],
    [{ fault: "LC-TYP-4", version: 3 }, "--fault"],
    [{ fault: "LC-CP-1", checkpoints: 2 }, "--fault"],
    [{ fault: "LC-CP-7", checkpoints: 1 }, "--fault"],
  ] as const)("refuses options that cannot be: %o", (given, option) => {
    expect.assertions(2);
    try {
      resolveGenerateOptions(given as Partial<GenerateOptions>);
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      expect((error as UsageError).option).toBe(option);
    }
  });
});
