/** The command `batch`: many images, in any order and by any number of workers, to one result. */
import { mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { leftovers, timeless } from "../batch/support.js";
import { imageFolder } from "./batch-images.js";
import { shell, withoutSequences, xenstream } from "./run.js";

const folder = imageFolder();
afterAll(() => folder.remove());
const good = folder.path("images/good/hvm-tiny.xcs");

interface Line {
  readonly type: string;
  readonly file?: string;
  readonly verdict?: string;
  readonly [field: string]: unknown;
}

function linesOf(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => timeless(JSON.parse(line) as Line) as Line);
}

function batch(...args: readonly string[]) {
  const { code, stdout, stderr } = xenstream(["batch", ...args, "--json"]);
  const lines = stdout === "" ? [] : linesOf(stdout);
  const files = lines.filter(({ type }) => type === "file");
  return { code, stderr, lines, files, byName: byName(files) };
}

function byName(lines: readonly Line[]): Line[] {
  return [...lines].sort((a, b) => ((a.file ?? "") < (b.file ?? "") ? -1 : 1));
}

describe("a batch of mixed images", () => {
  it("says of each what verify says of it, whatever the number of workers", () => {
    expect(folder.paths.length).toBeGreaterThan(100);
    const single = xenstream(["verify", "--json", ...folder.paths]);
    const { files } = JSON.parse(single.stdout) as { files: Line[] };
    const expected = byName(files.map((file) => timeless(file) as Line));
    const one = batch("verify", folder.images, "--jobs", "1");
    expect(one.code).toBe(1);
    expect(one.byName).toEqual(expected.map((file) => ({ ...file, v: 1, type: "file" })));
    const three = batch("verify", folder.images, "--jobs", "3");
    expect(three.byName).toEqual(one.byName);
    expect(three.lines.at(-1)).toEqual(one.lines.at(-1));
    expect(three.lines[0]).toMatchObject({ type: "begin", files: files.length });
  });

  it("says of each what restore says of it", () => {
    const paths = folder.paths.slice(0, 6);
    const run = batch("restore", "--digest", "xxh3", ...paths);
    expect(run.files.length).toBe(paths.length);
    for (const { v: _v, type: _type, ...result } of run.files) {
      const single = xenstream(["restore", "--json", "--digest", "xxh3", String(result.file)]);
      const document = JSON.parse(single.stdout) as { files: Line[] };
      expect(result).toEqual(timeless(document.files[0] as Line));
    }
  });

  it("begins with the largest, and shows the worst first", () => {
    const run = batch("verify", folder.images, "--jobs", "1");
    const sizes = run.files.map(({ file }) => readFileSync(String(file)).length);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    const text = xenstream(["batch", "verify", folder.images, folder.path("none")]).stdout;
    expect(text.split("\n")[0]).toBe(`FAILED  ${folder.path("none")}`);
    expect(text).toMatch(/and \d+ more \(--verbose names them, --json has all\)/);
    expect(text).toMatch(/\d+ images: \d+ accepted, \d+ rejected, 1 failed\n.* in .*\/s\n$/);
    const reversed = [folder.path("none"), ...[...folder.paths].reverse()];
    const other = xenstream(["batch", "verify", "--jobs", "4", ...reversed]).stdout;
    expect(other.split("\n")[0]).toBe(text.split("\n")[0]);
  });
});

describe("the exit code of a batch", () => {
  const cut = folder.path("images/mutated");
  it.each([
    ["0 if all are accepted", ["verify", good], 0],
    ["1 if one is rejected", ["verify", good, cut], 1],
    ["2 if one cannot be read", ["verify", cut, folder.path("none")], 2],
    ["2 if none is named", ["verify"], 2],
    ["2 for an empty folder", ["verify", folder.path("empty")], 2],
    ["2 for a pattern that nothing matches", ["verify", `${folder.root}/*.none`], 2],
    ["2 for an empty list", ["verify", "--files-from", "/dev/null"], 2],
    ["2 for standard input", ["verify", "-"], 2],
    ["2 for an option of the other operation", ["verify", good, "--digest", "xxh3"], 2],
    ["2 for another operation", ["extract", good], 2],
  ] as const)("is %s", (_, args, code) => {
    mkdirSync(folder.path("empty"), { recursive: true });
    expect(xenstream(["batch", ...args]).code).toBe(code);
  });

  it("comes with the errors alone under --quiet", () => {
    const run = xenstream(["batch", "verify", "--quiet", good, cut, folder.path("none")]);
    expect(run.code).toBe(2);
    expect(run.stdout).toBe("");
    const { length } = run.stderr.trimEnd().split("\n");
    expect(length).toBe(1);
    expect(run.stderr).toContain("none: no such file (ENOENT)");
  });
});

describe("names of images", () => {
  it("may come as a list from standard input, beside others", () => {
    const again = folder.path("again");
    symlinkSync(good, again);
    const list = `${good}\n${again}\n${folder.path("images/good/hvm-mixed.xcs")}\n`;
    const run = xenstream(["batch", "verify", "--json", "--files-from", "-"], {
      input: Buffer.from(list),
    });
    expect(linesOf(run.stdout).filter(({ type }) => type === "file")).toHaveLength(2);
  });

  it("that would steer a terminal are shown as escapes", () => {
    const odd = folder.write("odd/a\u001b[31m\n.save", "no image");
    const { stdout } = xenstream(["batch", "verify", "--verbose", odd]);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toContain("a\\x1b[31m\\n.save");
  });
});

describe("--fail-fast", () => {
  it("stops at the first image that is not accepted", () => {
    const paths = folder.paths.filter((path) => path.includes("/mutated/"));
    const run = batch("verify", "--fail-fast", "--jobs", "1", good, ...paths);
    expect(run.code).toBe(1);
    expect(run.files.filter(({ verdict }) => verdict === "reject")).toHaveLength(1);
    const summary = run.lines.at(-1);
    const done = run.files.length;
    expect(summary).toMatchObject({ type: "summary", rejected: 1 });
    expect(summary).toMatchObject({ notDone: paths.length + 1 - done });
  });

  it("goes to the end if all are accepted", () => {
    const run = batch("verify", "--fail-fast", good, folder.path("images/gz"));
    expect([run.code, run.lines.at(-1)?.notDone]).toEqual([0, undefined]);
  });
});

describe("--resume", () => {
  const journal = folder.path("resume.journal");
  const images = folder.path("some");
  const paths = ["a", "b", "c"].map((name) => join(images, `${name}.xcs`));
  mkdirSync(images);
  for (const path of paths) writeFileSync(path, readFileSync(good));

  it("takes over what was done, and does what is new or has changed", () => {
    const first = batch("verify", "--resume", journal, images);
    expect(first.lines.at(-1)).toMatchObject({ files: 3, accepted: 3 });
    const second = batch("verify", "--resume", journal, images);
    expect(second.byName).toEqual(first.byName);
    expect(second.lines.at(-1)).toMatchObject({ files: 3, accepted: 3, earlier: 3 });
    const cut = readFileSync(good).subarray(0, 5000);
    writeFileSync(paths[1] ?? "", cut);
    utimesSync(paths[2] ?? "", 1, 1);
    writeFileSync(join(images, "d.xcs"), readFileSync(good));
    const third = batch("verify", "--resume", journal, images);
    expect(third.code).toBe(1);
    expect(third.lines.at(-1)).toMatchObject({ files: 4, accepted: 3, rejected: 1, earlier: 1 });
    const fourth = batch("verify", "--resume", journal, images);
    expect(fourth.byName).toEqual(third.byName);
    expect([fourth.code, fourth.lines.at(-1)]).toMatchObject([1, { earlier: 4 }]);
    expect(leftovers(folder.root)).toEqual([]);
  });

  it("tries again what could not be read", () => {
    const missing = join(images, "later.xcs");
    expect(batch("verify", "--resume", journal, missing).code).toBe(2);
    writeFileSync(missing, readFileSync(good));
    expect(batch("verify", "--resume", journal, missing).code).toBe(0);
  });

  it("is refused with other options, and says which", () => {
    const run = batch("verify", "--resume", journal, "--profile", "strict", images);
    expect([run.code, run.files]).toEqual([2, []]);
    expect(run.stderr).toMatch(/made with profile restore, not strict \(--resume: /);
  });

  it("may be given more or less memory and workers", () => {
    const run = batch("verify", "--resume", journal, "--jobs", "1", "--max-memory", "1G", images);
    expect(run.lines.at(-1)).toMatchObject({ earlier: 5 });
  });
});

describe("--manifest-dir", () => {
  it("makes manifests, and checks them from then on", () => {
    const image = folder.write("rot/vm.save", readFileSync(good));
    const args = ["verify", "--manifest-dir", folder.path("manifests"), folder.path("rot")];
    expect(batch(...args).files[0]).toMatchObject({ manifest: { state: "stream" } });
    expect(batch(...args)).toMatchObject({ code: 0, files: [{ check: { matches: true } }] });
    const bytes = readFileSync(image);
    bytes[40_000] = (bytes[40_000] ?? 0) ^ 1;
    writeFileSync(image, bytes);
    const rotten = batch(...args);
    expect(rotten.code).toBe(1);
    expect(rotten.files[0]).toMatchObject({ verdict: "accept", check: { rottenPages: 1 } });
    expect(rotten.lines.at(-1)).toMatchObject({ accepted: 1, mismatched: 1 });
    const text = xenstream(["batch", ...args]).stdout;
    expect(text).toContain(`ROT  ${image}\n  not as its manifest says: 1 page rotten\n`);
  });
});

describe("report files of a batch", () => {
  const some = folder.paths.filter((_, index) => index % 5 === 0);
  const args = (jobs: string) => {
    const names = { junit: folder.path("report.xml"), sarif: folder.path("report.sarif") };
    const files = ["--junit", names.junit, "--sarif", names.sarif];
    xenstream(["batch", "verify", "--quiet", "--jobs", jobs, ...files, ...some]);
    // Times aside.
    const text = Object.values(names).map((path) => readFileSync(path, "utf8"));
    return text
      .join("\n")
      .replaceAll(/time(stamp)?="[^"]*"|"\w+TimeUtc": *"[^"]*"|"elapsedMs":[\d.]+/g, "");
  };

  it("are in input order, and the same for one worker and for three", () => {
    const one = args("1");
    expect(args("3")).toBe(one);
    const places = some.map((path) => one.indexOf(path.slice(path.lastIndexOf("/") + 1)));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it("cover what an earlier run did", () => {
    const report = folder.path("resumed.xml");
    const options = ["--resume", folder.path("report.journal"), "--junit", report];
    const counted = [1, 2].map(() => {
      xenstream(["batch", "verify", "--quiet", ...options, ...some]);
      return /tests="(\d+)"/.exec(readFileSync(report, "utf8"))?.[1];
    });
    expect(counted).toEqual([String(some.length), String(some.length)]);
  });

  it("may stand among the images, but not replace one", () => {
    const image = folder.write("among/vm.save", readFileSync(good));
    const report = folder.path("among/report.html");
    for (let time = 0; time < 2; time += 1) {
      const run = batch("verify", folder.path("among"), "--html", report);
      expect([run.code, run.files.length]).toEqual([0, 1]);
    }
    expect(xenstream(["batch", "verify", folder.path("among"), "--html", image]).code).toBe(2);
    expect(readFileSync(image).equals(readFileSync(good))).toBe(true);
  });

  it("may take standard output, and tell of rot", () => {
    const dir = folder.path("manifests-of-reports");
    const image = folder.write("rot/again.save", readFileSync(good));
    const args = ["batch", "verify", "--manifest-dir", dir, image, "--junit", "-"];
    expect(xenstream(args).stdout).toMatch(/^<\?xml/);
    const bytes = readFileSync(image);
    bytes[40_000] = (bytes[40_000] ?? 0) ^ 1;
    writeFileSync(image, bytes);
    const { code, stdout } = xenstream(args);
    expect([code, stdout.includes("not as its manifest says: 1 page rotten")]).toEqual([1, true]);
  });
});

describe("a batch at work", () => {
  it("says nothing of its progress where nobody looks and it is short", () => {
    expect(xenstream(["batch", "verify", good]).stderr).toBe("");
  });

  it("ends quietly if the reader of its lines goes", () => {
    const { code, stdout, stderr } = shell(
      `$X batch verify --json ${folder.images} | head -n 1 | wc -l; echo \${PIPESTATUS[0]}`,
    );
    expect([code, withoutSequences(stderr)]).toEqual([0, ""]);
    expect(stdout).toBe("1\n1\n");
  });
});
