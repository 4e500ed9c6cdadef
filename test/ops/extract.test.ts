/** Memory files: what is read back from them is the guest's memory, and a debugger opens them. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { driveSync } from "../../src/input/index.js";
import {
  type ExtractOptions,
  extractFile,
  Platform,
  READING_DEFAULTS,
  type ReadingHooks,
  wasmBytes,
} from "../../src/ops/index.js";
import { patternPage, poke, u32le, u64le } from "../builders/bytes.js";
import { contextRecord, hvmContextBlob, hvmStream } from "../builders/hvm.js";
import { PAGE, REC, vcpuRecord } from "../builders/libxc.js";
import { join as joinParts } from "../builders/parts.js";
import { basicBlob, pvStream, simplePlan } from "../builders/pv.js";
import { GOOD } from "../fixtures/load.js";
import { ROOT, runBytes } from "../harness.js";

const FIXTURES = join(ROOT, "test/fixtures");

const folder = mkdtempSync(join(tmpdir(), "xenstream-extract-"));
afterAll(() => rmSync(folder, { recursive: true }));

const platform = new Platform({ wasmBytes });
const PAGE_BYTES = 4096;

function extract(
  path: string,
  given: Partial<ExtractOptions>,
  out = "memory",
  hooks: ReadingHooks = {},
) {
  const options = {
    ...READING_DEFAULTS,
    engine: "wasm",
    limits: DEFAULT_LIMITS,
    vcpus: 2,
    format: "raw",
    state: "restored",
    pfns: null,
    ...given,
  } as const;
  return extractFile(platform, path, join(folder, out), options, hooks);
}

function stored(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** Address of a page to its contents, from each kind of file. */
type Pages = Map<number, Uint8Array>;

function pagesOfLime(file: Uint8Array): Pages {
  const pages: Pages = new Map();
  const view = new DataView(file.buffer, file.byteOffset);
  for (let at = 0; at < file.length; ) {
    expect(view.getUint32(at, true)).toBe(0x4c694d45);
    const start = Number(view.getBigUint64(at + 8, true));
    const last = Number(view.getBigUint64(at + 16, true));
    at += 32;
    for (let address = start; address < last; address += PAGE_BYTES, at += PAGE_BYTES) {
      pages.set(address / PAGE_BYTES, file.subarray(at, at + PAGE_BYTES));
    }
  }
  return pages;
}

function pagesOfElf(file: Uint8Array): Pages {
  const pages: Pages = new Map();
  const view = new DataView(file.buffer, file.byteOffset);
  const wide = file[4] === 2;
  const word = (at: number) =>
    wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true);
  const [first, size] = [word(wide ? 32 : 28), wide ? 56 : 32];
  const count = view.getUint16(wide ? 56 : 44, true);
  for (let i = 0; i < count; i += 1) {
    const at = first + i * size;
    if (view.getUint32(at, true) !== 1) continue;
    const [offset, address] = [word(at + (wide ? 8 : 4)), word(at + (wide ? 24 : 12))];
    const bytes = word(at + (wide ? 32 : 16));
    for (let done = 0; done < bytes; done += PAGE_BYTES) {
      const page = file.subarray(offset + done, offset + done + PAGE_BYTES);
      pages.set((address + done) / PAGE_BYTES, page);
    }
  }
  return pages;
}

function digestOf(pfns: Iterable<number>, page: (pfn: number) => Uint8Array): string {
  const hash = createHash("sha256");
  const word = new DataView(new ArrayBuffer(8));
  for (const pfn of pfns) {
    word.setBigUint64(0, BigInt(pfn), true);
    hash.update(new Uint8Array(word.buffer)).update(page(pfn));
  }
  return hash.digest("hex");
}

const images = [...GOOD].filter(([, { restoredMemory }]) => restoredMemory !== undefined);

describe("extracted memory", () => {
  it.each(images)("of %s reads back to the same digests", async (name, facts) => {
    const path = join(FIXTURES, name);
    const checkpointed = facts.checkpointed !== undefined;
    for (const state of ["stream", "restored"] as const) {
      const expected = state === "stream" ? facts.streamMemory : facts.restoredMemory;
      const pfns: number[] = [];
      for (const format of ["lime", "elf", "raw"] as const) {
        const { output } = await extract(path, { format, state, checkpointed });
        expect(output?.pages).toBe(facts.restoredMemory?.nrPages);
        const file = readFileSync(join(folder, "memory"));
        expect(file.length).toBe(output?.bytes);
        if (format === "raw") {
          const page = (pfn: number) => file.subarray(pfn * PAGE_BYTES, (pfn + 1) * PAGE_BYTES);
          expect(digestOf(pfns, page)).toBe(expected?.sha256);
          continue;
        }
        const pages = format === "lime" ? pagesOfLime(file) : pagesOfElf(file);
        if (format === "lime") pfns.push(...pages.keys());
        const page = (pfn: number) => pages.get(pfn) ?? new Uint8Array();
        expect(digestOf(pages.keys(), page)).toBe(expected?.sha256);
      }
    }
  });

  it("of a range begins at its first pfn, holes as zeros", async () => {
    const batches = [[4, 6].map((pfn) => ({ pfn, page: patternPage(pfn) }))];
    const path = stored("range", joinParts(hvmStream({ batches })));
    const { output } = await extract(path, { pfns: { first: 4, last: 7 } });
    expect(output).toMatchObject({ pages: 2, bytes: 4 * PAGE_BYTES });
    const file = readFileSync(join(folder, "memory"));
    expect(file.subarray(0, PAGE_BYTES)).toEqual(Buffer.from(patternPage(4)));
    expect(file.subarray(PAGE_BYTES, 2 * PAGE_BYTES).every((byte) => byte === 0)).toBe(true);
    await expect(extract(path, { pfns: { first: 5, last: 5 } })).rejects.toThrow(/no page/);
  });

  it("is not written for an image that would not restore, and leaves no other file", async () => {
    const bytes = joinParts(hvmStream({ batches: [[{ pfn: 1, page: patternPage(1) }]] }));
    const path = stored("cut", bytes.subarray(0, bytes.length - 20));
    const result = await extract(path, {}, "of-cut");
    expect(result.verdict).toBe("reject");
    expect(result.output).toBeUndefined();
    expect(readdirSync(folder).filter((name) => /of-cut|part/.test(name))).toEqual([]);
  });

  it("leaves no file when it is interrupted", async () => {
    const batches = [Array.from({ length: 600 }, (_, pfn) => ({ pfn, page: patternPage(pfn) }))];
    const path = stored("whole", joinParts(hvmStream({ batches })));
    for (const phase of ["read", "write"] as const) {
      const stop = new AbortController();
      const seen = new Set<string>();
      const hooks: ReadingHooks = {
        signal: stop.signal,
        onProgress: (progress) => {
          seen.add(progress.phase);
          if (progress.phase === phase) stop.abort();
        },
      };
      await expect(extract(path, {}, "never", hooks)).rejects.toThrow(/aborted/);
      expect(seen).toContain(phase);
      expect(readdirSync(folder).filter((name) => /never|part/.test(name))).toEqual([]);
    }
  });

  it("tells how far it is, to the end", async () => {
    const batches = [Array.from({ length: 600 }, (_, pfn) => ({ pfn, page: patternPage(pfn) }))];
    const path = stored("whole", joinParts(hvmStream({ batches })));
    const told: number[] = [];
    await extract(path, {}, "told", {
      onProgress: ({ phase, bytes, totalBytes }) => {
        if (phase !== "write") return;
        told.push(bytes);
        expect(totalBytes).toBe(600 * PAGE_BYTES);
      },
    });
    expect(told.length).toBeGreaterThan(1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });
});

/** A CPU record of 1032 bytes in long mode, with registers that a test can tell. */
function cpuRecord(vcpu: number): Uint8Array {
  const body = new Uint8Array(1032);
  const view = new DataView(body.buffer);
  view.setBigUint64(0x200, 0x1111n + BigInt(vcpu), true); // rax
  view.setBigUint64(0x238, 0xffff_8000_0000_2000n, true); // rsp
  view.setBigUint64(0x280, 0xffff_8000_1234_5678n + BigInt(vcpu), true); // rip
  view.setBigUint64(0x290, 0x8000_0011n, true); // cr0: PG, ET, PE
  view.setUint32(0x2e0, 0x10, true); // cs
  view.setBigUint64(0x348, 0xffff_8880_0000_0000n, true); // gs_base
  view.setBigUint64(0x3e0, 0xd00n, true); // efer
  return contextRecord(2, vcpu, body);
}

const GDB = spawnSync("gdb", ["--version"]).status === 0;

function gdb(core: string, ...commands: readonly string[]): string {
  const args = ["--batch", "-nx", ...commands.flatMap((command) => ["-ex", command]), "-c", core];
  return execFileSync("gdb", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

describe(GDB ? "gdb" : "gdb (SKIPPED: it is not installed)", () => {
  it.runIf(GDB)("shows the registers of each HVM vcpu, and pages by their address", async () => {
    const context = hvmContextBlob(cpuRecord(0), cpuRecord(1));
    const batches = [
      [
        { pfn: 0x123, page: patternPage(7) },
        { pfn: 0x200, type: PAGE.XALLOC },
      ],
    ];
    const path = stored("hvm", joinParts(hvmStream({ batches, context })));
    const result = await extract(path, { format: "elf" }, "hvm.core");
    expect(result.verdict).toBe("accept");
    const commands = ["x/4xb 0x123ff0", "info registers rip rax cs gs_base", "thread 2"];
    const text = gdb(join(folder, "hvm.core"), ...commands, "info registers rip rax");
    const bytes = [...patternPage(7).subarray(0xff0, 0xff4)];
    const shown = bytes.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join("\t");
    expect(text).toContain(`0x123ff0:\t${shown}`);
    for (const value of [0, 1]) {
      expect(text).toMatch(new RegExp(`rip +0xffff80001234567${8 + value}`));
      expect(text).toMatch(new RegExp(`rax +0x111${1 + value}`));
    }
    expect(text).toMatch(/cs +0x10/);
    expect(text).toMatch(/gs_base +0xffff888000000000/);
  });

  it.runIf(GDB).each([8, 4] as const)(
    "shows the registers of each PV vcpu of width %i, and a page",
    async (width) => {
      const plan = simplePlan(width);
      const basic = (id: number) => {
        const blob = basicBlob(plan);
        expect(blob.length).toBe(width === 8 ? 0x1430 : 0xaf0);
        // The instruction and stack pointers of the saved guest.
        const [ip, sp] = width === 8 ? [0x288, 0x2a0] : [0x224, 0x230];
        const word = width === 8 ? u64le : u32le;
        const registers = poke(blob, ip, ...word(0x1000_2000 + id));
        return poke(registers, sp, ...word(0x1000_8000 + id));
      };
      const parts = pvStream(plan, { vcpus: 2, batches: [[{ pfn: 13, page: patternPage(13) }]] });
      const bytes = joinParts(
        parts.map((part) => {
          if (part.type !== REC.X86_PV_VCPU_BASIC) return part;
          const id = new DataView(part.bytes.buffer, part.bytes.byteOffset).getUint32(8, true);
          return vcpuRecord(REC.X86_PV_VCPU_BASIC, id, basic(id));
        }),
      );
      const result = await extract(stored("pv", bytes), { format: "elf" }, "pv.core");
      expect(result.verdict).toBe("accept");
      const r = width === 8 ? "r" : "e";
      const shown = `info registers ${r}dx ${r}ip ${r}sp`;
      const text = gdb(join(folder, "pv.core"), shown, "x/4xb 0xd123", "thread 2", shown);
      const [first = "", second = ""] = text.split(/^\[Switching to thread 2/m);
      for (const [id, told] of [first, second].entries()) {
        expect(told).toMatch(new RegExp(`${r}ip +0x1000200${id} `));
        expect(told).toMatch(new RegExp(`${r}sp +0x1000800${id} `));
      }
      expect(first).toMatch(new RegExp(`${r}dx +0x${plan.startInfo.toString(16)} `));
      const page = [...patternPage(13).subarray(0x123, 0x127)];
      const dump = page.map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join("\t");
      expect(first).toContain(`0xd123:\t${dump}`);
    },
  );
});

describe("the command extract", () => {
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(ROOT, "dist/xenstream.cjs"), "extract", ...args]);

  it("writes one page to standard output", () => {
    const ran = run(join(FIXTURES, "hvm-tiny.xcs"), "--pfn", "3");
    expect(ran.status).toBe(0);
    const { image, source } = runBytes(readFileSync(join(FIXTURES, "hvm-tiny.xcs")));
    const { guest } = image.restorer;
    if (guest === null) throw new Error("no guest in this image");
    const page = driveSync(guest.readPage(3, "restored"), source);
    expect(ran.stdout).toEqual(Buffer.from(page));
  });

  it("asks for an output, and says what it wrote", () => {
    expect(run(join(FIXTURES, "hvm-tiny.xcs")).status).toBe(2);
    const out = join(folder, "cli.raw");
    const ran = run(join(FIXTURES, "hvm-tiny.xcs"), "-o", out, "--json");
    expect(ran.status).toBe(0);
    const document = JSON.parse(ran.stdout.toString());
    expect(document).toMatchObject({ command: "extract", files: [{ output: { path: out } }] });
  });
});
