/** Codecs of the HVM context: the chain, its records, and their printed form. */
export * from "./codec.js";
export * from "./interpret.js";
export * from "./records.js";
