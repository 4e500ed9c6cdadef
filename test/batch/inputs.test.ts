/** What names of images stand for: files, folders, patterns, lists, URLs. */
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  batchJobs,
  fileIdentity,
  largestFirst,
  namesOfList,
  type SideFiles,
} from "../../src/batch/index.js";
import { folderOf } from "./support.js";

const folder = folderOf("inputs");
afterAll(() => folder.remove());
const { path } = folder;
folder.write("vms/b.save", "bb");
folder.write("vms/a.save", "a");
folder.write("vms/deep/er/c.xcs", "ccc");
folder.write("vms/.hidden.save", "h");
folder.write("vms/.git/config", "h");
folder.write("vms/[odd] *.save", "odd!");

/** "a", two bytes that are no text, ".save". */
const NOT_UTF8 = Buffer.from("61ffc32e73617665", "hex");

const found = async (names: readonly string[], ...own: [(readonly string[])?, SideFiles?]) =>
  (await batchJobs(names, ...own)).map(({ file }) => relative(folder.root, file));

describe("the images of a batch", () => {
  it("are all regular files below a folder, in order of their paths, without hidden ones", async () => {
    expect(await found([path("vms")])).toEqual([
      "vms/[odd] *.save",
      "vms/a.save",
      "vms/b.save",
      "vms/deep/er/c.xcs",
    ]);
  });

  it("may be hidden if they are named", async () => {
    expect(await found([path("vms/.hidden.save")])).toEqual(["vms/.hidden.save"]);
  });

  it("are those that a pattern matches, unless a file has the pattern for its name", async () => {
    expect(await found([path("vms/[ab].save")])).toEqual(["vms/a.save", "vms/b.save"]);
    expect(await found([path("vms/**/*.xcs")])).toEqual(["vms/deep/er/c.xcs"]);
    expect(await found([path("vms/[odd] *.save")])).toEqual(["vms/[odd] *.save"]);
  });

  it("stay as they are named where nothing is found, so that their job says so", async () => {
    expect(await found([path("none"), path("*.none")])).toEqual(["none", "*.none"]);
    const [url] = await batchJobs(["https://host/vm.save"]);
    expect(url).toEqual({ index: 0, file: "https://host/vm.save", bytes: null });
  });

  it("come once, whatever names they have, but for hard links", async () => {
    symlinkSync(path("vms/a.save"), path("link"));
    linkSync(path("vms/a.save"), path("hard"));
    const names = [
      path("link"),
      path("vms"),
      path("vms/a.save"),
      path("vms/../hard"),
      path("link"),
    ];
    expect(await found(names)).toEqual([
      "link",
      "vms/[odd] *.save",
      "vms/b.save",
      "vms/deep/er/c.xcs",
      "hard",
    ]);
  });

  it("are found through links to folders, each folder once, and loops end", async () => {
    folder.write("loops/x/one", "1");
    symlinkSync(path("loops"), path("loops/x/again"));
    symlinkSync(path("loops/x"), path("loops/y"));
    symlinkSync(path("loops/nowhere"), path("loops/z"));
    expect(await found([path("loops")])).toEqual(["loops/x/one"]);
  });

  it.skipIf(process.getuid?.() === 0)("are folders that cannot be read, as such", async () => {
    folder.write("closed/a.save", "a");
    chmodSync(path("closed"), 0);
    expect(await found([folder.root])).toContain("closed");
    chmodSync(path("closed"), 0o700);
  });

  it("are not the files that the run itself makes", async () => {
    folder.write("own/a.save", "a");
    folder.write("own/journal", "j");
    folder.write("own/manifests/a.save.manifest", "m");
    const manifests = { folder: path("own/manifests"), suffix: ".manifest" };
    const names = [path("own"), path("own/**/*")];
    expect(await found(names, [path("own/journal")], manifests)).toEqual(["own/a.save"]);
  });

  it("may stand among what is made beside them", async () => {
    folder.write("beside/a.save", "a");
    folder.write("beside/a.save.manifest", "m");
    folder.write("beside/deep/b.save", "b");
    folder.write("beside/deep/b.save.manifest", "m");
    const side = { folder: path("beside"), suffix: ".manifest" };
    expect(await found([path("beside")], [], side)).toEqual([
      "beside/a.save",
      "beside/deep/b.save",
    ]);
    const elsewhere = { folder: path("besi"), suffix: ".manifest" };
    expect(await found([path("beside/*")], [], elsewhere)).toHaveLength(2);
  });

  it("know their size and go largest first, those of unknown size last", async () => {
    const jobs = await batchJobs([path("none"), path("vms")]);
    expect(jobs.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
    expect(largestFirst(jobs).map(({ bytes }) => bytes)).toEqual([4, 3, 2, 1, null]);
  });
});

// Where file names are bytes, and the disk takes any.
describe.skipIf(process.platform !== "linux")("names that are not UTF-8", () => {
  const write = (...parts: (string | Uint8Array)[]) => {
    const bytes = Buffer.concat(parts.map((part) => Buffer.from(part)));
    mkdirSync(bytes.subarray(0, bytes.lastIndexOf("/")), { recursive: true });
    writeFileSync(bytes, "x");
  };
  const top = `${path("odd-names")}/`;
  write(top, NOT_UTF8);
  write(top, NOT_UTF8, ".d/b.save");
  write(top, "a\ufffd\ufffd.save");
  const names = ["a\udcff\udcc3.save", "a\udcff\udcc3.save.d/b.save", "a\ufffd\ufffd.save"];
  const expected = names.map((name) => `odd-names/${name}`);

  it("are found in folders and by patterns, each as itself, with its size", async () => {
    expect(await found([path("odd-names")])).toEqual(expected);
    expect(await found([path("odd-names/**/*.save")])).toEqual(expected);
    const jobs = await batchJobs([path("odd-names")]);
    expect(jobs.map(({ bytes }) => bytes)).toEqual([1, 1, 1]);
    expect(jobs.map(({ file }) => fileIdentity(file))).not.toContain(null);
  });

  it("come once, whatever text the platform makes of them", async () => {
    const listed = [`${top}${names[2]}`, `${top}${names[0]}`];
    expect(await found([...listed, path("odd-names")])).toHaveLength(3);
  });
});

describe("a list of images", () => {
  it("has one a line, or with a zero byte behind each", () => {
    expect(namesOfList(Buffer.from("a b\n\nc\r\nd"))).toEqual(["a b", "c", "d"]);
    expect(namesOfList(Buffer.from("a\nb\0c\0"))).toEqual(["a\nb", "c"]);
  });

  it("keeps each byte of a name that is not UTF-8, and the names beside it", () => {
    const list = Buffer.concat([Buffer.from("\u00fc\n"), NOT_UTF8, Buffer.from("\n\u{1f600}")]);
    expect(namesOfList(list)).toEqual(["\u00fc", "a\udcff\udcc3.save", "\u{1f600}"]);
  });
});
