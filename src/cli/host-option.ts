/** The option `--on`: from the path of a host's description to what watches an image for it. */
import { hostCheck, readHostFile } from "../ops/index.js";

/** The check against the host that a file describes, "-" for standard input. */
export async function hostFileCheck(path: string) {
  return hostCheck(await readHostFile(path));
}
