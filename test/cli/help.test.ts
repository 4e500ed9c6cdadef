/** Help, topics, suggestions, completions and the man page: all from one command tree. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { buildProgram, completionScript, manPage, treeOf } from "../../src/cli/index.js";
import { LAYERS } from "../../src/format/index.js";
import { DOMAIN_DEFAULTS, FORMAT_HINTS } from "../../src/ops/index.js";
import { shell, widest, xenstream } from "./run.js";

const program = buildProgram(() => {});
const tree = treeOf(program);
const commandOf = (name: string) => tree.commands.find((command) => command.name === name);
const has = (tool: string) => spawnSync("which", [tool]).status === 0;

describe("help", () => {
  it.each(tree.commands.map(({ name }) => name))("of %s fits 80 columns", (name) => {
    const { code, stdout, stderr } = xenstream(["help", name]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toContain(`Usage: xenstream ${name}`);
    expect(widest(stdout.split("\n"))).toBeLessThan(81);
  });

  it.each(["verify", "inspect", "restore"])("of %s has examples and exit codes", (name) => {
    const { stdout } = xenstream([name, "--help"]);
    expect(stdout).toContain(`Examples:\n  # `);
    expect(stdout).toContain(`\n  xenstream ${name} `);
    expect(stdout).toMatch(/Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 .*\n {2}130 /);
  });

  it.each(["profiles", "json", "exit-codes", "formats", "reports", "rules"])(
    "has the topic %s",
    (topic) => {
      const { code, stdout } = xenstream(["help", topic]);
      expect(code).toBe(0);
      expect(stdout.split("\n").length).toBeGreaterThan(8);
      expect(widest(stdout.split("\n"))).toBeLessThan(81);
      expect(xenstream(["--help"]).stdout).toContain(topic);
    },
  );

  it("names every format in its topic", () => {
    const { stdout } = xenstream(["help", "formats"]);
    expect(LAYERS.filter((layer) => !stdout.includes(`  ${layer} `))).toEqual([]);
  });

  it("offers the format hints that there are, and no others", () => {
    const hints = commandOf("verify")?.options.find(({ long }) => long === "--format-hint");
    expect(hints?.choices).toEqual(FORMAT_HINTS);
  });

  it("names the defaults that a restore has", () => {
    const text = xenstream(["restore", "--help"]).stdout.replace(/\s+/g, " ");
    expect(text).toContain(`(default: 0x${DOMAIN_DEFAULTS.sharedInfoFrame.toString(16)})`);
    expect(text).toContain(`(default: ${DOMAIN_DEFAULTS.storePort})`);
    expect(text).toContain(`(default: ${DOMAIN_DEFAULTS.consolePort})`);
  });
});

describe("a near miss", () => {
  it.each([
    [["verfy", "x"], "Did you mean verify?"],
    [["verify", "--profle", "strict", "x"], "Did you mean --profile?"],
    [["help", "exitcodes"], "Did you mean exit-codes?"],
    [["help", "prof"], "Did you mean profiles?"],
    [["verify", "--profile", "strct", "x"], "Allowed choices are restore, strict."],
    [["restore", "--memory", "ram", "x"], "Allowed choices are auto, indexed, resident."],
    [["restore", "--digest", "md5", "x"], "Allowed choices are sha256, xxh3."],
    [["restore", "--engine", "native", "x"], "Allowed choices are wasm, reference."],
    [["verify", "--max-memory", "lots", "x"], "Expected a size such as 512MiB"],
    [["verify", "--vcpus", "0", "x"], "Expected a whole number from 1 to 8192."],
    [["verify", "--threads", "many", "x"], "Expected a whole number from 1 to 1024."],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish."],
  ] as const)("%j is told what was meant", (args, advice) => {
    const { code, stdout, stderr } = xenstream(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(advice);
  });
});

describe("completions", () => {
  it.each(["bash", "zsh", "fish"] as const)("for %s know every command and option", (name) => {
    const script = completionScript(tree, name);
    expect(xenstream(["completion", name]).stdout).toBe(script);
    for (const command of tree.commands) {
      expect(script).toContain(command.name);
      const dashes = name === "fish" ? "-l " : "--";
      for (const { long } of command.options) expect(script).toContain(dashes + long.slice(2));
    }
  });

  it("for bash give words for commands, options, values and topics", () => {
    const complete = (words: string) =>
      shell(
        `source <($X completion bash); COMP_WORDS=(${words}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ));` +
          ` _xenstream 2>/dev/null; echo "\${COMPREPLY[*]}"`,
      ).stdout.trim();
    expect(complete("xenstream ver")).toBe("verify");
    expect(complete("xenstream verify --prof")).toBe("--profile");
    expect(complete("xenstream verify --profile st")).toBe("strict");
    expect(complete("xenstream restore --digest x")).toBe("xxh3");
    expect(complete("xenstream help pro")).toBe("profiles");
    expect(complete("xenstream completion z")).toBe("zsh");
  });

  it.each(["zsh", "fish"] as const)("for %s are read by it without complaint", (name) => {
    if (!has(name)) {
      console.warn(`skipped: ${name} is not installed, its completion script was not run`);
      return;
    }
    const line = name === "zsh" ? "$X completion zsh | zsh -n" : "$X completion fish | fish -n";
    const { code, stderr } = shell(line);
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});

describe("the man page", () => {
  const page = manPage(program, "1.2.3");

  it("has every command with every option, and the topics", () => {
    for (const command of tree.commands) {
      expect(page).toContain(`.SS "${command.name}`);
      for (const { flags } of command.options) expect(page).toContain(flags.replaceAll("-", "\\-"));
    }
    expect(page).toContain('.TH XENSTREAM 1 "" "xenstream 1.2.3"');
    expect(page).toContain("PROFILES");
    expect(page).toContain(".SH EXIT STATUS");
  });

  it("is formatted without a warning", () => {
    if (!has("groff")) {
      console.warn("skipped: groff is not installed, the man page was not formatted");
      return;
    }
    const run = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-z"], {
      input: page,
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
    expect(run.status).toBe(0);
  });
});
