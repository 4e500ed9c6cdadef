/**
 * What tests of synthetic images share: make one in memory, what its model says of it, and what
 * reading it finds. Not a test itself.
 */
import { createHash } from "node:crypto";
import {
  CONTAINER_CHAINS,
  countMemory,
  type GenerateOptions,
  hashMemory,
  ItemCounter,
  imageItems,
  lastPassOf,
  MemorySink,
  modelOf,
  needsCheckpointedFlag,
  resolveGenerateOptions,
  writeItem,
  xenOf,
} from "../../../src/export/index.js";
import { PAGE_TYPE_NAMES } from "../../../src/format/index.js";
import { type Ran, type RunOptions, runBytes } from "../../harness.js";

/** 1 MiB: everything is in it, and a run takes milliseconds. */
export const SMALL_BYTES = 1024 * 1024;

export interface Made {
  readonly options: GenerateOptions;
  readonly bytes: Uint8Array;
  readonly counts: ReturnType<ItemCounter["counts"]>;
}

/** Make an image; small unless told otherwise. */
export function make(given: Partial<GenerateOptions>): Made {
  const options = resolveGenerateOptions({ sizeBytes: SMALL_BYTES, ...given });
  const counter = new ItemCounter();
  const sink = new MemorySink();
  for (const item of imageItems(modelOf(options), options)) {
    counter.add(item);
    if (!writeItem(sink, item)) break;
  }
  return { options, bytes: sink.bytes(), counts: counter.counts() };
}

/** Read an image as it wants to be read. */
export function read(made: Made, more: RunOptions = {}): Ran {
  const { options } = made;
  const checkpointed = needsCheckpointedFlag(options);
  return runBytes(made.bytes, { checkpointed, vcpus: options.vcpus, ...more });
}

/** What the model says of an image. */
export function told({ options, counts }: Made) {
  const model = modelOf(options);
  const lastPass = lastPassOf(options);
  const stream = createHash("sha256");
  const steps = hashMemory(model, lastPass, stream);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return {
    container: CONTAINER_CHAINS[options.container],
    guest: model.kind,
    xen: xenOf(options.version),
    checkpoints: options.checkpoints,
    ...counts,
    hvmParams: [...model.restoredParams].sort(([a], [b]) => a - b),
    ...countMemory(model.memory, lastPass),
    streamSha256: stream.digest("hex"),
    restoredSha256: step.value.digest("hex"),
  };
}

/** What reading found, in the same shape. */
export function found(ran: Ran): ReturnType<typeof told> {
  const { domain, guest, container } = ran.image.restorer;
  if (domain?.guest == null || guest === null) throw new Error("no stream in this image");
  const pageTypes: Record<string, number> = {};
  for (const [type, count] of guest.counts.entriesByType.entries()) {
    if (count > 0) pageTypes[PAGE_TYPE_NAMES[type] ?? String(type)] = count;
  }
  const { populatedPages, maxPfn } = guest.engine.stats();
  return {
    container,
    guest: domain.guest,
    xen: domain.xen,
    checkpoints: domain.checkpoints,
    records: domain.records,
    recordTypes: Object.fromEntries(domain.recordTypes),
    entries: guest.counts.entries,
    dataPages: guest.counts.dataPages,
    pageTypes,
    hvmParams: [...domain.hvmParams].sort(([a], [b]) => a - b),
    populatedPages,
    maxPfn,
    ...ran.digests(),
  };
}
