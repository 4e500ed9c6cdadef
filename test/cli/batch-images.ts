/** A folder of mixed images for tests of batch: every fixture and mutation. Not a test itself. */
import { gzipSync } from "node:zlib";
import { folderOf } from "../batch/support.js";
import { fixture, GOOD, MUTATED, mutated } from "../fixtures/load.js";

/** What it is made of. */
export interface ImageFolder extends ReturnType<typeof folderOf> {
  /** Where the images are. */
  readonly images: string;
  readonly paths: readonly string[];
}

/** Write all fixtures, some of them compressed too, and all mutations. */
export function imageFolder(): ImageFolder {
  const folder = folderOf("batch");
  const paths: string[] = [];
  for (const name of GOOD.keys()) {
    paths.push(folder.write(`images/good/${name}`, fixture(name)));
    if (!name.startsWith("xl")) continue;
    paths.push(folder.write(`images/gz/${name}.gz`, gzipSync(fixture(name))));
  }
  for (const mutation of MUTATED) {
    const name = mutation.name.replaceAll("/", "_");
    paths.push(folder.write(`images/mutated/${name}`, mutated(mutation)));
  }
  return { ...folder, images: folder.path("images"), paths };
}
