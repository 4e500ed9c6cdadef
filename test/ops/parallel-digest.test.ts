/** The page digest by several threads: the same as by one, or left to one. */
import { truncateSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { digestXxh3, type Guest } from "../../src/guest/index.js";
import { BufferSource, driveSync, openSource, type Source } from "../../src/input/index.js";
import {
  type GeneratedGuest,
  generateImage,
  Image,
  Platform,
  READING_DEFAULTS,
  restoreFile,
  wasmBytes,
} from "../../src/ops/index.js";
import { parallelDigest } from "../../src/ops/parallel-digest.js";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { join as joinParts } from "../builders/parts.js";

const MIB = 1024 * 1024;
let folder: string;
const platform = new Platform({ wasmBytes });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xenstream-parallel-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function imageOf(guest: GeneratedGuest, seed: number): Promise<string> {
  const path = join(folder, `${guest}-${seed}.xcs`);
  const options = { guest, sizeBytes: 12 * MIB, zeroPercent: 30, rounds: 3, seed };
  await generateImage({ path, describePath: null, options, digest: "none" });
  return path;
}

function indexed<R>(source: Source, engine: "wasm" | "reference", work: (guest: Guest) => R): R {
  const reading = { ...READING_DEFAULTS, limits: DEFAULT_LIMITS, model: "indexed" } as const;
  const image = new Image(platform.ownEngine(engine), reading);
  driveSync(image.run(), source);
  const { guest } = image.restorer;
  if (guest === null) throw new Error("the image has a guest");
  return work(guest);
}

describe("a page digest by several threads", () => {
  it.each([
    ["hvm", 1],
    ["hvm", 2],
    ["pv64", 3],
    ["pv32", 4],
  ] as const)("is that of one thread: %s, seed %i", async (kind, seed) => {
    const source = openSource(await imageOf(kind, seed));
    try {
      indexed(source, "wasm", (guest) => {
        const one = driveSync(digestXxh3(guest), source);
        for (const threads of [2, 3]) {
          let pages = 0;
          const onPages = (more: number) => {
            pages += more;
          };
          const choice = { threads, onPages };
          expect(parallelDigest(platform, guest, source, choice)).toEqual(one);
          expect(pages).toBeLessThanOrEqual(guest.engine.stats().populatedPages);
        }
      });
    } finally {
      source.close();
    }
  });

  it("has the fix-up of a page that begins a part behind a hole", () => {
    const pages = [1, 2, 10].map((pfn) => ({ pfn, page: patternPage(pfn) }));
    const path = join(folder, "hole.xcs");
    writeFileSync(path, joinParts(hvmStream({ batches: [pages], params: [[1, 10]] })));
    const source = openSource(path);
    try {
      indexed(source, "wasm", (guest) => {
        expect(guest.fixedPfns()).toEqual([10]);
        const one = driveSync(digestXxh3(guest), source);
        expect(parallelDigest(platform, guest, source, { threads: 2 })).toEqual(one);
      });
    } finally {
      source.close();
    }
  });

  it("is what `restore --digest xxh3 --threads` reports", async () => {
    const path = await imageOf("hvm", 1);
    const results = [1, 2].map(async (threads) => {
      const options = {
        ...READING_DEFAULTS,
        limits: DEFAULT_LIMITS,
        engine: "wasm" as const,
        memory: "indexed" as const,
        digest: "xxh3" as const,
        threads,
      };
      return (await restoreFile(platform, path, options)).memory;
    });
    const [one, two] = await Promise.all(results);
    expect(one?.pageDigest).toMatch(/^[0-9a-f]{16}$/);
    expect(two).toEqual(one);
  });

  it("sees zeros where a file has shrunk since it was indexed", async () => {
    const path = await imageOf("hvm", 5);
    const source = openSource(path);
    try {
      indexed(source, "wasm", (guest) => {
        truncateSync(path, 4 * MIB);
        const one = driveSync(digestXxh3(guest), source);
        expect(parallelDigest(platform, guest, source, { threads: 2 })).toEqual(one);
      });
    } finally {
      source.close();
    }
  });

  it("ends when the one who is told of it throws", async () => {
    const source = openSource(await imageOf("hvm", 1));
    try {
      indexed(source, "wasm", (guest) => {
        const onPages = () => {
          throw new Error("enough");
        };
        expect(() => parallelDigest(platform, guest, source, { threads: 2, onPages })).toThrow(
          "enough",
        );
      });
    } finally {
      source.close();
    }
  });

  it("is left to one thread if the file cannot be read, for it tells why", async () => {
    const source = openSource(await imageOf("hvm", 1));
    indexed(source, "wasm", (guest) => {
      source.close();
      expect(parallelDigest(platform, guest, source, { threads: 2 })).toBe(null);
    });
  });

  it("is left to one thread where there is no file, little memory, or another engine", async () => {
    const source = openSource(await imageOf("hvm", 1));
    try {
      indexed(source, "wasm", (guest) => {
        expect(parallelDigest(platform, guest, source, { threads: null })).toBe(null);
        expect(parallelDigest(platform, guest, source, { threads: 1 })).toBe(null);
        const buffer = new BufferSource(new Uint8Array(1));
        expect(parallelDigest(platform, guest, buffer, { threads: 2 })).toBe(null);
      });
      indexed(source, "reference", (guest) => {
        expect(parallelDigest(platform, guest, source, { threads: 2 })).toBe(null);
      });
    } finally {
      source.close();
    }
  });
});
