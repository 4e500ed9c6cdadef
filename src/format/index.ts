/** The door of format/: numbers and names of every standard. Imports nothing from outside. */
export * from "./compression.js";
export * from "./containers.js";
export * from "./legacy.js";
export * from "./libvirt.js";
export * from "./libxc.js";
export * from "./libxl.js";
export * from "./pages.js";
export * from "./qemu.js";
export * from "./xapi.js";
export * from "./xend.js";
export * from "./xenstore.js";
export * from "./xenstore-records.js";
export * from "./xl.js";
