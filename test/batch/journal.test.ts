/** The journal of a batch: what was added is there again, whatever was torn off behind it. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { Journal, type JournalEntry, lockPathOf } from "../../src/batch/index.js";
import { sealed } from "../../src/batch/journal-lines.js";
import type { BatchFileLine } from "../../src/findings/index.js";
import { Prng } from "../builders/prng.js";
import { folderOf, SETTINGS } from "./support.js";

const folder = folderOf("journal");
afterAll(() => folder.remove());
const { maxMemoryBytes: _any, ...settings } = SETTINGS;
const head = { tool: "1.2.3", settings };
const NEWLINE = 0x0a;
let count = 0;
const newPath = () => {
  count += 1;
  return folder.path(`journal-${count}`);
};

function entry(file: string): JournalEntry {
  const outcome: BatchFileLine = {
    v: 1,
    type: "file",
    file,
    verdict: "accept",
    profile: "restore",
    elapsedMs: 1.5,
    container: ["libxc"],
    suppressed: 0,
    findings: [],
  };
  return { file, identity: `id of ${file}`, outcome };
}

const FILES = ["a", 'b\n"ü', "c", "d"];

async function written(path: string, files: readonly string[] = FILES): Promise<string> {
  const journal = await Journal.open(path, head);
  for await (const _ of journal.entries());
  for (const file of files) journal.add(entry(file));
  await journal.close();
  return path;
}

async function filesIn(path: string): Promise<string[]> {
  const journal = await Journal.open(path, head);
  const found: string[] = [];
  for await (const { file, identity, outcome } of journal.entries()) {
    expect({ file, identity, outcome }).toEqual(entry(file));
    found.push(file);
  }
  await journal.close();
  return found;
}

/** Make a file look as if it had been left a minute ago. */
function age(path: string): void {
  const then = Date.now() / 1000 - 60;
  utimesSync(path, then, then);
}

describe("a journal", () => {
  it("gives back what was added, and what was added later", async () => {
    const path = await written(newPath());
    expect(await filesIn(path)).toEqual(FILES);
    await written(path, ["e"]);
    expect(await filesIn(path)).toEqual([...FILES, "e"]);
    expect(existsSync(lockPathOf(path))).toBe(false);
  });

  it("is lines of JSON", async () => {
    const lines = readFileSync(await written(newPath()), "utf8")
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line).type ?? JSON.parse(line).outcome.type)).toEqual([
      "journal",
      ...FILES.map(() => "file"),
    ]);
  });

  it("cut at any byte keeps all whole lines, and is gone on with behind them", async () => {
    const sound = readFileSync(await written(newPath()));
    const path = newPath();
    for (let bytes = 0; bytes < sound.length; bytes += 1) {
      // Every seventh byte will do where no line ends.
      if (bytes % 7 !== 0 && !sound.subarray(bytes - 2, bytes + 2).includes(NEWLINE)) continue;
      writeFileSync(path, sound.subarray(0, bytes));
      const lines = sound.subarray(0, bytes).toString("latin1").split("\n").length - 1;
      const whole = FILES.slice(0, Math.max(0, lines - 1));
      expect(await filesIn(path)).toEqual(whole);
      if (bytes % 5 !== 0) continue;
      await written(path, ["more"]);
      expect(await filesIn(path)).toEqual([...whole, "more"]);
    }
  });

  it("believes no line that was changed, and all others", async () => {
    const path = await written(newPath());
    const sound = readFileSync(path);
    const prng = new Prng(11);
    const headBytes = sound.indexOf("\n") + 1;
    for (let trial = 0; trial < 100; trial += 1) {
      const bytes = Buffer.from(sound);
      const at = headBytes + prng.below(bytes.length - headBytes);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
      writeFileSync(path, bytes);
      const found = await filesIn(path);
      expect(FILES).toEqual(expect.arrayContaining(found));
      expect(found.length).toBeGreaterThanOrEqual(FILES.length - 2);
      expect(found.length).toBeLessThan(FILES.length);
    }
  });

  it("is refused with what differs if it was made with other settings or another version", async () => {
    const path = await written(newPath());
    const other = { tool: head.tool, settings: { ...settings, profile: "strict" as const } };
    await expect(Journal.open(path, other)).rejects.toThrow(/profile restore, not strict/);
    await expect(Journal.open(path, { ...head, tool: "2" })).rejects.toThrow(/xenstream 1.2.3/);
    await expect(Journal.open(path, other)).rejects.toMatchObject({ code: "usage", exitCode: 2 });
    expect(await filesIn(path)).toEqual(FILES);
  });

  it("is refused if it is a journal of a later kind", async () => {
    const path = newPath();
    writeFileSync(path, sealed({ v: 2, type: "journal", ...head }));
    await expect(Journal.open(path, head)).rejects.toThrow("version 2 of journals");
  });

  it("has its lines whole, however they lie over the parts that it is read in", async () => {
    const files = ["long", "longer", "last"].map((name, i) => name.repeat((i + 1) * 100_000));
    expect(await filesIn(await written(newPath(), files))).toEqual(files);
  });

  it("is refused, and left as it is, if it is something else", async () => {
    const path = newPath();
    for (const text of ["not a journal", "not a journal\n", "{}\n", "\0\0\0\0"]) {
      writeFileSync(path, text);
      await expect(Journal.open(path, head)).rejects.toThrow(/is no journal/);
      expect(readFileSync(path, "utf8")).toBe(text);
    }
    await expect(Journal.open(folder.root, head)).rejects.toMatchObject({ code: "journal" });
  });

  it("is written to within 100 ms and a little", async () => {
    const path = newPath();
    const journal = await Journal.open(path, head);
    for await (const _ of journal.entries());
    journal.add(entry("a"));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(readFileSync(path, "utf8")).toContain("id of a");
    await journal.close();
  });
});

describe("the lock of a journal", () => {
  it("keeps a second run away, and goes with the first", async () => {
    const path = await written(newPath());
    const first = await Journal.open(path, head);
    await expect(Journal.open(path, head)).rejects.toThrow(`in use by process ${process.pid}`);
    await first.close();
    expect(await filesIn(path)).toEqual(FILES);
  });

  it("of a process that is gone is taken over at once", async () => {
    const path = await written(newPath());
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const host = hostname();
    writeFileSync(lockPathOf(path), JSON.stringify({ pid, host, begun: "" }));
    expect(await filesIn(path)).toEqual(FILES);
    // The number is another process's by now.
    writeFileSync(lockPathOf(path), JSON.stringify({ pid: process.pid, host, begun: "then" }));
    expect(await filesIn(path)).toEqual(FILES);
  });

  it("of another host holds, for nobody can look there", async () => {
    const path = await written(newPath());
    writeFileSync(lockPathOf(path), JSON.stringify({ pid: 1, host: "elsewhere", begun: "" }));
    await expect(Journal.open(path, head)).rejects.toThrow(/process 1 on elsewhere/);
  });

  it("that was torn is taken over once it is old", async () => {
    const path = await written(newPath());
    for (const torn of ["", "{"]) {
      writeFileSync(lockPathOf(path), torn);
      age(lockPathOf(path));
      expect(await filesIn(path)).toEqual(FILES);
    }
  });

  it("that was torn just now is waited for, not refused", async () => {
    const path = await written(newPath());
    writeFileSync(lockPathOf(path), "");
    expect(await filesIn(path)).toEqual(FILES);
  });

  it("is taken over from one that was killed while it took it over", async () => {
    const path = await written(newPath());
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const gone = JSON.stringify({ pid, host: hostname(), begun: "" });
    for (const turn of ["", gone]) {
      writeFileSync(lockPathOf(path), gone);
      writeFileSync(`${lockPathOf(path)}.stale`, turn);
      if (turn !== "") age(`${lockPathOf(path)}.stale`);
      expect(await filesIn(path)).toEqual(FILES);
      expect(existsSync(`${lockPathOf(path)}.stale`)).toBe(false);
    }
  });

  it("leaves no turn behind that one was killed in", async () => {
    const path = await written(newPath());
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const gone = JSON.stringify({ pid, host: hostname(), begun: "" });
    writeFileSync(`${lockPathOf(path)}.stale`, gone);
    expect(await filesIn(path)).toEqual(FILES);
    expect(existsSync(`${lockPathOf(path)}.stale`)).toBe(false);
  });

  it.runIf(process.platform === "linux")(
    "of a process that is over is free, though its parent has not asked for it yet",
    async () => {
      const path = await written(newPath());
      // What the shell becomes asks for no child: the first one stays a zombie.
      const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"]);
      try {
        const [line] = (await once(parent.stdout, "data")) as [Buffer];
        const pid = Number(line.toString());
        const state = () => readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.[0];
        while (state() !== "Z") await new Promise((resolve) => setTimeout(resolve, 10));
        const owner = { pid, host: hostname(), begun: "" };
        writeFileSync(lockPathOf(path), JSON.stringify(owner));
        expect(await filesIn(path)).toEqual(FILES);
      } finally {
        parent.kill("SIGKILL");
      }
    },
  );
});
