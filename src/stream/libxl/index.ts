/** Codecs of the libxl stream: its header, and every record type. The reader is not among them. */
export * from "./codec.js";
export * from "./emulator-context.js";
export type { EmulatorHead } from "./emulator-head.js";
export * from "./emulator-xenstore.js";
export * from "./header.js";
