/**
 * Names that would steer a terminal or turn the direction of writing, wherever a command says them:
 * in errors, reports, notices. Run as a user runs the command.
 */
import { afterAll, describe, expect, it } from "vitest";
import { smallImage, temporaryFolder } from "./image.js";
import { xenstream } from "./run.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const NAME = "a\u001b[31m\u202eb\u2028c\u200fd\u0085";
const SHOWN = "a\\x1b[31m\\u202eb\\u2028c\\u200fd\\x85";
const good = folder.write(NAME, smallImage());
const bad = folder.write(`bad-${NAME}`, new TextEncoder().encode("no image"));
const missing = folder.path(`none-${NAME}`);
const out = folder.path(`out-${NAME}`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e]/;

describe("a name that would steer a terminal", () => {
  it.each([
    ["verify", missing],
    ["verify", good, bad],
    ["verify", good, "--on", missing],
    ["inspect", bad],
    ["restore", good],
    ["diff", good, good],
    ["diff", good, bad],
    ["diff", good, missing],
    ["extract", good, "-o", out],
    ["extract", bad, "-o", out],
    ["extract", good, "--section", "hvm-context", "-o", out],
    ["convert", good, "--to", "xl", "-o", out],
    ["manifest", good, "-o", out],
    ["manifest", good, "--check", missing],
    ["generate", "--size", "1MiB", "-o", out],
    ["host", "--xen", "4.18", "-o", out],
    ["host", "--xl-info", missing, "-o", "-"],
    ["batch", "verify", good, missing],
    ["batch", "verify", "--quiet", good, missing],
    ["batch", "verify", "--verbose", good, bad],
    ["batch", "verify", "--files-from", missing],
  ])("is shown with escapes: %s", (...args) => {
    const { stdout, stderr } = xenstream(args);
    const said = args.includes("-o") && args.at(-1) === "-" ? stderr : `${stdout}${stderr}`;
    expect(said).toContain(SHOWN);
    expect(said).not.toMatch(STEERING);
  });

  it.each([[`--${NAME}`], [NAME], ["verify", `--${NAME}`]])(
    "is so as an argument: %s",
    (...args) => {
      const { code, stderr } = xenstream(args);
      expect([code, stderr]).toEqual([2, expect.stringContaining(SHOWN)]);
      expect(stderr).not.toMatch(STEERING);
    },
  );
});
