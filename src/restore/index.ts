/** The door of restore/: the state machine from stream events to a guest and its faults. */
export * from "./facts.js";
export * from "./genid.js";
export * from "./host-fit.js";
export * from "./machine.js";
export * from "./options.js";
export * from "./policy.js";
