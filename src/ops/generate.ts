/**
 * `generate`: make a synthetic image and the description that says what it is. Written as it is
 * made, in bounded memory. Both files appear once everything is done, or not at all. The image
 * itself is export/generate's; nothing here reads it back.
 */
import type { Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import {
  CONTAINER_CHAINS,
  countMemory,
  type GenerateOptions,
  type GuestModel,
  hashMemory,
  ItemCounter,
  imageItems,
  lastPassOf,
  modelOf,
  needsCheckpointedFlag,
  PHYSMAP,
  qemuState,
  resolveGenerateOptions,
  writeItem,
  xenOf,
} from "../export/index.js";
import type { GenerateDescription, GenerateDigests } from "../findings/index.js";
import { EMULATOR_QEMU_UPSTREAM, PAGE_BYTES } from "../format/index.js";
import { nodeCrypto } from "./builtins.js";
import { type Output, openOutput, writeOutput } from "./output.js";
import { mustSpare } from "./same-file.js";
import { VERSION } from "./version.js";

/** How far a generation is. */
export interface GenerateProgress {
  readonly stage: "image" | "digest";
  readonly doneBytes: number;
  /** Guest memory: more or less what there is to do in the stage. */
  readonly totalBytes: number;
}

/** One image to make. */
export interface GenerateRequest {
  /** Path of the image, "-" for standard output. */
  readonly path: string;
  /** Path of the description; null: none. */
  readonly describePath: string | null;
  /** What the image is like; all else by default, or as the fault needs it. */
  readonly options: Partial<GenerateOptions>;
  /** Whether the description has hashes of image and memory: memory is then made twice. */
  readonly digest: "none" | "sha256";
  /** Ends the work early; what was written is removed and its reason thrown. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: GenerateProgress) => void) | undefined;
}

/** Bytes made between two looks at the signal. */
const PAUSE_BYTES = 32 * 1024 * 1024;

/**
 * Make an image and its description.
 *
 * @returns the description
 * @throws {UsageError} for options that contradict each other or the fault; nothing is written then
 * @throws {InputError} code "output", if a file cannot be written
 */
export async function generateImage(request: GenerateRequest): Promise<GenerateDescription> {
  const options = resolveGenerateOptions(request.options);
  const { describePath } = request;
  if (describePath !== null) mustSpare(request.path, describePath, "--describe");
  const output = openOutput(request.path);
  try {
    const description = await describedImage(output, request, options);
    output.close();
    if (describePath !== null) writeDescription(describePath, description);
    return description;
  } catch (error) {
    output.abort();
    throw error;
  }
}

function writeDescription(path: string, description: GenerateDescription): void {
  const text = `${JSON.stringify(description, null, 2)}\n`;
  writeOutput(path, (output) => output.write(new TextEncoder().encode(text)));
}

async function describedImage(
  output: Output,
  request: GenerateRequest,
  options: GenerateOptions,
): Promise<GenerateDescription> {
  const model = modelOf(options);
  const hash = request.digest === "sha256" ? nodeCrypto().createHash("sha256") : null;
  const counter = await writeImage(output, hash, model, request, options);
  const head = {
    v: 1,
    command: "generate",
    tool: { name: "xenstream", version: VERSION },
    bytes: output.byteCount,
    ...(hash === null ? {} : { sha256: hash.digest("hex") }),
    options: describedOptions(options),
    container: CONTAINER_CHAINS[options.container],
    checkpointed: needsCheckpointedFlag(options),
  } as const;
  // Of an image with a fault the model knows the fault and nothing else for sure.
  if (options.fault !== null) return { ...head, fault: options.fault };
  const memory = countMemory(model.memory, lastPassOf(options));
  const digests = hash === null ? {} : await digestsOf(model, request, options);
  return {
    ...head,
    fault: null,
    stream: {
      version: options.version,
      guest: model.kind,
      xen: xenOf(options.version),
      checkpoints: options.checkpoints,
      ...counter.counts(),
      trailingBytes: 0,
    },
    memory: { ...memory, ...digests },
    ...guestFacts(model, options),
  };
}

/** Write all items; the hash sees every byte. */
async function writeImage(
  output: Output,
  hash: Hash | null,
  model: GuestModel,
  request: GenerateRequest,
  options: GenerateOptions,
): Promise<ItemCounter> {
  const counter = new ItemCounter();
  const sink = {
    write(bytes: Uint8Array): void {
      output.write(bytes);
      hash?.update(bytes);
    },
  };
  let pausedAt = 0;
  for (const item of imageItems(model, options)) {
    counter.add(item);
    if (!writeItem(sink, item) || output.readerGone) break;
    if (output.byteCount - pausedAt < PAUSE_BYTES) continue;
    pausedAt = output.byteCount;
    await pause(request, {
      stage: "image",
      doneBytes: pausedAt,
      totalBytes: options.sizeBytes,
    });
  }
  return counter;
}

async function digestsOf(
  model: GuestModel,
  request: GenerateRequest,
  options: GenerateOptions,
): Promise<GenerateDigests> {
  const stream = nodeCrypto().createHash("sha256");
  const steps = hashMemory(model, lastPassOf(options), stream);
  let pausedAt = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) {
    const doneBytes = step.value * PAGE_BYTES;
    if (doneBytes - pausedAt < PAUSE_BYTES) continue;
    pausedAt = doneBytes;
    await pause(request, { stage: "digest", doneBytes, totalBytes: options.sizeBytes });
  }
  return { streamSha256: stream.digest("hex"), restoredSha256: step.value.digest("hex") };
}

/** Let signals and progress have their turn. */
async function pause(request: GenerateRequest, progress: GenerateProgress): Promise<void> {
  request.onProgress?.(progress);
  await setImmediate();
  request.signal?.throwIfAborted();
}

/** The options, all of them, by the names of the flags. */
function describedOptions(options: GenerateOptions): GenerateDescription["options"] {
  const { sizeBytes, seed, guest, container, vcpus, version, live, checkpoints, verify } = options;
  return {
    size: sizeBytes,
    seed,
    guest,
    container,
    vcpus,
    streamVersion: version,
    live,
    checkpoints,
    verify,
    zero: options.zeroPercent,
    repeat: options.repeatPercent,
    genid: options.genid === null ? null : Buffer.from(options.genid).toString("hex"),
  };
}

/** What restore says beside memory: parameters, emulator state, Xenstore entries. */
function guestFacts(model: GuestModel, options: GenerateOptions) {
  const hvmParams: Record<string, string> = {};
  for (const [index, value] of model.restoredParams) hvmParams[index] = `0x${value.toString(16)}`;
  const emulated = options.guest === "hvm" && options.container !== "libxc";
  const bytes = emulated ? qemuState(options.seed).length : 0;
  const libxl = CONTAINER_CHAINS[options.container].includes("libxl");
  return {
    ...(model.kind === "hvm" ? { hvmParams } : {}),
    ...(emulated && libxl
      ? { emulator: [{ id: EMULATOR_QEMU_UPSTREAM, bytes }], xenstore: PHYSMAP }
      : {}),
  };
}
