/**
 * What tests of the library share: one image as every kind of input, and results made comparable.
 * Not a test itself.
 */
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll } from "vitest";
import type { AsyncSource, FileResult, ImageInput } from "../../src/index.js";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { join as joinParts } from "../builders/parts.js";

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A folder that is gone when the test file is done. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "xenstream-library-"));
  folders.push(folder);
  return folder;
}

/** Bytes in odd pieces, as a network gives them, each in its own memory. */
export function* chunksOf(bytes: Uint8Array, chunkBytes = 10_007): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
}

/** A seekable source of a caller's own; counts what is asked of it. */
export class CountingSource implements AsyncSource {
  readonly name = "counting";
  readonly seekable = true;
  readonly size: number;
  reads = 0;
  closed = 0;
  /** Told of each read before it is done. */
  onRead: (byteOffset: number) => void = () => {};
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  async read(into: Uint8Array, byteOffset: number): Promise<number> {
    this.reads += 1;
    this.onRead(byteOffset);
    const part = this.#bytes.subarray(byteOffset, byteOffset + into.length);
    await Promise.resolve();
    into.set(part);
    return part.length;
  }

  skip(byteOffset: number, bytes: number): number {
    return Math.max(0, Math.min(bytes, this.size - byteOffset));
  }

  hold(): void {}

  release(): void {}

  close(): void {
    this.closed += 1;
  }
}

/** One kind of input: how it is made of an image, and whether it can be read again. */
export interface InputKind {
  readonly kind: string;
  readonly seekable: boolean;
  readonly make: (path: string, bytes: Uint8Array) => ImageInput;
}

/** Every kind that the library documents. */
export const INPUT_KINDS: readonly InputKind[] = [
  { kind: "a path", seekable: true, make: (path) => path },
  { kind: "a file: URL", seekable: true, make: (path) => pathToFileURL(path) },
  { kind: "a Uint8Array", seekable: true, make: (_path, bytes) => new Uint8Array(bytes) },
  { kind: "a Buffer", seekable: true, make: (_path, bytes) => Buffer.from(bytes) },
  { kind: "a Blob", seekable: true, make: (_path, bytes) => new Blob([new Uint8Array(bytes)]) },
  {
    kind: "a Node Readable",
    seekable: false,
    make: (_path, bytes) => Readable.from(chunksOf(bytes), { objectMode: false }),
  },
  {
    kind: "a web stream",
    seekable: false,
    make: (_path, bytes) => new Blob([new Uint8Array(bytes)]).stream(),
  },
  {
    kind: "an async generator",
    seekable: false,
    make: (_path, bytes) =>
      (async function* () {
        yield* chunksOf(bytes, 4099);
      })(),
  },
  { kind: "a custom source", seekable: true, make: (_path, bytes) => new CountingSource(bytes) },
];

/** A result without what differs between runs. */
export function comparable<T extends FileResult>(result: T): Record<string, unknown> {
  const plain = JSON.parse(JSON.stringify(result)) as Record<string, unknown>;
  delete plain.elapsedMs;
  return plain;
}

/** Pages of bigImage(): 8 MiB, a few of them all zero. */
export const BIG_PAGES = 2048;

/** An HVM image that is big enough for progress to be told and for calls to be cut short. */
export function bigImage(): Uint8Array {
  const entries = Array.from({ length: BIG_PAGES }, (_, pfn) =>
    pfn % 16 === 0 ? { pfn } : { pfn, page: patternPage(pfn) },
  );
  const batches = [entries.slice(0, 1024), entries.slice(1024)];
  return joinParts(hvmStream({ batches }));
}

/** Write bytes to a file of a folder. @returns its path */
export function fileOf(folder: string, name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}
