/** The door of report/: results as text and as the documents of other tools. */

export * from "./bench.js";
export * from "./human-batch.js";
export * from "./human-convert.js";
export * from "./human-explain.js";
export * from "./human-host.js";
export * from "./human-inspect.js";
export * from "./human-restore.js";
export * from "./human-verify.js";
export * from "./memory.js";
export { printable, printableLines } from "./printable.js";
export * from "./style.js";
export { bytesText, cutMiddle, durationText, plural } from "./text.js";
