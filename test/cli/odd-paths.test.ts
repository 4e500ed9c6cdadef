/**
 * Paths that cannot be opened, read or written: each is told as what it is, with exit code 2, never
 * as a bug. Run as a user runs the command.
 */
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
import { smallImage, temporaryFolder } from "./image.js";
import { shell, xenstream } from "./run.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const good = folder.write("good.xcs", smallImage());
const directory = folder.path("directory");
mkdirSync(directory);
const loop = folder.path("loop");
symlinkSync("loop", loop);
const ODD = [
  ["through a file as if it were a folder", `${good}/x`],
  ["of a link to itself", loop],
  ["longer than names may be", folder.path("n".repeat(300))],
] as const;

describe("a path", () => {
  const reads = (path: string) => [
    ["verify", path],
    ["inspect", path],
    ["restore", path],
    ["extract", path, "-o", folder.path("out")],
    ["diff", good, path],
    ["convert", path, "--to", "libxl", "-o", folder.path("out")],
    ["manifest", path, "-o", folder.path("out")],
    ["manifest", good, "--check", path],
    ["verify", good, "--on", path],
    ["batch", "verify", path],
  ];
  const writes = (path: string) => [
    ["generate", "--size", "1MiB", "-o", path],
    ["extract", good, "-o", path],
    ["convert", good, "--to", "libxl", "-o", path],
    ["manifest", good, "-o", path],
  ];

  it.each(ODD)("%s is one that cannot be read", (_, path) => {
    for (const args of reads(path)) {
      const { code, stdout, stderr } = xenstream(args);
      expect([args[0], code]).toEqual([args[0], 2]);
      expect(`${stdout}${stderr}`).toMatch(/no such file|cannot be opened|cannot read/);
    }
  });

  it.each(ODD)("%s is one that cannot be written", (_, path) => {
    for (const args of writes(path)) {
      const { code, stderr } = xenstream(args);
      expect([args[0], code]).toEqual([args[0], 2]);
      expect(stderr.match(/cannot write/g)).toHaveLength(1);
    }
  });

  it("is not written to where that would replace what is read, by whatever name", () => {
    const image = folder.write("precious.xcs", smallImage());
    const link = folder.path("link.xcs");
    const hard = folder.path("hard.xcs");
    symlinkSync(image, link);
    linkSync(image, hard);
    for (const path of [image, link, hard]) {
      for (const [command, ...flags] of [
        ["extract"],
        ["extract", "--section", "hvm-context"],
        ["convert", "--to", "libxl"],
        ["manifest"],
      ] as const) {
        const { code, stderr } = xenstream([command, image, ...flags, "-o", path]);
        expect([code, stderr]).toEqual([2, expect.stringContaining(`would replace ${image}`)]);
      }
    }
    expect(readFileSync(image).equals(smallImage())).toBe(true);
    const made = folder.path("made.xcs");
    const twice = xenstream(["generate", "--size", "1MiB", "-o", made, "--describe", made]);
    expect([twice.code, existsSync(made)]).toEqual([2, false]);
  });

  it("of a directory is no manifest and no place for an output", () => {
    const check = xenstream(["manifest", good, "--check", directory]);
    expect([check.code, check.stderr]).toEqual([2, expect.stringContaining("EISDIR")]);
    const output = xenstream(["extract", good, "-o", directory]);
    expect([output.code, output.stderr.match(/cannot write/g)]).toEqual([2, ["cannot write"]]);
  });

  it.skipIf(!existsSync("/dev/zero"))("of a device that never ends is no config", () => {
    const args = ["convert", good, "--to", "xl", "-o", folder.path("out"), "--config", "/dev/zero"];
    const { code, stderr } = xenstream(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining("too long to be one")]);
  });

  it("of a pipe takes a report of a batch, and is not read", () => {
    const report = folder.path("report.xml");
    const { code } = shell(`timeout 20 $X batch verify ${good} --junit >(cat > ${report})`);
    expect(code).toBe(0);
    expect(existsSync(report)).toBe(true);
  });
});

describe.skipIf(process.platform !== "linux")("a name that is not UTF-8", () => {
  const name = (folderName: string) =>
    Buffer.concat([Buffer.from(`${folder.path(folderName)}/a`), Buffer.from([0xff])]);
  for (const each of ["names", "bad-names"]) mkdirSync(folder.path(each));
  writeFileSync(name("names"), smallImage());
  writeFileSync(name("bad-names"), "no image");
  const shown = /^ACCEPT {2}.*\/names\/a\\xff$/m;

  it("is that of an image as any other: in a folder, by a pattern, in a list", () => {
    const list = folder.write("list", Buffer.concat([name("names"), Buffer.from("\n")]));
    const asked = [[folder.path("names")], [`${folder.path("names")}/*`], ["--files-from", list]];
    for (const args of asked) {
      const { code, stdout } = xenstream(["batch", "verify", "--verbose", ...args]);
      expect([code, stdout]).toEqual([0, expect.stringMatching(shown)]);
      const { stdout: json } = xenstream(["batch", "verify", "--json", ...args]);
      expect(json).toContain('/names/a\\udcff","bytes"');
    }
  });

  it("is gone on with from a journal, and has a manifest", () => {
    const [journal, manifests] = [folder.path("journal"), folder.path("manifests")];
    const more = ["--resume", journal, "--manifest-dir", manifests, "--json"];
    const args = ["batch", "verify", folder.path("names"), ...more];
    expect(xenstream(args).stdout).toMatch(/"manifest":\{/);
    expect(xenstream(args).stdout).toMatch(/"earlier":1/);
    const all = readdirSync(manifests, { recursive: true });
    expect(all).toContainEqual(expect.stringMatching(/\/a%EF%BF%BDdcff\.manifest$/));
  });

  it("is told with its fault, by its bytes, in every form", () => {
    const { code, stdout } = xenstream([
      "batch",
      "verify",
      folder.path("bad-names"),
      "--junit",
      "-",
    ]);
    expect([code, stdout]).toEqual([1, expect.stringContaining("/bad-names/a\\xff")]);
  });

  it("cannot be given as an argument, and the error says so", () => {
    const { code, stderr } = shell(`$X verify ${folder.path("names")}/*`);
    expect(code).toBe(2);
    expect(stderr).toMatch(/no such file \(ENOENT\); if its name is not UTF-8, .* --files-from/);
  });
});

describe.skipIf(!existsSync("/dev/full"))("a full disk", () => {
  it.each([
    `verify ${good}`,
    `verify --json ${good}`,
    `inspect ${good}`,
    `batch verify ${good} --json`,
    "explain LC-PG-5",
    "help json",
    "--help",
    "completion bash",
  ])("is told with exit code 2 where standard output goes there: %s", (args) => {
    const { code, stderr } = shell(`$X ${args} > /dev/full`);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^xenstream: cannot write standard output: ENOSPC/),
    ]);
  });

  it("changes no exit code where standard error goes there", () => {
    expect(shell(`$X verify ${good} ${good}x 2> /dev/full`).code).toBe(2);
  });
});
