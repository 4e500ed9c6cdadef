/** The door of ops/: one operation per command, on top of all inner rooms. */
export * from "./image.js";
export * from "./inspect.js";
export * from "./restore.js";
export * from "./runtime.js";
export * from "./verify.js";
export * from "./version.js";
export * from "./wasm-bytes.js";
