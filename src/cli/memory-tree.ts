/**
 * The commands that take a guest's memory out of an image or compare it: `extract`, `diff` and
 * `manifest`, with their options. Loads nothing but commander: help needs it, the work comes later.
 */
import { type Command, Option } from "commander";
import { addExamples } from "./examples.js";
import {
  addDomainOptions,
  addOutputOptions,
  addReadingOptions,
  FILE_HELP,
  GENID_HELP,
  parseInteger,
  parsePfns,
} from "./options.js";

/** Add `extract` to the tree; `done` is told its exit code. */
export function addExtract(program: Command, done: (code: number) => void): void {
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
    .option(
      "--checkpoint <n>",
      "the guest as of checkpoint N, or of the last there is",
      parseInteger(1, 2 ** 31),
    )
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

/** Add `diff` to the tree; `done` is told its exit code. */
export function addDiff(program: Command, done: (code: number) => void): void {
  const command = program
    .command("diff")
    .description("compare the memory of two guests page by page")
    .argument("<a>", FILE_HELP)
    .argument("<b>", "the other, likewise");
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

/** Add `manifest` to the tree; `done` is told its exit code. */
export function addManifest(program: Command, done: (code: number) => void): void {
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
