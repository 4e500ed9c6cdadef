/**
 * A journal whose file fails: what is told, and that what was in it is there for the next run. The
 * calls of the system fail here as a full disk, a worn one and a read-only one let them fail.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { Journal, lockPathOf } from "../../src/batch/index.js";
import { folderOf, SETTINGS } from "./support.js";

type Call = "open" | "write" | "datasync" | "truncate" | "read" | "close";
const faults = vi.hoisted(() => ({
  /** Calls of this kind fail after so many that do not. */
  call: null as Call | null,
  after: 0,
  code: "",
  /** Bytes of the failing write that are written all the same. */
  torn: 0,
}));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const due = (call: Call) => {
    if (faults.call !== call) return false;
    faults.after -= 1;
    return faults.after < 0;
  };
  const failing = () => Object.assign(new Error(`${faults.code}: it fails`), { code: faults.code });
  return {
    ...real,
    async open(path: string, flags: string) {
      if (due("open")) throw failing();
      const handle = await real.open(path, flags);
      return new Proxy(handle, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          return async (...args: unknown[]) => {
            if (!due(name as Call)) return await value.apply(target, args);
            if (name === "close") await target.close();
            const [bytes, from, , at] = args as [Buffer, number, number, number];
            if (name === "write") await target.write(bytes, from, faults.torn, at);
            throw failing();
          };
        },
      });
    },
  };
});

const folder = folderOf("journal-failures");
const head = { tool: "1.2.3", settings: SETTINGS };
let count = 0;

afterEach(() => {
  faults.call = null;
});
afterAll(() => folder.remove());

function fail(call: Call, code: string, { after = 0, torn = 0 } = {}): void {
  Object.assign(faults, { call, code, after, torn });
}

function newPath(): string {
  count += 1;
  return folder.path(`journal-${count}`);
}

function entry(file: string) {
  const outcome = {
    ...({ v: 1, type: "file", file, verdict: "accept", profile: "restore" } as const),
    ...{ elapsedMs: 1.5, container: ["libxc"] as const, suppressed: 0, findings: [] },
  };
  return { file, identity: `id of ${file}`, outcome };
}

async function readyJournal(path: string): Promise<{ journal: Journal; files: string[] }> {
  const journal = await Journal.open(path, head);
  const files: string[] = [];
  for await (const { file } of journal.entries()) files.push(file);
  return { journal, files };
}

/** Add one after the other, each written before the next. */
async function add(journal: Journal, ...files: readonly string[]): Promise<void> {
  for (const file of files) {
    journal.add(entry(file));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function filesOf(path: string): Promise<string[]> {
  faults.call = null;
  const { journal, files } = await readyJournal(path);
  await journal.close();
  return files;
}

describe("a journal on a disk that is full", () => {
  it.each(["ENOSPC", "EDQUOT", "EFBIG"])("says with %s to make room", async (code) => {
    const path = newPath();
    const { journal } = await readyJournal(path);
    await add(journal, "a", "b");
    fail("write", code, { torn: 20 });
    await add(journal, "c");
    expect(() => journal.add(entry("d"))).toThrow(/make room, then the same command goes on/);
    await expect(journal.close()).rejects.toMatchObject({ code: "journal", source: path });
    expect(existsSync(lockPathOf(path))).toBe(false);
    // The line that was torn is cut off, and what follows stands where it began.
    expect(readFileSync(path, "utf8")).not.toMatch(/\n$/);
    expect(await filesOf(path)).toEqual(["a", "b"]);
    const { journal: next } = await readyJournal(path);
    await add(next, "c", "d");
    await next.close();
    expect(await filesOf(path)).toEqual(["a", "b", "c", "d"]);
  });

  it("is none yet if not even its first line fits", async () => {
    const path = newPath();
    fail("write", "ENOSPC", { torn: 5 });
    await expect(Journal.open(path, head)).rejects.toMatchObject({ code: "journal" });
    expect(existsSync(lockPathOf(path))).toBe(false);
    expect(await filesOf(path)).toEqual([]);
  });
});

describe("a journal whose disk fails", () => {
  it("takes nothing more once it could not be synced", async () => {
    const path = newPath();
    const { journal } = await readyJournal(path);
    fail("datasync", "EIO");
    await add(journal, "a");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(() => journal.add(entry("b"))).toThrow(/EIO/);
    await expect(journal.close()).rejects.toMatchObject({ code: "journal", exitCode: 2 });
    expect(await filesOf(path)).toEqual(["a"]);
  });

  it.each([
    ["synced at the end", "datasync"],
    ["closed", "close"],
  ] as const)("says so when it cannot be %s, and gives up its lock", async (_, call) => {
    const path = newPath();
    const { journal } = await readyJournal(path);
    await add(journal, "a");
    fail(call, "EIO");
    await expect(journal.close()).rejects.toMatchObject({ code: "journal", source: path });
    expect(existsSync(lockPathOf(path))).toBe(false);
    expect(await filesOf(path)).toEqual(["a"]);
  });

  it.each([
    ["read", "read"],
    ["cut behind its last whole line", "truncate"],
  ] as const)("says so when it cannot be %s", async (_, call) => {
    const path = newPath();
    const { journal } = await readyJournal(path);
    await add(journal, "a");
    await journal.close();
    const opened = await Journal.open(path, head);
    fail(call, "EIO");
    const all = async () => {
      for await (const _entry of opened.entries());
    };
    await expect(all()).rejects.toMatchObject({ code: "journal", source: path });
    await opened.close();
    expect(await filesOf(path)).toEqual(["a"]);
  });
});

describe("a journal where nothing may be written", () => {
  it.each(["EROFS", "EACCES"])("says with %s where to put it", async (code) => {
    const path = newPath();
    fail("open", code);
    await expect(Journal.open(path, head)).rejects.toThrow(
      /name one in a folder that is there and may be written to/,
    );
    expect(existsSync(lockPathOf(path))).toBe(false);
  });

  it("says so of a folder that is not there, or is none", async () => {
    for (const path of [folder.path("none/journal"), join(folder.write("file", ""), "journal")]) {
      await expect(Journal.open(path, head)).rejects.toMatchObject({ code: "journal" });
    }
  });
});
