/** The door of export/: guest memory and facts as raw, ELF, LiME and streams. */
export * from "./xenstore.js";
