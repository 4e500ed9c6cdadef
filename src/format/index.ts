/** The door of format/: numbers and names of every standard. Imports nothing from outside. */
export * from "./containers.js";
export * from "./cpu.js";
export * from "./cpuid-features.js";
export * from "./hvm.js";
export * from "./hvm-context.js";
export * from "./hvm-layouts.js";
export * from "./layout.js";
export * from "./libxc.js";
export * from "./libxl.js";
export * from "./pages.js";
export * from "./qemu.js";
export * from "./vcpu.js";
export * from "./xenstore.js";
export * from "./xenstore-records.js";
export * from "./xl.js";
