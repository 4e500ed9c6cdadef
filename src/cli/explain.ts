/** The command `explain`: one rule of the registry as text or as a document. */
import { explainRule } from "../ops/index.js";
import { renderExplain } from "../report/index.js";
import { EXIT_ACCEPTED } from "./exit-codes.js";
import type { OutputOptions } from "./options.js";
import { writeJson, writeOut } from "./output.js";
import { TOOL } from "./reading.js";
import { factsOf, styleFor } from "./terminal.js";

/** Returns the exit code; throws a UsageError with the nearest ids where there is no such rule. */
export async function explainCommand(id: string, flags: OutputOptions): Promise<number> {
  const rule = explainRule(id);
  if (flags.json) writeJson({ v: 1, command: "explain", tool: TOOL, ...rule });
  else writeOut(renderExplain(rule, await styleFor(factsOf("stdout"), flags.color)));
  return EXIT_ACCEPTED;
}
