/**
 * The jobs that `bench` times, each a function that does the work once from opening the image to
 * its result and returns the result, and the check that both engines give the same. Timing is
 * bench.ts's.
 */
import { closeSync, openSync, readSync } from "node:fs";
import type { EngineName, MemoryModel } from "../engine/index.js";
import type { BenchContender, BenchJobName, Limits } from "../findings/index.js";
import { InternalError } from "../findings/index.js";
import { PAGE_BYTES } from "../format/index.js";
import { digestXxh3, type Guest } from "../guest/index.js";
import { driveSync, openSource } from "../input/index.js";
import type { Job } from "../stream/index.js";
import { alignedBytes } from "./aligned-bytes.js";
import { nodeCrypto } from "./builtins.js";
import { Image, READING_DEFAULTS } from "./image.js";
import { restoreSource } from "./restore.js";
import { Platform, type Runtime } from "./runtime.js";
import { verifySource } from "./verify.js";

/** Bytes that the plain read takes at a time, into memory that it uses again. */
const READ_BYTES = 1024 * 1024;
/** Pages that are hashed between two requests, as the digests of guest/ do it. */
const STEP_PAGES = 256;

const ENGINES: readonly EngineName[] = ["wasm", "reference"];

/** One contender in one job. */
export interface BenchTask {
  readonly job: BenchJobName;
  readonly contender: BenchContender;
  /** Does the work once; may return a promise. Not to be interrupted. */
  readonly run: () => unknown;
}

/** What all jobs work on. */
export interface BenchSubject {
  readonly runtime: Runtime;
  readonly path: string;
  readonly limits: Limits;
  /** Whether the guest may be held in memory. */
  readonly resident: boolean;
}

/** All tasks, plain read first. Recycled platforms live as long as the tasks. */
export function benchTasks(subject: BenchSubject): BenchTask[] {
  const { runtime, path } = subject;
  const buffer = alignedBytes(READ_BYTES);
  const tasks: BenchTask[] = [
    { job: "read", contender: "read", run: () => readWhole(path, buffer) },
  ];
  for (const contender of ENGINES) {
    const recycled = new Platform(runtime);
    const add = (job: BenchJobName, run: () => unknown) => tasks.push({ job, contender, run });
    add("verify", () => verifyOnce(subject, recycled, contender, false));
    add("verify-read-data", () => verifyOnce(subject, recycled, contender, true));
    add("page-digest", () => pageDigest(subject, recycled, contender));
    if (!subject.resident) continue;
    const held = new Platform(runtime);
    add("restore", () => restoreOnce(subject, new Platform(runtime), contender, null));
    add("restore-recycled", () => restoreOnce(subject, held, contender, null));
  }
  const indexing = new Platform(runtime);
  tasks.push({
    job: "page-digest",
    contender: "sha256",
    run: () => sha256Pages(subject, indexing),
  });
  return tasks;
}

/** What the check says of the image. */
export interface CheckedImage {
  readonly dataPages: number;
  readonly verdict: "accept" | "reject";
  /** What was compared. */
  readonly equal: readonly string[];
}

/**
 * Run every job once with each engine and compare what comes of it.
 *
 * @returns null if the image holds no guest, so that there is nothing to measure
 * @throws {InternalError} if the engines disagree
 */
export async function checkEqual(subject: BenchSubject): Promise<CheckedImage | null> {
  const { runtime } = subject;
  const outputs: Record<string, (engine: EngineName) => unknown> = {
    findings: (engine) => verifyOnce(subject, new Platform(runtime), engine, false),
    "findings reading all": (engine) => verifyOnce(subject, new Platform(runtime), engine, true),
    "page digest": (engine) => pageDigest(subject, new Platform(runtime), engine),
  };
  if (subject.resident) {
    outputs["memory by SHA-256"] = (engine) =>
      restoreOnce(subject, new Platform(runtime), engine, "sha256");
  }
  const first = await verifyOnce(subject, new Platform(runtime), "wasm", false);
  if (first.stream === undefined) return null;
  for (const [name, output] of Object.entries(outputs)) {
    const [wasm, reference] = [await output("wasm"), await output("reference")];
    if (comparable(wasm) !== comparable(reference))
      throw new InternalError(`the engines disagree: ${name}`);
  }
  const { dataPages } = first.stream;
  return { dataPages, verdict: first.verdict, equal: Object.keys(outputs) };
}

/** A result as text, without its time. */
function comparable(result: unknown): string {
  return JSON.stringify(result, (key, value: unknown) => (key === "elapsedMs" ? undefined : value));
}

/** The limit of everything that looks at each byte. */
function readWhole(path: string, buffer: Uint8Array): number {
  const fd = openSync(path, "r");
  try {
    let bytes = 0;
    for (;;) {
      const got = readSync(fd, buffer, 0, buffer.length, bytes);
      if (got === 0) return bytes;
      bytes += got;
    }
  } finally {
    closeSync(fd);
  }
}

async function verifyOnce(
  { path, limits }: BenchSubject,
  platform: Platform,
  engine: EngineName,
  readData: boolean,
) {
  const source = openSource(path);
  try {
    const options = { ...READING_DEFAULTS, limits, engine, readData };
    return await verifySource(platform, source, path, options, performance.now());
  } finally {
    source.close();
  }
}

async function restoreOnce(
  { path, limits }: BenchSubject,
  platform: Platform,
  engine: EngineName,
  digest: "sha256" | null,
) {
  const source = openSource(path);
  try {
    const memory: MemoryModel = "resident";
    const options = { ...READING_DEFAULTS, limits, engine, memory, digest, threads: 1 };
    return await restoreSource(platform, source, path, options, performance.now());
  } finally {
    source.close();
  }
}

/** Index the image, then digest every page of the guest where it stands in the file. */
function pageDigest(subject: BenchSubject, platform: Platform, engine: EngineName): string {
  return withIndexedGuest(subject, platform, engine, foldPages);
}

function* foldPages(guest: Guest): Job<string> {
  return (yield* digestXxh3(guest)).pageDigest;
}

/** The same with a SHA-256 for each page, as scripts do it. */
function sha256Pages(subject: BenchSubject, platform: Platform): string {
  return withIndexedGuest(subject, platform, "wasm", hashPages);
}

function* hashPages(guest: Guest): Job<string> {
  const { createHash } = nodeCrypto();
  const outer = createHash("sha256");
  const pages = alignedBytes(STEP_PAGES * PAGE_BYTES);
  for (const run of guest.populatedRuns()) {
    for (let done = 0; done < run.count; done += STEP_PAGES) {
      const count = Math.min(STEP_PAGES, run.count - done);
      yield* guest.readPages(run.first + done, count, pages, "restored");
      for (let i = 0; i < count; i += 1) {
        const page = pages.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
        outer.update(createHash("sha256").update(page).digest());
      }
    }
  }
  return outer.digest("hex");
}

function withIndexedGuest(
  { path, limits }: BenchSubject,
  platform: Platform,
  engine: EngineName,
  work: (guest: Guest) => Job<string>,
): string {
  const source = openSource(path);
  try {
    const reading = { ...READING_DEFAULTS, limits, model: "indexed" } as const;
    const image = new Image(platform.engine(engine), reading);
    return driveSync(runThen(image, work), source);
  } finally {
    source.close();
  }
}

function* runThen(image: Image, work: (guest: Guest) => Job<string>): Job<string> {
  yield* image.run();
  const { guest } = image.restorer;
  return guest === null ? "" : yield* work(guest);
}
