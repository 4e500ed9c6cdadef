/**
 * `extract --section`: one part of an image that is not memory, as the bytes that a restorer would
 * hand on: the device model's state and Xenstore entries, the config, the HVM context.
 */
import type { EngineName } from "../engine/index.js";
import { type ExtractResult, UsageError } from "../findings/index.js";
import { drive, openInput } from "../input/index.js";
import type { Restorer } from "../restore/index.js";
import { packXenstorePairs } from "../stream/index.js";
import { fileResult, withCompression } from "./documents.js";
import { withExcerpts } from "./excerpts.js";
import { driveOptions, openOptions, type ReadingHooks } from "./hooks.js";
import { Image, READ_HERE, type ReadingOptions } from "./image.js";
import { STANDARD_OUTPUT, writeOutput } from "./output.js";
import type { Platform } from "./runtime.js";
import { mustSpare } from "./same-file.js";

/** Parts that can be extracted. */
export type SectionName = "emulator" | "xenstore" | "config" | "hvm-context" | "qemu";

/** What `extract --section` takes beyond the reading options. */
export interface ExtractSectionOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
  readonly section: SectionName;
}

/**
 * Write one section of the image at `path` into the file `outputPath`, "-" each for the standard
 * streams. Nothing is written of an image that is rejected.
 *
 * @throws {UsageError} if the image has no such section
 * @throws {InputError} if the input cannot be read or the output cannot be written
 */
export async function extractSectionFile(
  platform: Platform,
  path: string,
  outputPath: string,
  options: ExtractSectionOptions,
  hooks: ReadingHooks = {},
): Promise<ExtractResult> {
  mustSpare(path, outputPath);
  const startMs = performance.now();
  const { source, compression, file } = await openInput(path, openOptions(hooks, options.limits));
  try {
    const model = source.seekable ? "indexed" : "resident";
    const engine = platform.engine(options.engine);
    const image = new Image(engine, { ...options, readData: false, model });
    await drive(image.run(), source, driveOptions(hooks, source));
    const { size } = source;
    const bytes = size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
    const judged = fileResult(image, file, bytes, performance.now() - startMs);
    const result = await withExcerpts(judged, source, hooks.signal);
    if (image.collector.rejectsBeyond(READ_HERE)) return withCompression(result, compression);
    const section = sectionOf(image.restorer, options.section);
    if (section === null) {
      throw new UsageError(`${file} has no section ${options.section}`, { option: "--section" });
    }
    writeOutput(outputPath, (output) => output.write(section));
    const written = outputPath === STANDARD_OUTPUT ? null : outputPath;
    const output = { file: written, bytes: section.length };
    return withCompression({ ...result, output }, compression);
  } finally {
    await source.close();
  }
}

/** The bytes of a section, null if the image has none. A config comes without its NUL. */
function sectionOf(restorer: Restorer, section: SectionName): Uint8Array | null {
  const { libxl, domain, sections } = restorer;
  const named = (name: string) => sections.findLast((event) => event.name === name)?.body ?? null;
  switch (section) {
    case "emulator":
      return libxl.emulatorContext ?? named("qemu");
    case "qemu": {
      const state = libxl.emulatorContext ?? named("qemu");
      return state !== null && isQemu(state) ? state : null;
    }
    case "xenstore": {
      const pairs = [...new Map(libxl.xenstore)];
      return pairs.length === 0 ? null : packXenstorePairs(pairs);
    }
    case "config": {
      const config = named("config") ?? named("metadata");
      if (config === null || config.length === 0) return null;
      return config.at(-1) === 0 ? config.subarray(0, -1) : config;
    }
    case "hvm-context":
      return domain?.hvmContext?.body ?? named("hvm-context");
  }
}

/** QEMU's state begins with its magic; that of another device model does not. */
function isQemu(state: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(state.subarray(0, 4)) === "QEVM";
}
