/**
 * The command tree, and what happens around a command: parsing, one error printer, the exit code.
 * Each command's file is loaded when the command is called.
 */
import { Command, CommanderError } from "commander";
import { VERSION } from "../ops/version.js";
import { EXIT_CODES_HELP, EXIT_USAGE, exitCodeOf } from "./exit-codes.js";
import { addDomainOptions, addOutputOptions, addReadingOptions, parseInteger } from "./options.js";
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
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (file: string, options) => {
      const { restoreCommand } = await import("./restore.js");
      done(await restoreCommand(file, options));
    });
}
