/**
 * `convert`: one image into another container or version. A file is judged first, so that nothing
 * is written of one that is rejected for more than its conversion mends; a pipe is judged on the way.
 * What is written and how is export/'s. Source: INTERFACE, convert.
 */
import type { EngineName } from "../engine/index.js";
import {
  type ConversionNote,
  type DomainIdentity,
  type GuestTarget,
  givenConfig,
  type ReadyConfig,
} from "../export/index.js";
import { type ConvertResult, DEFAULT_LIMITS, UsageError } from "../findings/index.js";
import { type GuestKind, PAGE_BYTES } from "../format/index.js";
import { type AsyncSource, driveAsync, openInput } from "../input/index.js";
import type { GenidFacts } from "../restore/index.js";
import type { Job } from "../stream/index.js";
import { GuestJob, isConvertible, XenstoreJob } from "./convert-jobs.js";
import { fileResult, genidResult, withCompression } from "./documents.js";
import { withExcerpts } from "./excerpts.js";
import { type GenidChange, genidJob } from "./genid.js";
import { driveOptions, openOptions, type ReadingHooks } from "./hooks.js";
import { Image, type ReadingOptions } from "./image.js";
import { type Output, openOutput, STANDARD_OUTPUT } from "./output.js";
import type { Platform } from "./runtime.js";
import { mustSpare } from "./same-file.js";
import { sideFile } from "./side-file.js";

/** What can be written: guests, and Xenstore streams. */
export type ConvertTarget = GuestTarget | "xenstore-v1" | "xenstore-v2";

/** What `convert` takes beyond the reading options. */
export interface ConvertOptions extends Omit<ReadingOptions, "model" | "readData"> {
  readonly engine: EngineName;
  readonly to: ConvertTarget;
  /** Each page once, its last copy, in pfn order. */
  readonly compact: boolean;
  /** Checkpoints stay: libxl and libxc alone. */
  readonly keepCheckpoints: boolean;
  /** Path of a config for the target; null: the source's, or a made one. */
  readonly configPath: string | null;
  /** "keep" if left out; anything else needs an input that can be read twice. */
  readonly genid?: GenidChange;
}

/**
 * Convert the image at `path`, a URL too ("-" for standard input) into the file `outputPath` ("-" for standard
 * output). The file appears once it is whole, and not at all if the source is rejected for more than
 * the conversion mends.
 *
 * @throws {InputError} if the input cannot be read or the output cannot be written
 * @throws {UsageError} for options that do not go together, or an image of another kind
 * @throws {CapacityError} if a limit of ours is in the way
 */
export async function convertFile(
  platform: Platform,
  path: string,
  outputPath: string,
  options: ConvertOptions,
  hooks: ReadingHooks = {},
): Promise<ConvertResult> {
  mustSpare(path, outputPath);
  const config = configOf(options);
  checkOptions(options);
  const startMs = performance.now();
  const { source, compression, file } = await openInput(path, openOptions(hooks, options.limits));
  try {
    checkGenid(options, source);
    const run = new Run(platform, source, { file, options, startMs, hooks });
    return withCompression(await run.convert(outputPath, config), compression);
  } finally {
    await source.close();
  }
}

function checkOptions({ to, compact, keepCheckpoints }: ConvertOptions): void {
  if (keepCheckpoints && to !== "libxc" && to !== "libxl") {
    const allowed = "with --to libxc or libxl";
    throw new UsageError(`a ${to} file holds no checkpoints`, {
      option: "--keep-checkpoints",
      allowed,
    });
  }
  if (keepCheckpoints && compact) {
    throw new UsageError("a compact stream has one copy of each page, and so no checkpoints", {
      option: "--keep-checkpoints",
      allowed: "without --compact",
    });
  }
}

/** Where the id stands is known at the end of the stream, long after its page was written (VG-24). */
function checkGenid({ to, genid = "keep" }: ConvertOptions, source: AsyncSource): void {
  if (genid === "keep") return;
  const option = "--genid";
  if (to === "xenstore-v1" || to === "xenstore-v2") {
    throw new UsageError("a Xenstore stream has no generation id", { option, allowed: "keep" });
  }
  if (source.seekable) return;
  const allowed = "keep for a pipe or a compressed file; anything for a plain file";
  throw new UsageError("a new id needs an input that can be read twice", { option, allowed });
}

/** The config that `--config` names, judged for the target. */
function configOf({ to, configPath }: ConvertOptions): ReadyConfig | null {
  if (configPath === null) return null;
  if (to !== "xl" && to !== "libvirt" && to !== "xapi") {
    const allowed = "with --to xl, libvirt or xapi";
    throw new UsageError(`a ${to} file has no config`, { option: "--config", allowed });
  }
  const bytes = sideFile(configPath, "--config", DEFAULT_LIMITS.maxMetadataBytes);
  const judged = givenConfig(to, bytes);
  if ("config" in judged) return judged.config;
  throw new UsageError(`${configPath} is no config for ${to}: ${judged.reason}`, {
    option: "--config",
  });
}

/** What is asked for. */
interface Task {
  readonly file: string;
  readonly options: ConvertOptions;
  /** When the source was opened, by performance.now(). */
  readonly startMs: number;
  readonly hooks: ReadingHooks;
}

/** What an earlier look at the image told. */
interface Known {
  readonly identity: DomainIdentity;
  readonly genid: GenidFacts | null;
}

const NO_GENID: ConversionNote = {
  note: "genid-missing",
  message: "The guest has no generation id: none was renewed.",
};

/** One source on its way into one output. */
class Run {
  readonly #platform: Platform;
  readonly #source: AsyncSource;
  readonly #task: Task;
  readonly #notes: ConversionNote[] = [];

  constructor(platform: Platform, source: AsyncSource, task: Task) {
    this.#platform = platform;
    this.#source = source;
    this.#task = task;
  }

  async convert(outputPath: string, config: ReadyConfig | null): Promise<ConvertResult> {
    const { genid: change = "keep", to, vcpus } = this.#task.options;
    const into = to === "xenstore-v1" || to === "xenstore-v2" ? "xenstore" : "guest";
    let known: Known = { identity: { name: null, vcpus, memoryKiB: null }, genid: null };
    if (this.#source.seekable) {
      const judged = this.#image(false);
      await this.#drive(judged.run());
      const refused = () => !isConvertible(judged, into);
      if (refused()) return await this.#result(judged, null);
      const genid = await this.#drive(genidJob(judged, change, { into: "stream" }));
      if (refused()) return await this.#result(judged, null);
      known = { identity: this.#identityOf(judged), genid };
      if (change !== "keep" && genid === null) this.#notes.push(NO_GENID);
    }
    const output = openOutput(outputPath);
    try {
      const image = this.#image(true);
      const job = this.#job(image, output, config, known);
      await this.#drive(job.run());
      const refusal = job.refusal;
      if (refusal !== null || !isConvertible(image, into)) {
        output.abort();
        return { ...(await this.#result(image, null)), ...(refusal === null ? {} : { refusal }) };
      }
      // What became of the id is told of the image that was written: it is the same.
      const again = known.genid?.new ?? change;
      if (this.#source.seekable) await this.#drive(genidJob(image, again, { into: "stream" }));
      output.close();
      return await this.#result(image, { path: outputPath, bytes: output.byteCount }, known.genid);
    } catch (error) {
      output.abort();
      throw error;
    }
  }

  #job(image: Image, output: Output, config: ReadyConfig | null, { identity, genid }: Known) {
    const conversion = { image, output, note: (note: ConversionNote) => this.#notes.push(note) };
    const { to, compact, keepCheckpoints, genid: change = "keep" } = this.#task.options;
    if (to === "xenstore-v1") return new XenstoreJob(conversion, 1);
    if (to === "xenstore-v2") return new XenstoreJob(conversion, 2);
    const plain = keepCheckpoints ? "epochs" : "plain";
    const form = compact ? "compact" : plain;
    const renewed = change === "keep" ? null : change === "new" ? "drawn" : "given";
    return new GuestJob(conversion, {
      to: to satisfies GuestTarget,
      form,
      config,
      identity,
      canReread: this.#source.seekable,
      genid: genid === null ? null : { address: genid.address, id: genid.new, renewed },
    });
  }

  /** Asynchronously, so that an interrupt is seen while it works. */
  #drive<R>(job: Job<R>): Promise<R> {
    return driveAsync(job, this.#source, driveOptions(this.#task.hooks, this.#source));
  }

  /**
   * Pages that are copied must be read; those that are only judged need not. Of a pipe only what is
   * asked for again is held: all to be written in order, and a PV guest's for its completion.
   */
  #image(copying: boolean): Image {
    const { engine, compact } = this.#task.options;
    const readData = copying && !compact;
    const held = (guest: GuestKind) => (compact || guest === "pv" ? "resident" : "indexed");
    const model = this.#source.seekable ? "indexed" : held;
    return new Image(this.#platform.engine(engine), { ...this.#task.options, readData, model });
  }

  #identityOf(image: Image): DomainIdentity {
    const { domain, guest } = image.restorer;
    const ids = [...(domain?.vcpus.keys() ?? [])];
    const seen = ids.length === 0 ? null : ids.reduce((a, b) => Math.max(a, b), 0) + 1;
    const pages = guest?.engine.stats().populatedPages ?? 0;
    return {
      name: null,
      vcpus: this.#task.options.vcpus ?? seen,
      memoryKiB: pages === 0 ? null : (pages * PAGE_BYTES) / 1024,
    };
  }

  async #result(
    image: Image,
    output: { path: string; bytes: number } | null,
    genid: GenidFacts | null = null,
  ): Promise<ConvertResult> {
    const { size } = this.#source;
    const bytes = size ?? (image.end ? image.end.byteOffset + image.end.trailingBytes : null);
    const elapsedMs = performance.now() - this.#task.startMs;
    const judged = fileResult(image, this.#task.file, bytes, elapsedMs);
    const base = await withExcerpts(judged, this.#source, this.#task.hooks.signal);
    const { to } = this.#task.options;
    const result = { ...base, to, notes: output === null ? [] : this.#notes };
    if (output === null) return result;
    const file = output.path === STANDARD_OUTPUT ? null : output.path;
    const id = genid === null ? {} : { genid: genidResult(genid) };
    return { ...result, output: { file, bytes: output.bytes }, ...id };
  }
}
