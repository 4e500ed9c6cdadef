/**
 * The command tree, and what happens around a command: parsing, one error printer, the exit code.
 * Each command's file is loaded when the command is called, so that help costs next to nothing.
 */
import { Command, CommanderError, Option } from "commander";
import { EXIT_CODES_HELP, EXIT_USAGE, exitCodeOf } from "./exit-codes.js";
import { addHost } from "./host-tree.js";
import {
  addDomainOptions,
  addFindingsOption,
  addOutputOptions,
  addReadingOptions,
  addReportOptions,
  parseBytes,
  parseInteger,
  parsePfns,
} from "./options.js";
import { columnsOf, printError, writeErr, writeOut } from "./output.js";
import { bundledVersion } from "./version.js";

const GENID_HELP = "VM Generation ID: keep, new, 32 hex digits or a UUID";
const FILE_HELP = 'path of an image, or "-" for standard input';

/** Help goes the way of all output: written whole, without colours, a closed pipe is no error. */
const HELP_OUTPUT = {
  writeOut,
  writeErr,
  getOutHelpWidth: () => columnsOf("stdout"),
  getErrHelpWidth: () => columnsOf("stderr"),
  getOutHasColors: () => false,
  getErrHasColors: () => false,
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
      `\nTopics: xenstream help profiles | json | exit-codes | formats | hosts | reports | rules`,
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
    .argument("<file...>", 'paths of images, or "-" for standard input')
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

function addConvert(program: Command, done: (code: number) => void): void {
  const command = program
    .command("convert")
    .description("an image as another container or version; legacy and v2 become v3")
    .argument("<file>", FILE_HELP)
    .requiredOption("-o, --output <path>", 'what to write, or "-" for standard output')
    .addOption(
      new Option("--to <format>", "what it becomes")
        .choices(["libxc", "libxl", "xl", "libvirt", "xapi", "xenstore-v1", "xenstore-v2"])
        .makeOptionMandatory(),
    )
    .option("--compact", "the last copy of each page alone, in pfn order", false)
    .option("--keep-checkpoints", "keep them (libxc, libxl); else the last one counts", false)
    .option("--config <path>", "config for xl (JSON), libvirt (XML) or xapi (S-expression)")
    .option("--genid <id>", GENID_HELP, "keep");
  addOutputOptions(addReadingOptions(addFindingsOption(command)));
  addExamples(command, [
    ["xenstream convert old.save -o new.save --to xl", "legacy and v2 become v3"],
    ["xenstream convert vm.save -o vm.libvirt --to libvirt --config vm.xml", "with its config"],
    ["zcat vm.gz | xenstream convert - -o - --to libxl > vm.libxl", "from pipe to pipe"],
    ["xenstream convert vm.save -o copy.save --to xl --genid new", "a copy that knows it is one"],
  ]);
  command.action(async (file: string, flags) => {
    const { convertCommand } = await import("./convert.js");
    done(await convertCommand(file, flags));
  });
}

function addGenerate(program: Command, done: (code: number) => void): void {
  const command = program
    .command("generate")
    .description("make a synthetic image from a seed, and a description to check it by")
    .requiredOption("-o, --output <path>", 'path of the image, or "-" for standard output');
  addOutputOptions(command);
  command
    .option("--size <size>", "guest memory (default: 16MiB)", parseBytes)
    .option("--seed <n>", "decides all contents (default: 0)", parseInteger(0, 2 ** 53 - 1))
    .addOption(new Option("--guest <kind>", "guest").choices(["hvm", "pvh", "pv64", "pv32"]))
    .addOption(
      new Option(
        "--container <name>",
        "what is around the stream (default: libxc, nothing)",
      ).choices(["libxc", "libxl", "xl", "libvirt", "xapi"]),
    )
    .option("--vcpus <n>", "vcpus (default: 2)", parseInteger(1, 128))
    .option("--stream-version <n>", "libxc version, 2 or 3 (default: 3)", parseInteger(2, 3))
    .option("--live <rounds>", "passes of re-sent pages", parseInteger(0, 1000))
    .option("--checkpoints <n>", "checkpoints of a Remus stream", parseInteger(0, 1000))
    .option("--verify", "send all pages once more, behind VERIFY")
    .option("--zero <percent>", "pages that are zero (default: 30)", parseInteger(0, 100))
    .option("--repeat <percent>", "pages that repeat a few (default: 10)", parseInteger(0, 100))
    .option("--genid <hex>", "VM Generation ID: 32 digits or a UUID")
    .option("--fault <rule>", "breach this rule, such as LC-PG-5, and no other")
    .option("--describe <path>", "path of the description (default: the image's, with .json)")
    .option("--no-describe", "no description")
    .addOption(
      new Option("--digest <kind>", "hashes in the description; none is faster")
        .choices(["none", "sha256"])
        .default("sha256"),
    );
  addExamples(command, [
    ["xenstream generate -o vm.xcs --size 1GiB --seed 7", "the same bytes on any machine"],
    ["xenstream generate -o vm.save --container xl --guest pv64", "a PV guest as xl saves it"],
    ["xenstream generate -o bad.xcs --fault LC-PG-5", "an image that breaches one rule"],
  ]);
  command.action(async (options) => {
    const { generateCommand } = await import("./generate.js");
    done(await generateCommand(options));
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
    .argument("[topic]", "a command, or profiles, json, exit-codes, formats, hosts, reports, rules")
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

/** Examples and exit codes at the end of a command's help; a comment goes below if it must. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [line: string, comment: string])[],
): void {
  const lines = examples.map(([line, comment]) => `  # ${comment}\n  ${line}`);
  command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
  command.addHelpText("after", EXIT_CODES_HELP);
}

function addExtract(program: Command, done: (code: number) => void): void {
  const command = program
    .command("extract")
    .description("a guest's memory as raw, ELF core or LiME; or a part of an image")
    .argument("<file>", FILE_HELP)
    .option("-o, --output <path>", 'path of the file, or "-" for standard output');
  addDomainOptions(addOutputOptions(addReadingOptions(command)))
    .addOption(
      new Option("--format <name>", "kind of file").choices(["raw", "elf", "lime"]).default("raw"),
    )
    .addOption(
      new Option("--state <name>", "memory as sent, or after the restorer's fix-ups")
        .choices(["stream", "restored"])
        .default("restored"),
    )
    .addOption(
      new Option("--section <name>", "instead of memory, this part").choices([
        "emulator",
        "xenstore",
        "config",
        "hvm-context",
        "qemu",
      ]),
    )
    .option("--pfn <n[-m]>", "this page, or these (to standard output if no -o)", parsePfns)
    .option("--checkpoint <n>", "the guest as of checkpoint N", parseInteger(1, 2 ** 31))
    .option("--genid <id>", GENID_HELP, "keep")
    .option("--salvage", "recover what is whole of a damaged image (exit 1)", false);
  addExamples(command, [
    ["xenstream extract vm.save -o vm.raw", "a sparse file, page N at N * 4096"],
    ["xenstream extract vm.save -o vm.core --format elf", "for gdb"],
    ["xenstream extract vm.save --pfn 0x1f4 | xxd", "one page"],
    ["xenstream extract vm.save -o vm.json --section config", "the domain's config"],
  ]);
  command.action(async (file: string, options) => {
    const { extractCommand } = await import("./extract.js");
    done(await extractCommand(file, options));
  });
}

function addDiff(program: Command, done: (code: number) => void): void {
  const command = program
    .command("diff")
    .description("compare the memory of two guests page by page")
    .argument("<a>", FILE_HELP)
    .argument("<b>", "path of the other");
  addOutputOptions(addReadingOptions(command))
    .addOption(
      new Option("--state <name>", "memory as sent, or after the restorer's fix-ups")
        .choices(["stream", "restored"])
        .default("stream"),
    )
    .option("--bytes", "list the bytes that differ", false);
  addExamples(command, [
    ["xenstream diff before.save after.save", "what changed"],
    ["xenstream diff --json a.save b.xcs", "for a script"],
  ]);
  command.action(async (a: string, b: string, options) => {
    const { diffCommand } = await import("./diff.js");
    done(await diffCommand(a, b, options));
  });
}

function addManifest(program: Command, done: (code: number) => void): void {
  const command = program
    .command("manifest")
    .description("write the page digests of an image, or find rot by such a file")
    .argument("<file>", FILE_HELP)
    .option("-o, --output <path>", 'path of the manifest, or "-" for standard output')
    .option("--check <manifest>", "find rot in the image, and name the pfns");
  addOutputOptions(addReadingOptions(command)).addOption(
    new Option("--state <name>", "memory as sent, or after the restorer's fix-ups")
      .choices(["stream", "restored"])
      .default("stream"),
  );
  addExamples(command, [
    ["xenstream manifest vm.save -o vm.manifest", "when it was saved"],
    ["xenstream manifest vm.save --check vm.manifest", "a year later"],
  ]);
  command.action(async (file: string, options) => {
    const { manifestCommand } = await import("./manifest.js");
    done(await manifestCommand(file, options));
  });
}
