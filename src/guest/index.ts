/** The door of guest/: a guest's memory and its digests. */
export { Batch } from "./batch.js";
export * from "./digest.js";
export * from "./guest.js";
