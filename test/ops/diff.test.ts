/** Two guests compared: equal memory is equal whatever the image is like, and each change is named. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import {
  diffFiles,
  type GenerateOptions,
  generateImage,
  Platform,
  READING_DEFAULTS,
  type ReadingProgress,
  wasmBytes,
} from "../../src/ops/index.js";
import { patternPage, poke } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { PAGE, type PageEntry } from "../builders/libxc.js";
import { join as joinParts } from "../builders/parts.js";
import { ROOT, runBytes } from "../harness.js";

const FIXTURES = join(ROOT, "test/fixtures");

const folder = mkdtempSync(join(tmpdir(), "xenstream-diff-"));
afterAll(() => rmSync(folder, { recursive: true }));
const platform = new Platform({ wasmBytes });

function stored(name: string, ...batches: PageEntry[][]): string {
  const path = join(folder, name);
  writeFileSync(path, joinParts(hvmStream({ batches })));
  return path;
}

const OPTIONS = {
  ...READING_DEFAULTS,
  engine: "wasm",
  limits: DEFAULT_LIMITS,
  vcpus: 2,
  state: "stream",
  bytes: true,
} as const;
const diff = (a: string, b: string) => diffFiles(platform, a, b, OPTIONS);

const page = (pfn: number, seed = pfn): PageEntry => ({ pfn, page: patternPage(seed) });
const BASE = Array.from({ length: 600 }, (_, i) => page(i));

describe("two guests", () => {
  it("are equal when their memory is, whatever container, age and page order", async () => {
    const names = ["hvm-tiny.xcs", "libxl-hvm-tiny.libxl", "xl-hvm-tiny.xlsave"];
    const others = [...names, "libvirt-hvm-tiny.save", "v2-xen46-hvm-tiny.xcs"];
    for (const name of others) {
      const result = await diff(join(FIXTURES, "hvm-tiny.xcs"), join(FIXTURES, name));
      expect([name, result.equal, result.sharePercent]).toEqual([name, true, 0]);
    }
    const plain = stored("plain", BASE);
    const live = stored(
      "live",
      BASE.map((_, i) => page(BASE.length - 1 - i, 9999)),
      BASE.slice(0, 300),
      BASE.slice(300).toReversed(),
    );
    expect((await diff(plain, live)).equal).toBe(true);
  });

  it.each(["hvm", "pvh", "pv64", "pv32"] as const)(
    "saved live and not are equal for %s, and a changed byte is one page",
    async (guest) => {
      const made = async (name: string, more: Partial<GenerateOptions>) => {
        const path = join(folder, name);
        const options = { guest, sizeBytes: 4 << 20, seed: 21, ...more };
        await generateImage({ path, describePath: null, options, digest: "none" });
        return path;
      };
      const still = await made("still", {});
      const live = await made("live", { live: 4, container: "xl" });
      expect(readFileSync(live).length).toBeGreaterThan(readFileSync(still).length);
      const same = await diff(still, live);
      expect([same.equal, same.sharePercent]).toEqual([true, 0]);
      const bytes = readFileSync(live);
      // Not of a PV guest's own tables: their contents are judged.
      const { guest: held } = runBytes(bytes).image.restorer;
      const pfns = [...(held?.populatedRuns() ?? [])].flatMap(({ first, count }) =>
        Array.from({ length: count }, (_, i) => first + i),
      );
      const plain = (pfn: number) =>
        held?.engine.pageType(pfn) === 0 && (held?.lastCopyOffset(pfn) ?? -1) >= 0;
      const pfn = pfns.findLast(plain) ?? -1;
      const at = (held?.lastCopyOffset(pfn) ?? 0) + 1234;
      writeFileSync(live, poke(bytes, at, (bytes[at] ?? 0) ^ 0x40));
      const changed = await diff(still, live);
      expect(changed.equal).toBe(false);
      expect(changed.changed).toEqual({ pages: 1, runs: [{ pfn, count: 1 }] });
      expect(changed.changedBytes).toEqual([{ pfn, offset: 1234, bytes: 1 }]);
      expect([changed.added.pages, changed.gone.pages]).toEqual([0, 0]);
    },
  );

  it("differ by pages added, gone, changed, and by bytes", async () => {
    const a = stored("a", BASE);
    const changed = { pfn: 5, page: poke(patternPage(5), 100, 1, 2, 3) };
    const b = stored("b", [...BASE.slice(0, 5), changed, ...BASE.slice(6, 598), page(1000)]);
    const result = await diff(a, b);
    expect(result.equal).toBe(false);
    expect(result.added).toEqual({ pages: 1, runs: [{ pfn: 1000, count: 1 }] });
    expect(result.gone).toEqual({ pages: 2, runs: [{ pfn: 598, count: 2 }] });
    expect(result.changed).toEqual({ pages: 1, runs: [{ pfn: 5, count: 1 }] });
    expect(result.populatedPages).toEqual([600, 599]);
    expect(result.sharePercent).toBeCloseTo((100 * 4) / 601);
    const bytes = result.changedBytes ?? [];
    expect(bytes.every(({ pfn, offset }) => pfn === 5 && offset >= 100 && offset < 103)).toBe(true);
    expect(bytes.length).toBeGreaterThan(0);
  });

  it("of HVM are equal though a page's type alone differs, which is told", async () => {
    const zero = { pfn: 3, page: new Uint8Array(4096) };
    const result = await diff(
      stored("notab", [page(1), zero]),
      stored("xalloc", [page(1), { pfn: 3, type: PAGE.XALLOC }]),
    );
    expect(result.equal).toBe(true);
    expect(result.typeChanged).toEqual({ pages: 1, runs: [{ pfn: 3, count: 1 }] });
  });

  it("are compared until a signal ends it, and tell how far it is", async () => {
    const path = stored("a", BASE);
    for (const phase of ["read", "compare"]) {
      const stop = new AbortController();
      const onProgress = (progress: ReadingProgress) => {
        expect(progress.bytes).toBeLessThanOrEqual(progress.totalBytes ?? 0);
        if (progress.phase === phase) stop.abort();
      };
      const hooks = { signal: stop.signal, onProgress };
      await expect(diffFiles(platform, path, path, OPTIONS, hooks)).rejects.toThrow(/aborted/);
    }
  });

  it("are not called equal if one image would not restore", async () => {
    const bytes = joinParts(hvmStream({ batches: [BASE] }));
    const cut = join(folder, "cut");
    writeFileSync(cut, bytes.subarray(0, bytes.length - 8));
    const result = await diff(stored("whole", BASE), cut);
    expect(result.b.verdict).toBe("reject");
    expect(result.changed.pages + result.added.pages + result.gone.pages).toBe(0);
    expect(result.equal).toBe(false);
  });
});

describe("the command diff", () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, "dist/xenstream.cjs"), "diff", ...args]);

  it("ends with 0 for equal guests and with 1 for others", () => {
    const [a, b] = [stored("a", BASE), stored("b", BASE.slice(1))];
    expect(run(a, a).status).toBe(0);
    const ran = run(a, b, "--json");
    expect(ran.status).toBe(1);
    expect(JSON.parse(ran.stdout.toString())).toMatchObject({
      command: "diff",
      gone: { pages: 1 },
    });
  });
});
