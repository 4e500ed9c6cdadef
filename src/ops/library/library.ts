/**
 * The library: verify, inspect, restore and open any kind of input, asynchronously. Puts together
 * what the commands are made of; the commands themselves stand beside this folder.
 */
import type { FileResult, InspectResult, RestoreFileResult } from "../../findings/index.js";
import { Listing } from "../inspect.js";
import { wasmBytes } from "../wasm-bytes.js";
import { EnginePool } from "./engine-pool.js";
import { NoGuestError, OpenGuest } from "./guest.js";
import type { ImageInput } from "./input.js";
import {
  type CheckedOptions,
  checkInteger,
  checkOptions,
  type InspectOptions,
  type OpenGuestOptions,
  type RestoreOptions,
  type VerifyOptions,
} from "./options.js";
import {
  digestGuest,
  lightModel,
  openChecked,
  restoredOf,
  restoreModel,
  resultOf,
  runImage,
  withInput,
} from "./run.js";

/** How a context is made. */
export interface XenstreamOptions {
  /**
   * Engines kept for later calls, 0..64; 1 by default. A kept engine holds on to the memory that its
   * largest image took.
   */
  readonly maxIdleEngines?: number | undefined;
  /**
   * The bytes of engine.wasm, where they are not to be read from beside the library: for programs
   * that are bundled into one file. Called once, when the WASM engine is first needed.
   */
  readonly wasmBytes?: (() => Uint8Array) | undefined;
}

/**
 * A context for many calls: the engine's module is compiled once, and engines are used again. Calls
 * may run at the same time, each on an engine of its own. Needs no closing.
 */
export interface Xenstream {
  /** As the function `verify()`. */
  verify(input: ImageInput, options?: VerifyOptions): Promise<FileResult>;
  /** As the function `inspect()`. */
  inspect(input: ImageInput, options?: InspectOptions): Promise<InspectResult>;
  /** As the function `restore()`. */
  restore(input: ImageInput, options?: RestoreOptions): Promise<RestoreFileResult>;
  /** As the function `openGuest()`. */
  openGuest(input: ImageInput, options?: OpenGuestOptions): Promise<OpenGuest>;
}

/**
 * Make a context for many calls.
 *
 * @throws {UsageError} for options that cannot be
 */
export function createXenstream(options: XenstreamOptions = {}): Xenstream {
  const maxIdle = checkInteger("maxIdleEngines", options.maxIdleEngines, 0, 64) ?? 1;
  const pool = new EnginePool(options.wasmBytes ?? wasmBytes, maxIdle);
  return {
    verify: async (input, given = {}) => await verifyInput(pool, input, checkOptions(given)),
    inspect: async (input, given = {}) => await inspectInput(pool, input, checkOptions(given)),
    restore: async (input, given = {}) => await restoreInput(pool, input, checkOptions(given)),
    openGuest: async (input, given = {}) => await openInputGuest(pool, input, checkOptions(given)),
  };
}

/**
 * Is one image right? What is wrong with it is in the result, with rule, place and reason: a
 * rejected image is no error of the call.
 *
 * @param input  a path, bytes, Blob, stream or source; see ImageInput for who owns it
 * @returns verdict, containers, counts and findings, as `xenstream verify --json` has them
 * @throws {InputError} if the input cannot be read
 * @throws {CapacityError} if a limit is in the way; its `limit` and `asked` say which
 * @throws {UsageError} for an option or input that cannot be
 * @throws the signal's reason, once it is aborted, and what `onProgress` throws
 */
export function verify(input: ImageInput, options: VerifyOptions = {}): Promise<FileResult> {
  return createXenstream().verify(input, options);
}

/**
 * What is in one image: every header and record in order, decoded, next to what verify() gives.
 *
 * @param input  a path, bytes, Blob, stream or source; see ImageInput for who owns it
 * @returns lists of at most `limits.maxRecordsListed` records, as `xenstream inspect --json`
 * @throws as verify()
 */
export function inspect(input: ImageInput, options: InspectOptions = {}): Promise<InspectResult> {
  return createXenstream().inspect(input, options);
}

/**
 * Simulate the restore of one image and report the memory that results. Writes nothing.
 *
 * @param input  a path, bytes, Blob, stream or source; see ImageInput for who owns it
 * @returns what verify() gives, and memory, parameters and completion steps, as far as the image
 *   has them
 * @throws as verify(); {UsageError} for an indexed guest of an input that can be read only once
 */
export function restore(
  input: ImageInput,
  options: RestoreOptions = {},
): Promise<RestoreFileResult> {
  return createXenstream().restore(input, options);
}

/**
 * Simulate the restore of one image and keep the guest open for questions.
 *
 * @param input  as for restore(); it stays open, and bytes stay borrowed, until the guest is closed
 * @returns a guest that the caller closes; look at its `result.verdict` first
 * @throws as restore(); {NoGuestError} if there is no guest in the image
 */
export function openGuest(input: ImageInput, options: OpenGuestOptions = {}): Promise<OpenGuest> {
  return createXenstream().openGuest(input, options);
}

function verifyInput(pool: EnginePool, input: ImageInput, options: CheckedOptions) {
  return withInput(input, options, (opened) =>
    pool.use(options.engine, async (engine): Promise<FileResult> => {
      const model = lightModel(opened.source);
      const image = await runImage(engine, opened, options, { model });
      return await resultOf(image, opened, options);
    }),
  );
}

function inspectInput(pool: EnginePool, input: ImageInput, options: CheckedOptions) {
  return withInput(input, options, (opened) =>
    pool.use(options.engine, async (engine): Promise<InspectResult> => {
      const listing = new Listing(options.reading.limits.maxRecordsListed);
      const image = await runImage(engine, opened, options, {
        model: lightModel(opened.source),
        onBatch: (facts) => listing.batch(facts),
        observe: (event, seenOf) => listing.event(event, seenOf),
      });
      return { ...(await resultOf(image, opened, options)), ...listing.document(image) };
    }),
  );
}

function restoreInput(pool: EnginePool, input: ImageInput, options: CheckedOptions) {
  return withInput(input, options, (opened) =>
    pool.use(options.engine, async (engine): Promise<RestoreFileResult> => {
      const model = restoreModel(opened.source, options);
      const image = await runImage(engine, opened, options, { model });
      const { guest } = image.restorer;
      const digests =
        guest === null || options.digest === null
          ? {}
          : await digestGuest(guest, opened.source, options.digest, options);
      return await restoredOf(image, opened, options, digests);
    }),
  );
}

async function openInputGuest(
  pool: EnginePool,
  input: ImageInput,
  options: CheckedOptions,
): Promise<OpenGuest> {
  const opened = await openChecked(input, options);
  const { source } = opened;
  try {
    const engine = pool.lease(options.engine);
    const model = restoreModel(source, options);
    const image = await runImage(engine, opened, options, { model });
    const result = await restoredOf(image, opened, options, {});
    const { guest, domain } = image.restorer;
    if (guest === null || domain === null) throw new NoGuestError(result);
    const release = () => pool.giveBack(engine);
    return new OpenGuest({ result, guest, hvmParams: domain.hvmParams, source, release });
  } catch (error) {
    await source.close();
    throw error;
  }
}
