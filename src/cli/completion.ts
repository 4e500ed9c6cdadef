/**
 * `xenstream completion SHELL`: a completion script for bash, zsh or fish, made from the command
 * tree. The scripts ask nothing of xenstream when a key is pressed: all words are in them.
 */
import type { Command } from "commander";
import { writeOut } from "./output.js";
import { TOPICS } from "./topics.js";
import { type Tree, type TreeCommand, type TreeOption, treeOf } from "./tree.js";

/** Shells that there are scripts for. */
export type Shell = "bash" | "zsh" | "fish";

/** Print the script. */
export function completionCommand(program: Command, shell: Shell): void {
  writeOut(completionScript(treeOf(program), shell));
}

/** The script as text. */
export function completionScript(tree: Tree, shell: Shell): string {
  const makers = { bash: bashScript, zsh: zshScript, fish: fishScript };
  return makers[shell](tree);
}

/** Words that a command's first argument may be; empty where it is a path. */
function wordsOf(command: TreeCommand, tree: Tree): readonly string[] {
  if (command.name === "help") {
    return [...tree.commands.map(({ name }) => name), ...TOPICS.map(({ name }) => name)];
  }
  return command.arguments[0]?.choices ?? [];
}

function takesPaths(command: TreeCommand): boolean {
  return command.arguments.some(({ isPath }) => isPath);
}

function bashScript(tree: Tree): string {
  const cases = tree.commands.map((command) => {
    const flags = command.options.map(({ long }) => long).join(" ");
    const words = wordsOf(command, tree).join(" ");
    const paths = takesPaths(command) ? 1 : 0;
    return `    ${command.name}) flags="${flags}"; words="${words}"; paths=${paths} ;;`;
  });
  // The same option may take other values in another command.
  // The same option may take other values in another command.
  const values = tree.commands.flatMap(({ name, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ long, choices }) => `    "${name} ${long}") values="${choices.join(" ")}" ;;`),
  );
  const names = tree.commands.map(({ name }) => name).join(" ");
  return `# bash completion of ${tree.name}; made by "${tree.name} completion bash"
_${tree.name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local command="" flags="" words="" values="" paths=0 i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} != -* ]] && { command=\${COMP_WORDS[i]}; break; }
  done
  case "$command $prev" in
${values.join("\n")}
    *) values="-" ;;
  esac
  if [[ $values != - ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$cur")
    return
  fi
  case $command in
${cases.join("\n")}
    *) flags="${tree.options.map(({ long }) => long).join(" ")}"; words="${names}" ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
  elif [[ -n $words && ( $paths == 0 || $COMP_CWORD -le $((i + 1)) ) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  elif [[ $paths == 1 ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  fi
}
complete -F _${tree.name} ${tree.name}
`;
}

function zshScript(tree: Tree): string {
  const names = tree.commands.map((c) => `    ${zshQuoted(`${c.name}:${zshText(c.description)}`)}`);
  const cases = tree.commands.map((command) => {
    const specs = command.options.map(zshOption);
    const words = wordsOf(command, tree).join(" ");
    const paths = takesPaths(command);
    const rest = [
      words === "" ? "" : `'${paths ? "1" : "*"}:word:(${words})'`,
      paths ? "'*:file:_files'" : "",
    ];
    const lines = [...specs, ...rest].filter((line) => line !== "").join(" \\\n        ");
    return `    ${command.name})\n      _arguments -S \\\n        ${lines}\n      ;;`;
  });
  return `#compdef ${tree.name}
# zsh completion of ${tree.name}; made by "${tree.name} completion zsh"
_${tree.name}() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_${tree.name}" ]; then
  _${tree.name} "$@"
else
  compdef _${tree.name} ${tree.name}
fi
`;
}

function zshOption(option: TreeOption): string {
  const value = option.choices.length > 0 ? `:value:(${option.choices.join(" ")})` : ":value:";
  const text = zshText(option.description);
  return zshQuoted(`${option.long}[${text}]${option.takesValue ? value : ""}`);
}

/** Without what ends a description. */
function zshText(text: string): string {
  return text.replaceAll(/[[\]:]/g, " ").replaceAll(/ +/g, " ");
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishScript(tree: Tree): string {
  const name = tree.name;
  const lines = [`# fish completion of ${name}; made by "${name} completion fish"`];
  lines.push(`complete -c ${name} -f`);
  for (const command of tree.commands) {
    const text = fishQuoted(command.description);
    lines.push(`complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${text}`);
  }
  for (const command of tree.commands) {
    const when = `-n '__fish_seen_subcommand_from ${command.name}'`;
    if (takesPaths(command)) lines.push(`complete -c ${name} ${when} -F`);
    const words = wordsOf(command, tree);
    if (words.length > 0) lines.push(`complete -c ${name} ${when} -a '${words.join(" ")}'`);
    for (const option of command.options) lines.push(fishOption(name, when, option));
  }
  return `${lines.join("\n")}\n`;
}

function fishOption(name: string, when: string, option: TreeOption): string {
  const value = option.choices.length > 0 ? ` -x -a '${option.choices.join(" ")}'` : " -x";
  const long = option.long.replace(/^--/, "");
  const text = fishQuoted(option.description);
  return `complete -c ${name} ${when} -l ${long}${option.takesValue ? value : ""} -d ${text}`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
