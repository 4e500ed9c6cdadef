/** The report files of `verify`: where they go, what they may not replace, what they leave alone. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { parseExposition } from "../report/files/exposition.js";
import { smallImage, temporaryFolder } from "./image.js";
import { shell, xenstream } from "./run.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const good = folder.write("good.xcs", smallImage());
const bad = folder.write("bad.xcs", smallImage({ entries: { 3: 0x7000_0000_0000_0003n } }));
const missing = folder.path("missing.xcs");
const ALL = ["junit", "sarif", "html", "prometheus"] as const;
const MIB = 1024 ** 2;

const read = (path: string) => readFileSync(path, "utf8");

/** A new folder for the reports of one test. */
function placeFor(name: string): (file: string) => string {
  mkdirSync(folder.path(name));
  return (file) => folder.path(`${name}/${file}`);
}

/** A report without the times in it. */
function timeless(text: string): string {
  return text
    .replace(/ (time|timestamp)="[^"]*"/g, "")
    .replace(/"(elapsedMs|startTimeUtc|endTimeUtc)":("[^"]*"|[\d.e-]+)/g, "")
    .replace(/^(xenstream_\w+_seconds\S*) .*$/gm, "$1")
    .replace(/<td>[\d.]+ m?s<\/td>|<p class="dim">20.*<\/p>/g, "");
}

describe("report files", () => {
  it("come all at once and change neither text nor exit code", () => {
    const place = placeFor("all");
    const flags = ALL.flatMap((name) => [`--${name}`, place(name)]);
    const plain = xenstream(["verify", good, bad, missing]);
    const run = xenstream(["verify", good, bad, missing, ...flags]);
    const text = (out: string) => out.replace(/[\d.]+ ms/g, "");
    expect([run.code, text(run.stdout), run.stderr]).toEqual([2, text(plain.stdout), plain.stderr]);
    expect(read(place("junit"))).toContain('tests="3" failures="1" errors="1"');
    expect(JSON.parse(read(place("sarif")))).toMatchObject({ version: "2.1.0" });
    expect(read(place("html"))).toContain("3 images: 1 accepted, 1 rejected, 1 failed</h1>");
    expect(parseExposition(read(place("prometheus"))).get("xenstream_run_exit_code")).toMatchObject(
      { samples: [{ value: 2 }] },
    );
    expect(readdirSync(folder.path("all")).sort()).toEqual([...ALL].sort());
  });

  it("are the same once times are removed", () => {
    const texts = ["one", "two"].map((name) => {
      const place = placeFor(name);
      xenstream(["verify", bad, good, ...ALL.flatMap((flag) => [`--${flag}`, place(flag)])]);
      return ALL.map((flag) => timeless(read(place(flag))));
    });
    expect(texts[0]).toEqual(texts[1]);
  });

  it("go to standard output for a dash, and then nothing else does", () => {
    const { code, stdout } = xenstream(["verify", good, bad, "--sarif", "-"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ version: "2.1.0" });
  });

  it("stand beside the JSON document", () => {
    const place = placeFor("json");
    const { stdout } = xenstream(["verify", bad, "--json", "--junit", place("x.xml")]);
    expect(JSON.parse(stdout)).toMatchObject({ files: [{ verdict: "reject" }] });
    expect(read(place("x.xml"))).toContain('failures="1"');
  });

  it.each([
    ["the document too", ["--json", "--junit", "-"]],
    ["another report too", ["--junit", "-", "--html", "-"]],
    ["another report too, by another name", ["--junit", "./x", "--html", "x"]],
  ])("are refused where %s would go", (_what, flags) => {
    const { code, stdout, stderr } = xenstream(["verify", good, ...flags]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/would be written to twice/);
    expect(existsSync("x")).toBe(false);
  });

  it("never replace an image, whatever name it goes by", () => {
    const image = folder.write("precious.xcs", smallImage());
    const place = placeFor("names");
    symlinkSync(image, place("symbolic"));
    linkSync(image, place("hard"));
    for (const name of [
      image,
      `${folder.path(".")}/precious.xcs`,
      place("symbolic"),
      place("hard"),
    ]) {
      const { code, stdout, stderr } = xenstream(["verify", good, image, "--html", name]);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("would replace an image");
    }
    expect(readFileSync(image).equals(smallImage())).toBe(true);
  });

  it("that have no place are refused before the work", () => {
    const place = placeFor("partly");
    for (const [nowhere, reason] of [
      [place("no/such/folder.xml"), "ENOENT"],
      [folder.path("."), "it is a folder"],
      [`${bad}/x.xml`, "ENOTDIR"],
    ] as const) {
      const run = xenstream(["verify", good, "--html", place("x.html"), "--junit", nowhere]);
      expect([run.code, run.stdout]).toEqual([2, ""]);
      expect(run.stderr).toMatch(new RegExp(`^xenstream: cannot write .*: ${reason}.*\n$`));
    }
    expect(readdirSync(folder.path("partly"))).toEqual([]);
  });

  it.skipIf(!existsSync("/dev/full"))(
    "that cannot be written are told of and do not keep the others back",
    () => {
      const place = placeFor("full");
      const run = xenstream(["verify", good, "--junit", "/dev/full", "--html", place("x.html")]);
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(/^xenstream: cannot write \/dev\/full: ENOSPC.*\n$/);
      expect(read(place("x.html"))).toContain("</html>");
      expect(readdirSync(folder.path("full"))).toEqual(["x.html"]);
    },
  );

  it("never replace the journal, nor each other through a link", () => {
    const place = placeFor("journal");
    symlinkSync("x.xml", place("link"));
    writeFileSync(place("x.xml"), "");
    const twice = xenstream(["verify", good, "--junit", place("x.xml"), "--html", place("link")]);
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining("written to twice")]);
    const flags = ["--resume", place("j"), "--junit", place("j")];
    const { code, stderr } = xenstream(["batch", "verify", good, ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("would replace the journal")]);
    expect(existsSync(place("j"))).toBe(false);
  });

  it("replace an older report as a whole", () => {
    const place = placeFor("older");
    writeFileSync(place("x.prom"), "old".repeat(100_000));
    expect(xenstream(["verify", good, "--prometheus", place("x.prom")]).code).toBe(0);
    expect(parseExposition(read(place("x.prom"))).has("xenstream_run_info")).toBe(true);
  });

  it("keep their results in no file that outlives them", () => {
    const TMPDIR = folder.path("temporary");
    mkdirSync(TMPDIR);
    const { code } = xenstream(["verify", good, "--junit", "-"], { env: { TMPDIR } });
    expect(code).toBe(0);
    expect(readdirSync(TMPDIR)).toEqual([]);
  });

  it("are given up before the work where their results cannot be kept", () => {
    const env = { TMPDIR: folder.path("no/such/folder") };
    const { code, stdout, stderr } = xenstream(["verify", good, "--html", "-"], { env });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^xenstream: cannot keep results in .*ENOENT/);
  });

  it("tell of names that are not UTF-8 and of names that break lines", () => {
    const place = placeFor("odd");
    writeFileSync(Buffer.concat([Buffer.from(place("")), Buffer.from([0xff, 0xfe])]), "x");
    writeFileSync(place("a\nb\u001b]]>"), smallImage());
    const run = shell(`cd '${folder.path("odd")}' && $X verify * --junit - --quiet 2>/dev/null`);
    const names = [...run.stdout.matchAll(/<testcase name="([^"]*)"/g)].map(([, name]) => name);
    expect(names).toEqual(["a\\nb\\x1b]]&gt;", "\ufffd\ufffd"]);
  });
});

describe("--github", () => {
  const summaryIn = (name: string, text: string) => {
    const path = folder.write(name, Buffer.from(text));
    return { path, env: { GITHUB_STEP_SUMMARY: path } };
  };

  it("adds annotations to the text and a summary to the step's file", () => {
    const { path, env } = summaryIn("summary.md", "before\n");
    const { code, stdout } = xenstream(["verify", good, bad, "--github"], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ACCEPT /);
    expect(stdout.split("\n").filter((line) => line.startsWith("::"))).toHaveLength(1);
    expect(stdout).toContain(`\n::error file=${bad},title=${bad}%3A LC-PG-5::LC-PG-5 at byte `);
    expect(read(path)).toMatch(/^before\n### xenstream verify: 2 images: 1 accepted, 1 rejected\n/);
  });

  it.each([["--json"], ["--sarif", "-"]])(
    "leaves standard output to the document of %s",
    (...flags) => {
      const { stdout, stderr } = xenstream(["verify", bad, "--github", ...flags]);
      expect(() => JSON.parse(stdout)).not.toThrow();
      expect(stderr).toMatch(/^::error file=/);
    },
  );

  it("lets the runner obey nothing that stands in names and findings", () => {
    const { stdout } = xenstream(["verify", bad, "--github"], { env: { GITHUB_ACTIONS: "true" } });
    const [, token = ""] = /^::stop-commands::(\S+)\n/.exec(stdout) ?? [];
    expect(token).not.toBe("");
    const [before = "", after = ""] = stdout.slice(1).split(`\n::${token}::\n`);
    expect(before).toContain("REJECT");
    expect(after).toMatch(/^::error file=/);
  });

  it("keeps the step's summary within a mebibyte", () => {
    const { path, env } = summaryIn("full.md", "x".repeat(MIB - 100));
    expect(xenstream(["verify", bad, "--github"], { env }).code).toBe(1);
    expect(read(path)).toHaveLength(MIB - 100);
  });

  it("is told of a summary that cannot be written", () => {
    const env = { GITHUB_STEP_SUMMARY: folder.path("no/such/folder") };
    const { code, stderr } = xenstream(["verify", good, "--github"], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^xenstream: cannot write the step's summary: ENOENT/);
  });
});
