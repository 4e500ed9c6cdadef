/** Memory images: layouts of raw, LiME and ELF core files, and the registers a core holds. */
export * from "./elf-core.js";
export * from "./lime.js";
export * from "./parts.js";
export * from "./raw.js";
export * from "./registers.js";
