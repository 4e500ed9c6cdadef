/** Door of report files: a batch as the documents of other tools. Loaded when one is asked for. */
export * from "./github.js";
export * from "./html.js";
export * from "./junit.js";
export { GITHUB_SUMMARY_BYTES } from "./limits.js";
export * from "./port.js";
export * from "./prometheus.js";
export * from "./sarif.js";
