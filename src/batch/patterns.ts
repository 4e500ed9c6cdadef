/**
 * Names of images as patterns. A file of its own, because few batches have one to load it for. Names
 * that are no UTF-8 are found too: by default the library would take their text for them.
 */
import { type Dirent, readdir, realpath, type Stats, stat } from "node:fs";
import { type FileSystemAdapter, glob, isDynamicPattern } from "tinyglobby";
import { pathText, platformPath } from "../findings/index.js";

type Answer<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** What the library asks of the platform, with paths as findings/path-text.ts has them. */
const EXACT_NAMES = {
  readdir(path: string, _options: unknown, answer: Answer<Dirent[]>) {
    const options = { encoding: "buffer", withFileTypes: true } as const;
    readdir(platformPath(path), options, (error, entries) => {
      const named = error === null ? entries.map(withTextName) : [];
      answer(error, named);
    });
  },
  realpath(path: string, answer: Answer<string>) {
    realpath(platformPath(path), "buffer", (error, real) => {
      answer(error, error === null ? pathText(real) : "");
    });
  },
  stat(path: string, answer: Answer<Stats>) {
    stat(platformPath(path), answer);
  },
};

function withTextName(entry: Dirent<Buffer>): Dirent {
  return Object.assign(entry as unknown as Dirent, { name: pathText(entry.name) });
}

/** Files that a pattern matches, in order of their paths; none for what can be no pattern. */
export async function filesMatching(pattern: string): Promise<string[]> {
  if (!isDynamicPattern(pattern)) return [];
  const fs = EXACT_NAMES as unknown as FileSystemAdapter;
  return (await glob(pattern, { expandDirectories: false, fs })).sort();
}
