/** The door of ops/: one operation per command, on top of all inner rooms. */

export {
  type BatchJob,
  batchJobs,
  isUrl,
  type JobOutcome,
  type JobRunner,
  type JobSettings,
  lockPathOf,
  WorkerPool,
} from "../batch/index.js";
export type { EngineName } from "../engine/index.js";
export {
  GENERATE_DEFAULTS,
  GENERATED_CONTAINERS,
  GENERATED_GUESTS,
  type GeneratedContainer,
  type GeneratedGuest,
  type GenerateOptions,
} from "../export/index.js";
export { shownName } from "../input/index.js";
export { DOMAIN_DEFAULTS } from "../restore/index.js";
export { FORMAT_HINTS, type FormatHint } from "../stream/index.js";
export * from "./batch.js";
export { BatchTally } from "./batch-tally.js";
export * from "./bench.js";
export { type BenchTask, benchTasks } from "./bench-jobs.js";
export * from "./convert.js";
export * from "./diff.js";
export * from "./explain.js";
export * from "./extract.js";
export * from "./extract-section.js";
export * from "./generate.js";
export { type GenidChange, parseGenid, parseGenidChange } from "./genid.js";
export type { ReadingHooks, ReadingProgress } from "./hooks.js";
export { hostCheck } from "./host/check.js";
export {
  checkHostDescription,
  parseHostDescription,
  readHostFile,
  readTextFile,
} from "./host/description.js";
export { describeHost, type HostOptions } from "./host/host.js";
export { parseXenCpuid } from "./host/xen-cpuid.js";
export { parseXlInfo } from "./host/xl-info.js";
export * from "./image.js";
export * from "./inspect.js";
export * from "./job.js";
export type { JudgedHooks, JudgedInput, JudgedOpened } from "./judged.js";
export * from "./manifest.js";
export * from "./outcome-spool.js";
export {
  followed,
  isFilePath,
  type Output,
  openOutput,
  outputError,
  STANDARD_OUTPUT,
  writeOutput,
} from "./output.js";
export { parallelDigest } from "./parallel-digest.js";
export * from "./queue.js";
export * from "./restore.js";
export * from "./runtime.js";
export * from "./salvage.js";
export { identitiesOf, mustSpare } from "./same-file.js";
export * from "./samples.js";
export { serveJobs } from "./serve-jobs.js";
export { namesInList } from "./side-file.js";
export * from "./verify.js";
export * from "./version.js";
export * from "./wasm-bytes.js";
