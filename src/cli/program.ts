/**
 * The command tree, and what happens around a command: parsing, one error printer, the exit code.
 * Each command's file is loaded when the command is called, so that help costs next to nothing.
 */
import { Command, CommanderError, Option } from "commander";
import { printableLines } from "../report/index.js";
import { addBatch } from "./batch-tree.js";
import { addExamples } from "./examples.js";
import { EXIT_CODES_HELP, EXIT_USAGE, exitCodeOf } from "./exit-codes.js";
import { addHost } from "./host-tree.js";
import { addConvert, addGenerate } from "./making-tree.js";
import { addDiff, addExtract, addManifest } from "./memory-tree.js";
import {
  addDomainOptions,
  addFindingsOption,
  addOutputOptions,
  addReadingOptions,
  addReportOptions,
  FILE_HELP,
  GENID_HELP,
  parseBytes,
  parseInteger,
} from "./options.js";
import { columnsOf, printError, writeErr, writeOut } from "./output.js";
import { addWorker } from "./queue-tree.js";
import { bundledVersion } from "./version.js";

/** Help goes the way of all output: written whole, without colours, a closed pipe is no error. */
const HELP_OUTPUT = {
  writeOut,
  writeErr,
  getOutHelpWidth: () => columnsOf("stdout"),
  getErrHelpWidth: () => columnsOf("stderr"),
  getOutHasColors: () => false,
  getErrHasColors: () => false,
  outputError: (text: string, write: (text: string) => void) => write(printableLines(text)),
};

/** Parse the command line and do what it says. Returns the exit code; throws only bugs. */
export async function run(argv: readonly string[]): Promise<number> {
  let code = 0;
  const done = (result: number) => {
    code = Math.max(code, result);
  };
  const program = buildProgram(done, argv[2]);
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? code : EXIT_USAGE;
    printError(error);
    return exitCodeOf(error);
  }
}

/** The commands, in the order of the help. */
const COMMANDS: Readonly<Record<string, (program: Command, done: (code: number) => void) => void>> =
  {
    verify: addVerify,
    inspect: addInspect,
    restore: addRestore,
    convert: addConvert,
    generate: addGenerate,
    extract: addExtract,
    diff: addDiff,
    manifest: addManifest,
    batch: addBatch,
    worker: addWorker,
    explain: addExplain,
    bench: addBench,
    host: (program, done) => addHost(program, done, addExamples),
    help: addHelp,
    completion: addCompletion,
  };
/** Commands that look at the tree, and so need all of it. */
const NEED_ALL = ["help", "completion"];

/**
 * The command tree; `done` is told each command's exit code.
 *
 * @param named what the command line begins with: if it is a command, the others are left out
 */
export function buildProgram(done: (code: number) => void, named?: string): Command {
  const program = new Command("xenstream")
    .description("Verify, inspect and restore Xen save images on any machine, without Xen.")
    .version(bundledVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .configureHelp({ optionDescription })
    .configureOutput(HELP_OUTPUT)
    .exitOverride()
    .showHelpAfterError("(--help tells more)")
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      "\nTopics: xenstream help profiles | json | exit-codes | formats | hosts |\n" +
        "        reports | rules | urls",
    )
    .addHelpText("after", EXIT_CODES_HELP);
  const one = named !== undefined && Object.hasOwn(COMMANDS, named) && !NEED_ALL.includes(named);
  for (const name of one ? [named] : Object.keys(COMMANDS)) COMMANDS[name]?.(program, done);
  return program;
}

function addVerify(program: Command, done: (code: number) => void): void {
  const command = program
    .command("verify")
    .description("is each image right? every fault, with rule, byte offset, reason")
    .argument("<file...>", 'paths of images, "-" for standard input, https:// or s3:// URLs')
    .option("--read-data", "read page contents too, to find disk faults", false)
    .option("--on <host>", "will it restore there? a description that `xenstream host` made");
  addOutputOptions(addReadingOptions(addReportOptions(addFindingsOption(command))));
  addExamples(command, [
    ["xenstream verify vm.save", "every fault; exit 1 if it would not restore"],
    ["xenstream verify --profile strict *.save", "reject what the documents forbid too"],
    ["zcat vm.save.gz | xenstream verify -", "from a pipe"],
    ["xenstream verify --on hostb.json vm.save", "and whether that host would take it"],
    ["xenstream verify --json vm.save | jq .files[0].verdict", "for a script"],
    ["xenstream verify --junit out.xml *.save", "and a report for Jenkins or GitLab"],
  ]);
  command.action(async (files: string[], flags) => {
    const { verifyCommand } = await import("./verify.js");
    done(await verifyCommand(files, flags));
  });
}

function addInspect(program: Command, done: (code: number) => void): void {
  const command = program
    .command("inspect")
    .description("what is in an image: guest, memory, parameters, records")
    .argument("<file>", FILE_HELP);
  addOutputOptions(addReadingOptions(addFindingsOption(command)));
  addExamples(command, [
    ["xenstream inspect vm.save", "a summary of the machine"],
    ["xenstream inspect --verbose vm.save | less", "down to each record, decoded"],
    ["xenstream inspect --json vm.save | jq .config", "what the container says of it"],
  ]);
  command.action(async (file: string, flags) => {
    const { inspectCommand } = await import("./inspect.js");
    done(await inspectCommand(file, flags));
  });
}

function addRestore(program: Command, done: (code: number) => void): void {
  const command = program
    .command("restore")
    .description("simulate the restore: rebuild guest memory, report what results")
    .argument("<file>", FILE_HELP)
    .addOption(
      new Option("--memory <model>", "hold the guest's pages, or only where they are")
        .choices(["auto", "indexed", "resident"])
        .default("auto"),
    )
    .addOption(
      new Option("--digest <kind>", "digest of the guest's memory").choices(["sha256", "xxh3"]),
    )
    .option("--checkpoint <n>", "the guest as of checkpoint N", parseInteger(1, 2 ** 31))
    .option("--genid <id>", GENID_HELP, "keep")
    .option("--salvage", "recover what is whole of a damaged image (exit 1)", false);
  addOutputOptions(addReadingOptions(addDomainOptions(addFindingsOption(command))));
  addExamples(command, [
    ["xenstream restore vm.save", "what a restore would leave"],
    ["xenstream restore --digest sha256 vm.save", "and the digest of the memory"],
    ["xenstream restore --checkpointed --checkpoint 2 ha.xcs", "a Remus stream, midway"],
  ]);
  command.action(async (file: string, flags) => {
    const { restoreCommand } = await import("./restore.js");
    done(await restoreCommand(file, flags));
  });
}

function addExplain(program: Command, done: (code: number) => void): void {
  const command = program
    .command("explain")
    .description("a rule: its sentence, severity, source, an example, what to do")
    .argument("<rule>", "id of a rule, as a finding carries it");
  addOutputOptions(command);
  addExamples(command, [
    ["xenstream explain LC-PG-5", "what the rule says, and what to do"],
    ["xenstream explain --json HC-20 | jq .severity", "for a script"],
  ]);
  command.action(async (rule: string, flags) => {
    const { explainCommand } = await import("./explain.js");
    done(await explainCommand(rule, flags));
  });
}

function addBench(program: Command, done: (code: number) => void): void {
  const command = program
    .command("bench")
    .description("this machine: the WASM engine, the TypeScript decoder, the read limit")
    .argument("[file]", "path of an image; without one, an image is made and removed")
    .option("--rounds <n>", "samples of each measure (default: 5)", parseInteger(1, 1000))
    .option("--size <size>", "memory of the guest that is made (default: 256MiB)", parseBytes)
    .option("--max-memory <size>", "memory at most (default: half the machine's)", parseBytes);
  addOutputOptions(command);
  addExamples(command, [
    ["xenstream bench", "make an image of 256 MiB and measure"],
    ["xenstream bench --rounds 9 vm.save", "on an image of one's own"],
    ["xenstream bench --json > bench.json", "every sample"],
  ]);
  command.action(async (file: string | undefined, flags) => {
    const { benchCommand } = await import("./bench.js");
    done(await benchCommand(file, flags));
  });
}

function addHelp(program: Command): void {
  program
    .command("help")
    .description("help for a command or a topic")
    .argument(
      "[topic]",
      "a command, or profiles, json, exit-codes, formats, hosts, reports, rules, urls",
    )
    .action(async (topic: string | undefined) => {
      const { helpCommand } = await import("./help.js");
      helpCommand(program, topic);
    });
}

function addCompletion(program: Command): void {
  const command = program
    .command("completion")
    .description("print a completion script for a shell")
    .addArgument(program.createArgument("<shell>", "whose").choices(["bash", "zsh", "fish"]));
  addExamples(command, [
    ["source <(xenstream completion bash)", "in ~/.bashrc"],
    ["xenstream completion zsh > ~/.zfunc/_xenstream", "a folder of $fpath"],
    ["xenstream completion fish | source", "in config.fish"],
  ]);
  command.action(async (shell: "bash" | "zsh" | "fish") => {
    const { completionCommand } = await import("./completion.js");
    completionCommand(program, shell);
  });
}

/** An option's text with its choices and default; that a switch is off needs no words. */
function optionDescription(option: Option): string {
  const { description, argChoices, defaultValue } = option;
  if (argChoices === undefined) return description;
  const preset = defaultValue === undefined ? "" : `; default ${defaultValue}`;
  return `${description} (${argChoices.join(", ")}${preset})`;
}
