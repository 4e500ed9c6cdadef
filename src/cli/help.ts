/**
 * `xenstream help [TOPIC]`: the help of a command, or one of the topics. A name that is neither
 * gets a suggestion.
 */
import type { Command } from "commander";
import { writeOut } from "./output.js";
import { TOPICS } from "./topics.js";

/** A name this near is suggested. */
const NEAR_EDITS = 3;

/** Print what `name` asks for; without one, the program's help. Throws a CommanderError. */
export function helpCommand(program: Command, name: string | undefined): void {
  if (name === undefined) {
    program.outputHelp();
    return;
  }
  const topic = TOPICS.find((item) => item.name === name);
  if (topic !== undefined) {
    writeOut(`${topic.title}\n\n${topic.text}\n`);
    return;
  }
  const command = program.commands.find((item) => item.name() === name);
  if (command !== undefined) {
    command.outputHelp();
    return;
  }
  const names = [...program.commands.map((item) => item.name()), ...TOPICS.map((t) => t.name)];
  const near = nearest(name, names);
  const advice = near === null ? `\n(one of: ${names.join(", ")})` : `\n(Did you mean ${near}?)`;
  program.error(`error: no command or topic '${name}'${advice}`, { exitCode: 2 });
}

/** The name with the fewest edits to `typed`, if those are few; a beginning counts as near. */
export function nearest(typed: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let bestEdits = Math.min(NEAR_EDITS, Math.ceil(typed.length / 2)) + 1;
  for (const name of names) {
    const edits = typed.length > 1 && name.startsWith(typed) ? 1 : editDistance(typed, name);
    if (edits < bestEdits) {
      best = name;
      bestEdits = edits;
    }
  }
  return best;
}

/** Letters to insert, remove or replace to get from one word to the other. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
