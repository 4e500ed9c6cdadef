/**
 * The command tree as plain data: what completions and the man page are made from, so that they
 * cannot say other than the program does.
 */
import type { Argument, Command, Option } from "commander";

/** An option as a user types it. */
export interface TreeOption {
  /** As `--profile <name>`. */
  readonly flags: string;
  readonly long: string;
  readonly short: string | null;
  readonly description: string;
  readonly takesValue: boolean;
  /** Empty where any value will do. */
  readonly choices: readonly string[];
  /** Null where there is none worth naming. */
  readonly defaultText: string | null;
}

/** An argument as usage shows it. */
export interface TreeArgument {
  readonly usage: string;
  readonly description: string;
  readonly choices: readonly string[];
  /** Whether it names a file. */
  readonly isPath: boolean;
}

/** A command with all that its help shows. */
export interface TreeCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly TreeOption[];
  readonly arguments: readonly TreeArgument[];
  /** What stands behind the options in its help: examples, exit codes. */
  readonly after: string;
}

/** The whole tree. */
export interface Tree {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly commands: readonly TreeCommand[];
  readonly options: readonly TreeOption[];
}

/** Names of arguments that are no paths. */
const NO_PATHS: ReadonlySet<string> = new Set(["topic", "shell", "rule", "operation"]);

/** The tree of a program as buildProgram() makes it. */
export function treeOf(program: Command): Tree {
  return {
    name: program.name(),
    description: program.description(),
    version: program.version() ?? "",
    options: optionsOf(program),
    commands: program.commands.map((command) => ({
      name: command.name(),
      description: command.description(),
      options: optionsOf(command),
      arguments: command.registeredArguments.map(argumentOf),
      after: afterText(command),
    })),
  };
}

function optionsOf(command: Command): TreeOption[] {
  const help = command.createHelp();
  return help.visibleOptions(command).map((option: Option) => ({
    flags: option.flags,
    long: option.long ?? option.short ?? "",
    short: option.long ? (option.short ?? null) : null,
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    defaultText:
      option.defaultValue === undefined || typeof option.defaultValue === "boolean"
        ? null
        : String(option.defaultValue),
  }));
}

function argumentOf(argument: Argument): TreeArgument {
  const name = argument.name() + (argument.variadic ? "..." : "");
  return {
    usage: argument.required ? `<${name}>` : `[${name}]`,
    description: argument.description,
    choices: argument.argChoices ?? [],
    isPath: !NO_PATHS.has(argument.name()) && argument.argChoices === undefined,
  };
}

/** What addHelpText("after") put there: the help with it, less the help without. */
function afterText(command: Command): string {
  const written: string[] = [];
  const before = command.configureOutput();
  command.configureOutput({ ...before, writeOut: (text) => written.push(text) });
  command.outputHelp();
  command.configureOutput(before);
  return written.join("").slice(command.helpInformation().length).trim();
}
