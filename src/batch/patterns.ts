/** Names of images as patterns. A file of its own, because few batches have one to load it for. */
import { glob, isDynamicPattern } from "tinyglobby";

/** Files that a pattern matches, in order of their paths; none for what can be no pattern. */
export async function filesMatching(pattern: string): Promise<string[]> {
  if (!isDynamicPattern(pattern)) return [];
  return (await glob(pattern, { expandDirectories: false })).sort();
}
