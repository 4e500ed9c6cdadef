/**
 * Preloaded (`node --require`) into a process whose peak of resident memory is to be known: prints
 * it as the last line of standard error.
 */
const { readFileSync } = require("node:fs");

process.on("exit", () => {
  let kib = process.resourceUsage().maxRSS;
  try {
    // The kernel's own figure for this program; maxRSS may be that of the process that forked it.
    kib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))[1]);
  } catch {
    // Not Linux.
  }
  process.stderr.write(`\npeak-kib ${kib}\n`);
});
