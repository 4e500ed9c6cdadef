/** Codecs of the libxl stream: its header, and every record type. The reader is not among them. */
export * from "./codec.js";
export * from "./emulator.js";
export * from "./header.js";
