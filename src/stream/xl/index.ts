/** Codecs of the xl save file: its header and config. The reader is not among them. */
export * from "./header.js";
