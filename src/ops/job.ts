/**
 * One job of a batch, whoever asks for it: the embedded pool's worker or one that empties a queue.
 * Verify or restore as the commands of that name do, with the manifest on the way; whatever goes
 * wrong becomes an outcome. Not who gives out jobs, nor what becomes of outcomes: that is batch/.
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, normalize, parse, resolve } from "node:path";
import type { BatchJob, JobOutcome, JobSettings } from "../batch/index.js";
import {
  type BatchFailureLine,
  type BatchFileLine,
  DEFAULT_LIMITS,
  InputError,
  XenstreamError,
} from "../findings/index.js";
import { isRemote, shownName } from "../input/index.js";
import { DOMAIN_DEFAULTS } from "../restore/index.js";
import { DOCUMENT_VERSION } from "./documents.js";
import type { ReadingHooks } from "./hooks.js";
import type { Image } from "./image.js";
import type { JudgedInput, JudgedOpened } from "./judged.js";
import { checkOf, manifestOf } from "./manifest.js";
import { restoreFile } from "./restore.js";
import type { Platform } from "./runtime.js";
import { verifyFile } from "./verify.js";

/** A manifest of a folder of manifests is named like its image, with this behind. */
export const MANIFEST_SUFFIX = ".manifest";

/** Does jobs one after the other; the engine's memory is used again for the next image. */
export class JobWorker {
  readonly #makePlatform: () => Platform;
  #platform: Platform | null = null;

  constructor(makePlatform: () => Platform) {
    this.#makePlatform = makePlatform;
  }

  /**
   * Do one job. `elapsedMs` of the outcome is the image's alone, as in the command's document.
   *
   * @returns the image's result, or why there is none
   * @throws the signal's reason, once `hooks.signal` is aborted; what `hooks.onProgress` throws
   */
  async run(job: BatchJob, settings: JobSettings, hooks: ReadingHooks = {}): Promise<JobOutcome> {
    const abandoned = new Abandon(hooks);
    this.#platform ??= this.#makePlatform();
    try {
      const result = await resultOf(this.#platform, job, settings, abandoned.hooks);
      return { v: DOCUMENT_VERSION, type: "file", ...result, file: shownName(job.file) };
    } catch (error) {
      abandoned.rethrow(error);
      const failure = failureLine(job.file, error);
      // After a bug nobody knows what state the engine is in.
      if (failure.error.exitCode === EXIT_BUG) this.#platform = null;
      return failure;
    }
  }
}

/** Tells an error of the caller's making from one of the image. */
class Abandon {
  readonly hooks: ReadingHooks;
  readonly #signal: AbortSignal | undefined;
  #thrown: { readonly error: unknown } | null = null;

  constructor({ signal, onProgress }: ReadingHooks) {
    this.#signal = signal;
    this.hooks = {
      signal,
      onProgress:
        onProgress &&
        ((progress) => {
          try {
            onProgress(progress);
          } catch (error) {
            this.#thrown = { error };
            throw error;
          }
        }),
    };
  }

  rethrow(error: unknown): void {
    if (this.#thrown?.error === error) throw error;
    if (this.#signal?.aborted === true && this.#signal.reason === error) throw error;
  }
}

type JobResult = Omit<BatchFileLine, "v" | "type">;

async function resultOf(
  platform: Platform,
  { file, at = file }: BatchJob,
  settings: JobSettings,
  hooks: ReadingHooks,
): Promise<JobResult> {
  const { manifestDir, readData, memory, digest, maxMemoryBytes, ...reading } = settings;
  const limits = { ...DEFAULT_LIMITS, maxMemoryBytes };
  const options = { ...reading, ...DOMAIN_DEFAULTS, checkpoint: null, limits };
  const onJudged = (image: Image, judged: JudgedOpened): JobResult | Promise<JobResult> => {
    const { identity } = judged;
    const result: JobResult =
      identity === null ? judged.result : { ...judged.result, objectIdentity: identity };
    return manifestDir === null
      ? result
      : withManifest(image, { ...judged, result }, manifestPathOf(manifestDir, file, at), hooks);
  };
  return settings.operation === "verify"
    ? verifyFile(platform, at, { ...options, readData }, { ...hooks, onJudged })
    : // The other processors have jobs of their own.
      restoreFile(platform, at, { ...options, memory, digest, threads: 1 }, { ...hooks, onJudged });
}

/** Checks the manifest if there is one; else makes it of what is accepted and holds a guest. */
async function withManifest(
  image: Image,
  judged: JudgedInput,
  path: string,
  hooks: ReadingHooks,
): Promise<JobResult> {
  const { result } = judged;
  if (existsSync(path)) return { ...result, check: await checkOf(image, judged, path, hooks) };
  const { guest } = image.restorer;
  if (guest === null || result.verdict === "reject") return result;
  makeFolder(dirname(path));
  return { ...result, manifest: await manifestOf(guest, judged, path, "stream", hooks) };
}

/** A URL without its user and query: they would stand on disk, and signed ones change each time. */
function withoutSecrets(file: string): string {
  if (!isRemote(file)) return file;
  return shownName(file)
    .replace(/^(\w+:\/\/)[^/]*@/, "$1")
    .replace(/\?.*$/, "");
}

function makeFolder(path: string): void {
  try {
    makeFolders(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot make the folder ${path}: ${reason}`;
    throw new InputError(message, { code: "output", source: path, cause });
  }
}

/** Not Node's way, `recursive`: that never ends where a folder may not be made, as in /proc. */
function makeFolders(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another worker may have been faster.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/**
 * Where the manifest of an image stands: below the folder, by the image's name as the caller gave
 * it, so that it is found again from wherever a batch is run in the same words.
 *
 * @param at  where the image is, if not by that name
 */
export function manifestPathOf(manifestDir: string, file: string, at = file): string {
  const asPath = normalize(withoutSecrets(file).replace(/^([a-z][a-z0-9+.-]*):\/\//i, "$1/"));
  const beneath = asPath.startsWith("..") ? resolve(at) : asPath;
  // Bytes of a name that is not UTF-8 are escaped: a manifest has a name that any tool can hold.
  const within = beneath.slice(parse(beneath).root.length).replace(LONE_SURROGATE, escaped);
  return join(manifestDir, `${within}${MANIFEST_SUFFIX}`);
}

const LONE_SURROGATE = /[\ud800-\udfff]/gu;

function escaped(character: string): string {
  return encodeURIComponent(`\ufffd${character.charCodeAt(0).toString(16)}`);
}

const EXIT_BUG = 3;

/** An error as the outcome of a job; one that is none of xenstream's own is a bug of ours. */
export function failureLine(file: string, error: unknown): BatchFailureLine {
  const { code, exitCode } =
    error instanceof XenstreamError ? error : { code: "bug", exitCode: EXIT_BUG as 3 };
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  return {
    v: DOCUMENT_VERSION,
    type: "file",
    file: shownName(file),
    error: {
      code,
      message: message === "" ? code : message,
      exitCode,
      ...(exitCode === EXIT_BUG && stack !== undefined ? { stack } : {}),
    },
  };
}
