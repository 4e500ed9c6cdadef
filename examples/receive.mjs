/**
 * Check a migration stream on its way: node receive.mjs < vm.save
 * Takes any Readable (here standard input), shows progress, and gives up after ten minutes.
 */
import { restore } from "xenstream";

const result = await restore(process.stdin, {
  name: "incoming",
  digest: "xxh3",
  signal: AbortSignal.timeout(10 * 60_000),
  onProgress: ({ phase, bytes }) => process.stderr.write(`${phase} ${bytes} bytes\n`),
});
console.log(result.verdict, result.memory?.populatedPages, result.memory?.pageDigest);
