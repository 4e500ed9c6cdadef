/** The door of stream/: the reader protocol, codecs and readers of every format, detection. */
export * from "./codec.js";
export * from "./detect.js";
export * from "./entry-table.js";
export * from "./framing.js";
export * from "./hvm-context/index.js";
export * from "./interpret.js";
export * from "./libxc/index.js";
export * from "./libxc/reader.js";
export * from "./libxl/index.js";
export * from "./libxl/reader.js";
export * from "./libxl/transitions.js";
export * from "./open.js";
export * from "./protocol.js";
export * from "./requests.js";
export * from "./xenstore/index.js";
export * from "./xl/index.js";
