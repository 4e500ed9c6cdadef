/**
 * The commands that make images: `convert` and `generate`, with their options. Loads nothing but
 * commander: help needs it, the work comes later.
 */
import { type Command, Option } from "commander";
import { addExamples } from "./examples.js";
import {
  addFindingsOption,
  addOutputOptions,
  addReadingOptions,
  FILE_HELP,
  GENID_HELP,
  parseBytes,
  parseInteger,
} from "./options.js";

/** Add `convert` to the tree; `done` is told its exit code. */
export function addConvert(program: Command, done: (code: number) => void): void {
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

/** Add `generate` to the tree; `done` is told its exit code. */
export function addGenerate(program: Command, done: (code: number) => void): void {
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
