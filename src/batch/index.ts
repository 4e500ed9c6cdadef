/** Door of the batch room: jobs, what comes of them, and who does them. Knows no format. */
export * from "./identity.js";
export * from "./inputs.js";
export * from "./journal.js";
export { lockPathOf } from "./lock.js";
export * from "./pool.js";
export * from "./pool-messages.js";
export * from "./port.js";
export { openQueueRunner, type QueueOptions, runQueueWorker } from "./queue/open.js";
export type { RunJob, RunJobHooks } from "./queue/options.js";
export type { QueueTiming } from "./queue/timing.js";
