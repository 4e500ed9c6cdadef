/** Synthetic images, for the door of export/. */
export {
  countMemory,
  hashMemory,
  ItemCounter,
  type MemoryCounts,
  type RunningHash,
  type StreamCounts,
} from "./describe.js";
export { PHYSMAP, qemuState } from "./emulator.js";
export { FAULT_RULES } from "./faults/index.js";
export {
  CONTAINER_CHAINS,
  imageItems,
  modelOf,
  needsCheckpointedFlag,
  resolveGenerateOptions,
} from "./image.js";
export { type Item, writeItem } from "./items.js";
export type { GuestModel } from "./model.js";
export {
  GENERATE_DEFAULTS,
  GENERATED_CONTAINERS,
  GENERATED_GUESTS,
  type GeneratedContainer,
  type GeneratedGuest,
  type GenerateOptions,
  lastPassOf,
} from "./options.js";
export { xenOf } from "./stream.js";
