/** The command `generate`: flags to options, one image through ops/generate, one line or document. */
import { UsageError } from "../findings/index.js";
import {
  type GeneratedContainer,
  type GeneratedGuest,
  type GenerateOptions,
  generateImage,
  isFilePath,
  parseGenid,
  STANDARD_OUTPUT,
} from "../ops/index.js";
import { printable } from "../report/index.js";
import { EXIT_ACCEPTED } from "./exit-codes.js";
import { interruptible } from "./interruptible.js";
import type { SharedOptions } from "./options.js";
import { writeJson, writeOut } from "./output.js";

/** The flags of `generate`, as parsed. */
export interface GenerateFlags extends Pick<SharedOptions, "json" | "quiet"> {
  readonly output: string;
  readonly size?: number;
  readonly seed?: number;
  readonly guest?: GeneratedGuest;
  readonly container?: GeneratedContainer;
  readonly vcpus?: number;
  readonly streamVersion?: 2 | 3;
  readonly live?: number;
  readonly checkpoints?: number;
  readonly verify?: true;
  readonly zero?: number;
  readonly repeat?: number;
  readonly genid?: string;
  readonly fault?: string;
  /** A path; false with --no-describe. */
  readonly describe?: string | false;
  readonly digest: "none" | "sha256";
}

/** Returns the exit code. */
export async function generateCommand(flags: GenerateFlags): Promise<number> {
  const { output, quiet, json } = flags;
  const toStdout = output === STANDARD_OUTPUT;
  if (toStdout && json) {
    throw new UsageError("the image and the document would both go to standard output", {
      option: "--json",
      allowed: "with a path for --output",
    });
  }
  const besides = isFilePath(output) ? `${output}.json` : null;
  const describePath = flags.describe === false ? null : (flags.describe ?? besides);
  const options = optionsOf(flags);
  return interruptible(async (signal) => {
    const { digest } = flags;
    const description = await generateImage({
      path: output,
      describePath,
      options,
      digest,
      signal,
    });
    if (json) writeJson(description);
    else if (!quiet && !toStdout) {
      const where = describePath === null ? "" : `, described in ${describePath}`;
      writeOut(`${printable(`${output}: ${description.bytes} bytes${where}`)}\n`);
    }
    return EXIT_ACCEPTED;
  });
}

/** Only what was given: the rest is up to the defaults and the fault. */
function optionsOf(flags: GenerateFlags): Partial<GenerateOptions> {
  const given: { -readonly [K in keyof GenerateOptions]?: GenerateOptions[K] } = {};
  if (flags.size !== undefined) given.sizeBytes = flags.size;
  if (flags.seed !== undefined) given.seed = flags.seed;
  if (flags.guest !== undefined) given.guest = flags.guest;
  if (flags.container !== undefined) given.container = flags.container;
  if (flags.vcpus !== undefined) given.vcpus = flags.vcpus;
  if (flags.streamVersion !== undefined) given.version = flags.streamVersion;
  if (flags.live !== undefined) given.live = flags.live;
  if (flags.checkpoints !== undefined) given.checkpoints = flags.checkpoints;
  if (flags.verify !== undefined) given.verify = flags.verify;
  if (flags.zero !== undefined) given.zeroPercent = flags.zero;
  if (flags.repeat !== undefined) given.repeatPercent = flags.repeat;
  if (flags.genid !== undefined) given.genid = parseGenid(flags.genid);
  if (flags.fault !== undefined) given.fault = flags.fault;
  return given;
}
