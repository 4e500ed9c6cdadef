/** What stands at the end of every command's help. */
import type { Command } from "commander";
import { EXIT_CODES_HELP } from "./exit-codes.js";

/** Examples and exit codes at the end of a command's help; a comment goes below if it must. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [line: string, comment: string])[],
): void {
  const lines = examples.map(([line, comment]) => `  # ${comment}\n  ${line}`);
  command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`);
  command.addHelpText("after", EXIT_CODES_HELP);
}
