/**
 * Sessions on a terminal of 80 columns, recorded through a pseudo-terminal by script(1): text that
 * fits, colours, and progress that shows and goes away.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smallImage, temporaryFolder, writeSparseImage } from "./image.js";
import { hasScript, onTerminal, screen, widest, withoutSequences } from "./run.js";

if (!hasScript) {
  console.warn("skipped: script(1) of util-linux is not here, no terminal session was recorded");
}
const folder = temporaryFolder();
afterAll(() => folder.remove());
const good = folder.write("good.xcs", smallImage());
const bad = folder.write(
  "a-name-that-is-much-longer-than-what-a-terminal-of-eighty-columns-can-show.xcs",
  smallImage({ entries: { 3: 0x7000_0000_0000_0003n } }),
);
const ESCAPE = "\u001b";

describe.runIf(hasScript)("a session on a terminal", () => {
  it.each(["verify", "inspect", "inspect --verbose", "restore"])(
    "of %s fits 80 columns",
    (line) => {
      for (const file of [good, bad]) {
        const { stdout } = onTerminal(`$X ${line} ${file}`);
        const lines = screen(stdout);
        expect(widest(lines)).toBeLessThan(81);
        expect(lines[0]).toMatch(file === good ? /^ACCEPT {2}.*good\.xcs$/ : /^REJECT {2}.*\.xcs$/);
      }
    },
  );

  it("cuts a long path in the middle", () => {
    const [first = ""] = screen(onTerminal(`$X verify ${bad}`).stdout);
    expect(first).toHaveLength(80);
    expect(first).toMatch(/^REJECT {2}\/.*\.\.\..*can-show\.xcs$/);
  });

  it("has colours, unless NO_COLOR or --color never forbids them", () => {
    expect(onTerminal(`$X verify ${bad}`).stdout).toContain(`${ESCAPE}[31m`);
    expect(onTerminal(`$X verify ${bad}`, { NO_COLOR: "1" }).stdout).not.toContain(ESCAPE);
    expect(onTerminal(`$X verify --color never ${bad}`).stdout).not.toContain(ESCAPE);
    expect(onTerminal(`$X verify ${bad} | cat`).stdout).not.toContain(ESCAPE);
  });

  it("gives the exit code of the verdict", () => {
    expect(onTerminal(`$X verify ${good}`).code).toBe(0);
    expect(onTerminal(`$X verify ${bad}`).code).toBe(1);
  });
});

describe.runIf(hasScript)("progress on a terminal", () => {
  const big = folder.path("big.xcs");
  /** Takes longer than what progress is silent for. */
  const slow = `(for i in 1 2 3 4 5; do head -c 3000000; sleep 0.3; done) < ${big}`;
  beforeAll(() => writeSparseImage(big, 400));

  it("shows share, rate and time left for what takes a while, and is cleared", () => {
    const { code, stdout } = onTerminal(`$X restore --memory resident --digest sha256 ${big}`);
    const text = withoutSequences(stdout);
    expect(code).toBe(0);
    expect(text).toMatch(/big\.xcs.*\d+ % {2}[\d.]+ [KMG]iB\/s {2}\d+ s left/);
    const lines = screen(stdout);
    expect(lines.join("\n")).not.toContain("left");
    expect(lines[0]).toMatch(/^ACCEPT/);
    expect(widest(lines)).toBeLessThan(81);
    // Neither the cursor nor the wrapping of lines is switched off, not even meanwhile.
    expect(stdout).not.toContain(`${ESCAPE}[?`);
  });

  it.each([
    ["extract - -o", "extract"],
    ["convert - --to libxc --profile restore -o", "convert"],
    ["manifest - -o", "manifest"],
  ])("is shown by %s, and cleared", (line, name) => {
    const out = folder.path(`out-of-${name}`);
    const { stdout } = onTerminal(`${slow} | $X ${line} ${out}`);
    expect(withoutSequences(stdout)).toMatch(/standard input {2}[\d.]+ MiB {2}[\d.]+ [KM]iB\/s/);
    expect(screen(stdout).join("\n")).not.toContain("iB/s");
  });

  it("is shown by diff, for either input", () => {
    const { stdout } = onTerminal(`${slow} | $X diff ${big} -`);
    expect(withoutSequences(stdout)).toMatch(/standard input {2}[\d.]+ MiB {2}[\d.]+ [KM]iB\/s/);
    expect(screen(stdout).join("\n")).not.toContain("iB/s");
  });

  it("goes with an interrupt, and no part of a file stays", () => {
    const out = folder.path("cut-off");
    const commands = ["extract - -o", "convert - --to libxc -o", "manifest - -o"];
    const all = [...commands.map((command) => `${command} ${out}`), `diff ${big} -`];
    const slower = slow.replace("1 2 3 4 5", "1 2 3 4 5 6 7 8 9 10 11 12 13 14");
    for (const line of all) {
      const killed = `{ timeout --foreground --preserve-status -s INT 3 $X ${line}; echo ended $?; }`;
      const { stdout } = onTerminal(`${slower} | ${killed}; ls -A ${folder.path("")}`);
      expect(withoutSequences(stdout)).toMatch(/iB\/s/);
      const lines = screen(stdout).join("\n");
      expect(lines).toMatch(/^ended 130$/m);
      expect(lines).not.toMatch(/iB\/s|cut-off/);
    }
  });

  it("tells bytes and rate of a slow pipe, whose end nobody knows", () => {
    const { stdout } = onTerminal(`${slow} | $X verify -`);
    expect(withoutSequences(stdout)).toMatch(/standard input {2}[\d.]+ MiB {2}[\d.]+ [KM]iB\/s/);
    expect(screen(stdout)[0]).toBe("REJECT  (standard input)");
  });

  it("is not there with --no-progress or --quiet, nor where standard error is no terminal", () => {
    const ways = ["--no-progress", "--quiet", "2> /dev/null", "2>&1 | cat"];
    const sessions = ways.map((way) => `${slow} | $X verify - ${way} &`);
    const { stdout } = onTerminal(`${sessions.join(" ")} wait`);
    expect(stdout.match(/REJECT/g)).toHaveLength(3);
    expect(stdout).not.toContain("iB/s");
  });

  it("is not there for what is quick", () => {
    expect(onTerminal(`$X verify ${big}`).stdout).not.toContain("left");
  });
});
