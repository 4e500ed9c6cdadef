/** The door of export/: guest memory and facts as raw, ELF, LiME and streams. */

export * from "./convert/index.js";
export * from "./generate/index.js";
export * from "./memory/index.js";
export * from "./writers/index.js";
export * from "./xenstore.js";
