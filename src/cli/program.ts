/**
 * The command tree, and what happens around a command: parsing, one error printer, the exit code.
 * Each command's file is loaded when the command is called.
 */
import { Command, CommanderError, Option } from "commander";
import { VERSION } from "../ops/version.js";
import { EXIT_CODES_HELP, EXIT_USAGE, exitCodeOf } from "./exit-codes.js";
import {
  addDomainOptions,
  addOutputOptions,
  addReadingOptions,
  parseBytes,
  parseInteger,
  parsePfns,
} from "./options.js";
import { printError } from "./output.js";

/** Parse the command line and do what it says. Returns the exit code; throws only bugs. */
export async function run(argv: readonly string[]): Promise<number> {
  let code = 0;
  const done = (result: number) => {
    code = Math.max(code, result);
  };
  const program = buildProgram(done);
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? code : EXIT_USAGE;
    printError(error);
    return exitCodeOf(error);
  }
}

/** The whole tree; `done` is told each command's exit code. */
export function buildProgram(done: (code: number) => void): Command {
  const program = new Command("xenstream")
    .description("Verify, inspect and restore Xen save images on any machine, without Xen.")
    .version(VERSION, "-V, --version")
    .exitOverride()
    .showHelpAfterError("(xenstream --help tells more)")
    .showSuggestionAfterError()
    .addHelpText("after", EXIT_CODES_HELP);
  addVerify(program, done);
  addInspect(program, done);
  addRestore(program, done);
  addGenerate(program, done);
  addExtract(program, done);
  addDiff(program, done);
  addManifest(program, done);
  return program;
}

function addVerify(program: Command, done: (code: number) => void): void {
  const command = program
    .command("verify")
    .description("is each image right? every fault, with rule, byte offset, reason")
    .argument("<file...>", 'paths of images, or "-" for standard input');
  addOutputOptions(addReadingOptions(command))
    .option("--read-data", "read page contents too, to find disk faults", false)
    .option("--max-findings <n>", "findings printed", parseInteger(1, 1e9), 100)
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (files: string[], options) => {
      const { verifyCommand } = await import("./verify.js");
      done(await verifyCommand(files, options));
    });
}

function addInspect(program: Command, done: (code: number) => void): void {
  const command = program
    .command("inspect")
    .description("what is in an image: containers, headers, records, parameters, page types")
    .argument("<file>", 'path of an image, or "-" for standard input');
  addOutputOptions(addReadingOptions(command))
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (file: string, options) => {
      const { inspectCommand } = await import("./inspect.js");
      done(await inspectCommand(file, options));
    });
}

function addRestore(program: Command, done: (code: number) => void): void {
  const command = program
    .command("restore")
    .description("simulate the restore: rebuild guest memory, report what results")
    .argument("<file>", 'path of an image, or "-" for standard input');
  addDomainOptions(addOutputOptions(addReadingOptions(command)))
    .option("--memory <model>", "auto, indexed or resident", "auto")
    .option("--digest <kind>", "sha256 or xxh3: digest of the guest's memory")
    .option("--checkpoint <n>", "the guest as of checkpoint N", parseInteger(1, 2 ** 31))
    .option("--genid <id>", "VM Generation ID: keep, new, 32 hex digits or a UUID", "keep")
    .option("--salvage", "recover what is whole of a damaged image (exit 1)", false)
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (file: string, options) => {
      const { restoreCommand } = await import("./restore.js");
      done(await restoreCommand(file, options));
    });
}

function addGenerate(program: Command, done: (code: number) => void): void {
  const command = program
    .command("generate")
    .description("make a synthetic image from a seed, and a description to check it by")
    .requiredOption("-o, --output <path>", 'path of the image, or "-" for standard output');
  addOutputOptions(command)
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
    )
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (options) => {
      const { generateCommand } = await import("./generate.js");
      done(await generateCommand(options));
    });
}

function addExtract(program: Command, done: (code: number) => void): void {
  const command = program
    .command("extract")
    .description("write a guest's memory as raw, ELF core or LiME")
    .argument("<file>", 'path of an image, or "-" for standard input')
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
    .option("--pfn <n[-m]>", "this page, or these (to standard output if no -o)", parsePfns)
    .option("--checkpoint <n>", "the guest as of checkpoint N", parseInteger(1, 2 ** 31))
    .option("--genid <id>", "VM Generation ID: keep, new, 32 hex digits or a UUID", "keep")
    .option("--salvage", "recover what is whole of a damaged image (exit 1)", false)
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (file: string, options) => {
      const { extractCommand } = await import("./extract.js");
      done(await extractCommand(file, options));
    });
}

function addDiff(program: Command, done: (code: number) => void): void {
  const command = program
    .command("diff")
    .description("compare the memory of two guests page by page")
    .argument("<a>", 'path of an image, or "-" for standard input')
    .argument("<b>", "path of the other");
  addOutputOptions(addReadingOptions(command))
    .addOption(
      new Option("--state <name>", "memory as sent, or after the restorer's fix-ups")
        .choices(["stream", "restored"])
        .default("stream"),
    )
    .option("--bytes", "list the bytes that differ", false)
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (a: string, b: string, options) => {
      const { diffCommand } = await import("./diff.js");
      done(await diffCommand(a, b, options));
    });
}

function addManifest(program: Command, done: (code: number) => void): void {
  const command = program
    .command("manifest")
    .description("write the page digests of an image, or find rot by such a file")
    .argument("<file>", 'path of an image, or "-" for standard input')
    .option("-o, --output <path>", 'path of the manifest, or "-" for standard output')
    .option("--check <manifest>", "find rot in the image, and name the pfns");
  addOutputOptions(addReadingOptions(command))
    .addOption(
      new Option("--state <name>", "memory as sent, or after the restorer's fix-ups")
        .choices(["stream", "restored"])
        .default("stream"),
    )
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (file: string, options) => {
      const { manifestCommand } = await import("./manifest.js");
      done(await manifestCommand(file, options));
    });
}
