/** Door of the batch room: jobs, what comes of them, and who does them. Knows no format. */
export * from "./identity.js";
export * from "./inputs.js";
export * from "./journal.js";
export { lockPathOf } from "./lock.js";
export * from "./pool.js";
export * from "./pool-messages.js";
export * from "./port.js";
