/**
 * A pool's worker that dies at images whose names say so; it does all others as the command's own
 * workers do. Loaded by tests alone.
 */
const { basename } = require("node:path");
const { parentPort } = require("node:worker_threads");

const DEATHS = {
  exit: () => process.exit(7),
  throw: () =>
    setImmediate(() => {
      throw new RangeError("thrown on purpose");
    }),
  reject: () => void Promise.reject(new Error("rejected on purpose")),
  memory: () => {
    const all = [];
    for (;;) all.push(new Array(1e5).fill(all.length + 0.5));
  },
  hang: () => {
    for (;;);
  },
};

parentPort.addEventListener("message", (event) => {
  const die = DEATHS[basename(event.data.job.file).split(".")[0]];
  if (die === undefined) return;
  // The command's own listener would have the outcome out before the event loop comes round.
  event.stopImmediatePropagation();
  die();
});
require("../../dist/xenstream.cjs");
