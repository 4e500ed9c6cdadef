/** Codecs of the libxc stream: its headers, and every record type. The reader is not among them. */
export * from "./codec/hvm.js";
export * from "./codec/markers.js";
export * from "./codec/pages.js";
export * from "./codec/policy.js";
export * from "./codec/pv.js";
export * from "./codec/tsc.js";
export * from "./codec/vcpu.js";
export * from "./codec/vcpu-context.js";
export * from "./headers.js";
export * from "./records.js";
