/** Door of report files: a batch as the documents of other tools. Loaded when one is asked for. */
export * from "./junit.js";
export * from "./port.js";
export * from "./sarif.js";
