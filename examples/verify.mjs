/**
 * Verify save images, one after another: node verify.mjs FILE...
 * Ends with 1 if one is rejected, 2 if one cannot be read.
 */
import { createXenstream, XenstreamError } from "xenstream";

const xenstream = createXenstream();
for (const path of process.argv.slice(2)) {
  try {
    const { verdict, container, findings } = await xenstream.verify(path, { vcpus: 2 });
    console.log(`${path}: ${verdict} (${container.join(" > ")})`);
    for (const { severity, rule, byteOffset, message } of findings) {
      console.log(`  ${severity} ${rule} at byte ${byteOffset}: ${message}`);
    }
    if (verdict === "reject") process.exitCode ||= 1;
  } catch (error) {
    if (!(error instanceof XenstreamError)) throw error;
    console.error(`${path}: ${error.code}: ${error.message}`);
    process.exitCode = 2;
  }
}
