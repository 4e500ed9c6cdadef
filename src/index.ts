/**
 * xenstream as a library: verify, inspect and restore Xen save images without Xen, from a path,
 * bytes, a Blob, a stream or a source of your own.
 *
 * Re-exports only. What is exported here is the contract; names and JSON fields are only added.
 *
 * @packageDocumentation
 */
export type { EngineName, MemoryModel } from "./engine/index.js";
export {
  CapacityError,
  type CompletionResult,
  type ContainerChain,
  type CpuPolicyResult,
  DEFAULT_LIMITS,
  type EmulatorResult,
  type Excerpt,
  type Fault,
  type FileResult,
  type Finding,
  type GenerationIdResult,
  type HostCpu,
  type HostDescription,
  type HostGuest,
  type HostLeaf,
  type HostLimits,
  type HostPolicy,
  type HostPolicyName,
  type HostReason,
  type HostResult,
  InputError,
  type InspectBatch,
  type InspectHeader,
  type InspectRecord,
  type InspectResult,
  InternalError,
  type Limits,
  type MemoryResult,
  type PfnSet,
  type Place,
  type Profile,
  type RestoreFileResult,
  type SalvageResult,
  type Severity,
  StreamError,
  type StreamResult,
  UsageError,
  type Verdict,
  type XenstoreQuotaResult,
  type XenstoreResult,
  XenstreamError,
} from "./findings/index.js";
export {
  COMPRESSIONS,
  type Compression,
  type ContainerName,
  type GuestKind,
  LAYERS,
  type Layer,
  PAGE_BYTES,
  PAGE_TYPE_NAMES,
} from "./format/index.js";
export type { MemoryState } from "./guest/index.js";
export type {
  AsyncSource,
  BlobLike,
  BlobSlice,
  ByteChunks,
  InputErrorCode,
  MaybePromise,
  Source,
  SourceFacts,
} from "./input/index.js";
export { describeHost, type HostOptions, parseHostDescription, VERSION } from "./ops/index.js";
export * from "./ops/library/index.js";
export { FORMAT_HINTS, type FormatHint } from "./stream/index.js";
