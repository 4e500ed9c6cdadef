/** The writers of every stream and container, for the other parts of export/. */
export * from "./containers.js";
export * from "./libxc.js";
export * from "./libxl.js";
export * from "./records.js";
export * from "./sink.js";
