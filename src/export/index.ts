/** The door of export/: guest memory and facts as raw, ELF, LiME and streams. */
export * from "./writers/containers.js";
export * from "./writers/libxc.js";
export * from "./writers/libxl.js";
export * from "./writers/records.js";
export * from "./writers/sink.js";
export * from "./xenstore.js";
