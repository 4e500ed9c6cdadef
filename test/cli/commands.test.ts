/** The bundled command without a terminal: exit codes, documents, pipes, and odd inputs. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { smallImage, temporaryFolder } from "./image.js";
import { COMMAND, PARTS, ROOT, shell, widest, xenstream } from "./run.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const good = folder.write("good.xcs", smallImage());
const bad = folder.write("bad.xcs", smallImage({ entries: { 3: 0x7000_0000_0000_0003n } }));
const empty = folder.write("empty", new Uint8Array(0));
const missing = folder.path("missing");
const ESCAPE = "\u001b";

describe("exit codes", () => {
  it.each([
    ["0 for a good image", ["verify", good], 0],
    ["1 for a broken one", ["verify", bad], 1],
    ["1 for an empty file", ["verify", empty], 1],
    ["2 for a file that is not there", ["verify", missing], 2],
    ["2 for a directory", ["verify", folder.path(".")], 2],
    ["2 without a file", ["verify"], 2],
    ["2 without a command", [], 2],
    ["2 for an option that there is not", ["verify", "--frob", good], 2],
    ["the highest of several files", ["verify", good, bad, missing, good], 2],
    ["1 for the inspection of a broken image", ["inspect", bad], 1],
    ["0 for the inspection of a good one", ["inspect", good], 0],
    ["1 for the restore of a broken image", ["restore", bad], 1],
    ["0 for the restore of a good one", ["restore", good], 0],
    [
      "2 for a new generation id in a section",
      ["extract", good, "--section", "config", "--genid", "new"],
      2,
    ],
    ["0 for help", ["--help"], 0],
    ["0 for the version", ["--version"], 0],
  ] as const)("%s", (_, args, code) => {
    expect(xenstream(args).code).toBe(code);
  });

  it("are 2 with a line of reason where the input cannot be read", () => {
    const { stdout, stderr } = xenstream(["verify", missing]);
    expect(stdout).toBe("");
    expect(stderr).toBe(`xenstream: ${missing}: no such file (ENOENT)\n`);
  });

  it("come with a line that has no control character, DEL and those behind it included", () => {
    const { stderr } = xenstream(["verify", folder.path("a\u007f\u009b31mb")]);
    expect(stderr).toMatch(/a\\x7f\\x9b31mb: no such file \(ENOENT\)\n$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it("come with the option that raises a limit, named once", () => {
    // A zstd frame whose window is of 2 GiB.
    const wide = folder.write(
      "wide.zst",
      Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0),
    );
    const { code, stderr } = xenstream(["verify", wide]);
    expect(code).toBe(2);
    expect(stderr.split("--max-window")).toHaveLength(2);
  });

  it("are the shell's for a signal, 130 and 143, at once and in the middle of reading", async () => {
    const signals = ["SIGINT", "SIGTERM"] as const;
    const ends = signals.map(
      (signal) =>
        new Promise((resolve) => {
          const child = spawn(process.execPath, [COMMAND, "verify", "-"]);
          child.stdin.on("error", () => {});
          child.stdin.write(smallImage().subarray(0, 20_000));
          setTimeout(() => child.kill(signal), 700);
          child.on("close", (code, by) => resolve([code, by]));
        }),
    );
    // A process that a signal ends has no code; shells show 128 and its number.
    expect(await Promise.all(ends)).toEqual(signals.map((signal) => [null, signal]));
  });
});

describe("inputs", () => {
  it("may come from standard input", () => {
    const { code, stdout } = xenstream(["verify", "-"], { input: smallImage() });
    expect(code).toBe(0);
    expect(stdout).toContain("ACCEPT  (standard input)");
  });

  it("may come from a FIFO", () => {
    const fifo = folder.path("fifo");
    const { code, stdout } = shell(`mkfifo ${fifo}; cat ${good} > ${fifo} & $X verify ${fifo}`);
    expect(code).toBe(0);
    expect(stdout).toContain(`ACCEPT  ${fifo}`);
  });

  it("may have names that would steer a terminal; they are shown as escapes", () => {
    const name = folder.path(`a${ESCAPE}[31mb\nc`);
    mkdirSync(name);
    const { stderr } = xenstream(["verify", name]);
    expect(stderr).toContain("a\\x1b[31mb\\nc: is a directory");
    expect(stderr).not.toContain(ESCAPE);
  });
});

describe("--json", () => {
  it.each(["verify", "inspect", "restore"])("gives one document of %s", (command) => {
    for (const file of [good, bad]) {
      const { stdout, stderr } = xenstream([command, "--json", file]);
      const document = JSON.parse(stdout);
      expect(stderr).toBe("");
      expect(document).toMatchObject({ v: 1, command, tool: { name: "xenstream" } });
      const result = command === "inspect" ? document : document.files[0];
      expect(result).toMatchObject({ file, verdict: file === good ? "accept" : "reject" });
    }
  });

  it("has the files that could be read; the others are told on standard error", () => {
    const { code, stdout, stderr } = xenstream(["verify", "--json", missing, good]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout).files).toHaveLength(1);
    expect(stderr).toContain("no such file");
  });

  it("gives equal documents twice, but for elapsedMs", () => {
    const once = () => xenstream(["restore", "--json", bad]).stdout.replace(/"elapsedMs.*/, "");
    expect(once()).toBe(once());
  });

  it("puts the bytes around a fault into the finding where the input can be read again", () => {
    const found = (stdout: string) =>
      JSON.parse(stdout).files[0].findings.find(({ rule }: { rule: string }) => rule === "LC-PG-5");
    const finding = found(xenstream(["verify", "--json", bad]).stdout);
    expect(finding).toMatchObject({ rule: "LC-PG-5", byteOffset: 88 });
    expect(finding.excerpt.byteOffset).toBe(80);
    expect(finding.excerpt.hex.slice(16, 32)).toBe("0300000000000070");
    const piped = xenstream(["verify", "--json", "-"], { input: readFileSync(bad) });
    expect(found(piped.stdout)).toBeDefined();
    expect(found(piped.stdout).excerpt).toBeUndefined();
  });
});

describe("output in a pipe", () => {
  it("has no colour codes and at most 80 columns", () => {
    for (const args of [
      ["verify", bad],
      ["inspect", bad],
      ["restore", bad, "--verbose"],
    ]) {
      const { stdout, stderr } = xenstream(args);
      expect(stdout + stderr).not.toContain(ESCAPE);
      expect(widest(stdout.split("\n").filter((line) => !line.includes(bad)))).toBeLessThan(81);
    }
  });

  it("has colours if they are asked for, and NO_COLOR takes them away", () => {
    expect(xenstream(["verify", "--color", "always", bad]).stdout).toContain(ESCAPE);
    expect(xenstream(["verify", bad], { env: { FORCE_COLOR: "1" } }).stdout).toContain(ESCAPE);
    const both = { FORCE_COLOR: "1", NO_COLOR: "1" };
    expect(xenstream(["verify", bad], { env: both }).stdout).not.toContain(ESCAPE);
  });

  it("may be cut short by its reader without an error", () => {
    const many = Array.from({ length: 200 }, () => bad).join(" ");
    const line = `$X verify ${many} | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = shell(line);
    expect(stdout).toBe(`REJECT  ${bad}\n1\n`);
    expect(stderr).toBe("");
    expect(shell(`$X --help | head -1; echo "\${PIPESTATUS[0]}"`).stdout).toMatch(/\n0\n$/);
  });

  it("is nothing with --quiet but the exit code", () => {
    expect(xenstream(["verify", "--quiet", bad])).toEqual({ code: 1, stdout: "", stderr: "" });
  });

  it("sums up several files", () => {
    const { stdout } = xenstream(["verify", good, bad, missing]);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("3 files: 1 accepted, 1 rejected, 1 not read");
  });
});

describe("--max-findings", () => {
  it("bounds what is printed, and says what is not", () => {
    const { stdout } = xenstream(["verify", "--verbose", "--max-findings", "1", bad]);
    expect(stdout).toContain("error LC-PG-5");
    expect(stdout).not.toMatch(/^(warning|note) /m);
    expect(stdout).toMatch(/more findings?: --max-findings prints more, --json all/);
  });
});

describe("the code that V8 made of the commands", () => {
  const copy = folder.write("xenstream.cjs", readFileSync(COMMAND));
  folder.write("xenstream.parts.cjs", readFileSync(PARTS));
  const verify = () =>
    spawnSync(process.execPath, [copy, "verify", "--quiet", bad], { encoding: "utf8" });

  it("may be missing", () => {
    expect(verify()).toMatchObject({ status: 1, stderr: "" });
  });

  it.each([
    ["empty", () => Buffer.alloc(0)],
    ["of another build", () => Buffer.from("v1.0.0 plan9 vax //x\ncode")],
    ["cut short", () => readFileSync(`${COMMAND}.cache`).subarray(0, 5000)],
  ])("may be %s", (_, bytes) => {
    folder.write("xenstream.cjs.cache", bytes());
    expect(verify()).toMatchObject({ status: 1, stderr: "" });
  });
});

it("knows the version of its package", () => {
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, "utf8"));
  expect(xenstream(["--version"]).stdout).toBe(`${version}\n`);
});
