/** The door of stream/: the reader protocol, the readers of every format, and detection. */
export * from "./framing.js";
export * from "./libxc/reader.js";
export * from "./libxl/reader.js";
export * from "./libxl/transitions.js";
export * from "./open.js";
export * from "./protocol.js";
export * from "./requests.js";
export * from "./xenstore/index.js";
