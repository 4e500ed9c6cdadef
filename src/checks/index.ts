/** The door of checks/: pure functions from decoded facts to faults. */
export * from "./cpu-policy.js";
export * from "./host-facts.js";
export * from "./host-fit.js";
export * from "./host-fit-cpu.js";
export * from "./host-fit-machine.js";
export * from "./host-fit-state.js";
export * from "./hvm-context.js";
export type { HvmContextFacts } from "./hvm-facts.js";
export * from "./hvm-params.js";
export { XenstoreChecks } from "./xenstore.js";
