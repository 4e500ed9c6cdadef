/** A worker thread of a batch: does what the pool gives it until it is ended. */
import { serveJobs } from "../ops/index.js";

export { serveJobs };
