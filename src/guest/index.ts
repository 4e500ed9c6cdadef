/** The door of guest/: a guest's memory and its digests. */
export * from "./digest.js";
export * from "./guest.js";
