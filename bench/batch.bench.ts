/**
 * Question: what does a batch cost, beside reading its images?
 * Method: whole processes, taking turns, all processors, output thrown away. 1,000 images of 1 MiB,
 * one of them, and 16 of 64 MiB, in the page cache; the small ones also from the disk.
 * Baseline: `cat` of the same images, where they are as cold.
 * Unit: milliseconds a process.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { generateImage } from "../src/ops/index.js";
import { evict } from "./lib/native.js";
import { alternate, answer, type Row, readConfig, type Task } from "./lib/rows.js";

const MIB = 2 ** 20;
/** A batch of small images is to cost little beside reading them. */
const TARGET = { target: { atMost: 1.25 } };

const { root, folder, native, rounds } = readConfig();
const command = join(root, "dist/xenstream.cjs");
const notes: string[] = [];

interface Images {
  readonly name: string;
  /** What the batch is given: a folder, or one image. */
  readonly folder: string;
  readonly paths: readonly string[];
}

async function makeImages(name: string, count: number, sizeBytes: number): Promise<Images> {
  const images = join(folder, name);
  mkdirSync(images);
  const paths = Array.from({ length: count }, (_, seed) => join(images, `${seed}.xcs`));
  for (const [seed, path] of paths.entries()) {
    const options = { sizeBytes, seed, zeroPercent: 0, repeatPercent: 0 };
    await generateImage({ path, describePath: null, options, digest: "none" });
  }
  return { name, folder: images, paths };
}

function task(name: string, program: string, args: readonly string[]) {
  const run = () => {
    const { status } = spawnSync(program, args, { stdio: "ignore" });
    if (status !== 0) throw new Error(`${name}: exit code ${status}`);
    return undefined;
  };
  return { name, run };
}

/** What a batch is asked for, and what its ratio should be. */
interface Kind extends Pick<Task, "target"> {
  readonly args: readonly string[];
}

/** `cat` and batches of some images; `before` each of them. */
function tasksOf(images: Images, kinds: readonly Kind[], before?: () => void): Task[] {
  const common = before === undefined ? {} : { before };
  const baseline = `cat, ${images.name}`;
  const batches = kinds.map(({ args, ...target }): Task => {
    const all = [command, "batch", ...args, "--json", images.folder];
    const made = task(`batch ${args.join(" ")}, ${images.name}`, process.execPath, all);
    return { ...made, ...common, ...target, baseline };
  });
  return [{ ...task(baseline, "cat", images.paths), ...common }, ...batches];
}

const XXH3: Kind = { args: ["restore", "--digest", "xxh3"] };
const SHA256: Kind = { args: ["restore", "--digest", "sha256"] };
const small = await makeImages("1,000 of 1 MiB", 1000, MIB);
const large = await makeImages("16 of 64 MiB", 16, 64 * MIB);
const many = [{ ...XXH3, ...TARGET }, SHA256, { args: ["verify"] }];
const few = [XXH3, SHA256, { args: ["verify", "--read-data"] }];
const first = small.paths.slice(0, 1);
const one = { name: "one of 1 MiB", folder: first.join(), paths: first };
const rows: Row[] = [
  ...(await alternate(tasksOf(one, [XXH3]), rounds)),
  ...(await alternate(tasksOf(small, many), rounds)),
  ...(await alternate(tasksOf(large, few), rounds)),
];
if (native === null) notes.push("no C compiler: nothing can take files from the cache");
else {
  const cold = { ...small, name: `${small.name}, cold` };
  const before = () => evict(native, small.paths);
  const tasks = tasksOf(cold, [{ ...XXH3, ...TARGET }], before);
  rows.push(...(await alternate(tasks, Math.min(rounds, 5))));
}
answer({ question: "batches of images", checkedEqual: [], rows, notes });
