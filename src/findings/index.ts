/** The door of findings/: rules, faults and findings, typed errors, limits, result documents. */
export * from "./bench-document.js";
export * from "./budget.js";
export * from "./collector.js";
export * from "./command-documents.js";
export * from "./documents.js";
export * from "./errors.js";
export * from "./fields.js";
export * from "./finding.js";
export * from "./host-document.js";
export * from "./inspect-document.js";
export * from "./limits.js";
export * from "./memory-documents.js";
export { pathText, platformPath } from "./path-text.js";
export * from "./rule.js";
export * from "./rules/index.js";
export * from "./text.js";
