/**
 * The command `host` in the command tree, and how its options are parsed. What it does is loaded
 * when it is called.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { addOutputOptions, parseBytes, parseInteger } from "./options.js";

const WORDS = /^(0x)?[0-9a-f]{1,8}([:,\s]+(0x)?[0-9a-f]{1,8})*$/i;
const GUESTS = ["hvm", "pvh", "pv64", "pv32"];
const BITS_MIN = 32;
const BITS_MAX = 52;
const MAX_VCPUS = 65_535;

/** Words of a featureset, as xen-cpuid prints them: hex with colons between. */
export function parseWords(text: string): string[] {
  if (!WORDS.test(text.trim())) {
    throw new InvalidArgumentError(
      "Expected words as xen-cpuid prints them: 178bfbff:f6f83203:...",
    );
  }
  const words = text
    .trim()
    .toLowerCase()
    .split(/[:,\s]+/);
  return words.map((word) => `0x${word.replace(/^0x/, "").replace(/^0+(?=.)/, "")}`);
}

/** A mask of up to 64 bits, as a hex string. */
export function parseMask(text: string): string {
  if (!/^0x[0-9a-f]{1,16}$/i.test(text)) throw new InvalidArgumentError("Expected hex, as 0x7.");
  return `0x${BigInt(text).toString(16)}`;
}

function parseNames(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new InvalidArgumentError("Expected names with commas between.");
  return names;
}

function parseGuests(text: string): string[] {
  const names = parseNames(text);
  if (names.every((name) => GUESTS.includes(name))) return names;
  throw new InvalidArgumentError(`Expected some of ${GUESTS.join(", ")}, with commas between.`);
}

/** Add `host`; `done` is told its exit code, `addExamples` ends its help. */
export function addHost(
  program: Command,
  done: (code: number) => void,
  addExamples: (command: Command, lines: readonly (readonly [string, string])[]) => void,
): void {
  const integer = (max: number) => parseInteger(1, max);
  const command = program
    .command("host")
    .description("describe a host, for verify --on: from options and from what its tools print")
    .requiredOption("-o, --output <path>", 'path of the description, or "-" for standard output')
    .option("--xl-info <path>", 'what "xl info" printed there; "-" is standard input')
    .option(
      "--xen-cpuid <path>",
      'what "xen-cpuid" or "xen-cpuid -p" printed there; may be repeated',
      (path: string, paths: readonly string[] = []) => [...paths, path],
    )
    .option("--name <name>", "what to call it")
    .option("--xen <release>", "release of Xen, as 4.17")
    .option("--arch <name>", "as uname -m has it: x86_64")
    .option("--guests <list>", `kinds it runs: ${GUESTS.join(",")}`, parseGuests)
    .option("--memory <size>", "memory of the machine", parseBytes)
    .option("--free-memory <size>", "memory that is free for guests", parseBytes)
    .option("--cpus <n>", "processors", integer(MAX_VCPUS))
    .option("--vcpus <n>", "vcpus that one guest may have", integer(MAX_VCPUS))
    .option("--hvm-vcpus <n>", "the same, of HVM and PVH guests alone", integer(MAX_VCPUS))
    .option("--pv-vcpus <n>", "the same, of PV guests alone", integer(MAX_VCPUS))
    .option("--cpu-vendor <name>", "as CPUID has it: GenuineIntel")
    .option("--address-bits <n>", "physical address bits", parseInteger(BITS_MIN, BITS_MAX))
    .option("--xcr0 <mask>", "extended state that guests may use, as 0x7", parseMask)
    .option("--hvm-max <words>", "most features of an HVM guest: words in Xen's order", parseWords)
    .option("--pv-max <words>", "most features of a PV guest", parseWords)
    .option("--viridian <mask>", "Viridian features that its Xen knows, as 0x1fff", parseMask)
    .option("--tsc-khz <n>", "frequency of its TSC", integer(2 ** 31 - 1))
    .addOption(
      new Option("--tsc-scaling <yesno>", "whether guests' TSCs can be scaled").choices([
        "yes",
        "no",
      ]),
    )
    .option("--device-models <list>", "as qemu-xen,qemu-xen-traditional", parseNames)
    .option("--machines <list>", "machines of its QEMU, as xenfv", parseNames);
  addOutputOptions(command);
  addExamples(command, [
    ["xl info > info; xen-cpuid -p > cpu", "on the host"],
    ["xenstream host --xl-info info --xen-cpuid cpu -o b.json", "anywhere"],
    ["xenstream host --xen 4.17 --memory 64GiB --vcpus 8 -o b.json", "by hand"],
    ["xenstream verify --on b.json vm.save", "will it restore there?"],
  ]);
  command.action(async (flags) => {
    const { hostCommand } = await import("./host.js");
    done(await hostCommand(flags));
  });
}
