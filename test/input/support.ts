/**
 * Builders for the tests of input/: known bytes, descriptors that misbehave, slow streams, and a
 * naive model of what a driver must answer. No tests here.
 */
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AsyncSource, FdIo, InputJob, InputRequest, Source } from "../../src/input/index.js";
import {
  BlobSource,
  BufferSource,
  FileSource,
  pipeSource,
  SequentialSource,
  StreamSource,
} from "../../src/input/index.js";

/** More than any test keeps. */
export const ROOMY = 1024 * 1024 * 1024;

/** Bytes that tell their offset: no two stretches of 4 bytes near each other are equal. */
export function knownBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = (at * 167 + (at >>> 8) * 59 + (at >>> 16)) & 0xff;
  return bytes;
}

/** A directory for one test file, and how to remove it. */
export function scratch(): { readonly path: (name: string) => string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), "xenstream-input-"));
  return {
    path: (name) => join(directory, name),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A file system of one file, whose calls give `sizes` bytes in turn, or fail where it says so. */
export function fakeIo(
  bytes: Uint8Array,
  sizes: readonly (number | string)[],
): FdIo & { calls: number; waitedMs: number[] } {
  let standing = 0;
  return {
    calls: 0,
    waitedMs: [],
    read(_fd, into, at, count, position) {
      const size = sizes[this.calls++ % sizes.length]!;
      if (typeof size === "string") throw Object.assign(new Error(size), { code: size });
      const from = position ?? standing;
      const got = Math.max(0, Math.min(size, count, bytes.length - from));
      into.set(bytes.subarray(from, from + got), at);
      if (position === null) standing += got;
      return got;
    },
    wait(waitMs) {
      this.waitedMs.push(waitMs);
    },
  };
}

/** An async generator of `bytes` in pieces of the given sizes, each after a turn of the loop. */
export async function* slowChunks(
  bytes: Uint8Array,
  sizes: readonly number[],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    if (turn % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    const size = sizes[turn % sizes.length]!;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

/** One way to have bytes as a source. */
export interface SourceMaker {
  readonly kind: string;
  readonly seekable: boolean;
  make(bytes: Uint8Array): Source;
}

/** Every synchronous source, also over descriptors that give few bytes at a time. */
export function syncMakers(path: (name: string) => string): readonly SourceMaker[] {
  let files = 0;
  const onDisk = (bytes: Uint8Array) => {
    const file = path(`bytes-${files++}`);
    writeFileSync(file, bytes);
    return openSync(file, "r");
  };
  return [
    { kind: "buffer", seekable: true, make: (bytes) => new BufferSource(bytes) },
    {
      kind: "file",
      seekable: true,
      make: (bytes) => new FileSource(onDisk(bytes), "file", bytes.length),
    },
    {
      kind: "file with short reads",
      seekable: true,
      make: (bytes) =>
        new FileSource(-1, "file", bytes.length, {
          ownsFd: false,
          io: fakeIo(bytes, [1, 7, 4096, "EINTR", 3, 100_000]),
        }),
    },
    {
      kind: "descriptor without positions",
      seekable: false,
      make: (bytes) => pipeSource(onDisk(bytes), "pipe", ROOMY),
    },
    {
      kind: "pipe with short reads",
      seekable: false,
      make: (bytes) =>
        pipeSource(-1, "pipe", ROOMY, {
          ownsFd: false,
          io: fakeIo(bytes, [5, "EAGAIN", 1, 65_536, 2, 30_000, "EINTR", 511]),
        }),
    },
    {
      kind: "puller",
      seekable: false,
      make: (bytes) => new SequentialSource("puller", pullerOf(bytes), ROOMY),
    },
  ];
}

/** A puller that gives all it can at once. */
export function pullerOf(bytes: Uint8Array) {
  return {
    pull(into: Uint8Array, byteOffset: number) {
      const got = Math.min(into.length, bytes.length - byteOffset);
      into.set(bytes.subarray(byteOffset, byteOffset + got));
      return got;
    },
    close() {},
  };
}

/** Every asynchronous source, with chunks in odd sizes. */
export const asyncMakers: readonly {
  readonly kind: string;
  readonly seekable: boolean;
  make(bytes: Uint8Array): AsyncSource;
}[] = [
  {
    kind: "blob",
    seekable: true,
    make: (bytes) => new BlobSource(new Blob([new Uint8Array(bytes)])),
  },
  {
    kind: "stream of odd chunks",
    seekable: false,
    make: (bytes) =>
      new StreamSource("stream", slowChunks(bytes, [1, 13, 0, 65_536, 4095, 2]), ROOMY),
  },
  {
    kind: "stream of one chunk",
    seekable: false,
    make: (bytes) => new StreamSource("stream", slowChunks(bytes, [bytes.length || 1]), ROOMY),
  },
];

/** What a driver must do, said the simplest way. */
export function modelDrive<R>(job: InputJob<R>, bytes: Uint8Array): R {
  let step = job.next();
  while (step.done !== true) step = job.next(modelAnswer(step.value, bytes));
  return step.value;
}

function modelAnswer(request: InputRequest, bytes: Uint8Array): number {
  if (request.request === "hold" || request.request === "release") return 0;
  const asked = request.request === "read" ? request.into.length : request.bytes;
  const part = bytes.slice(request.byteOffset, request.byteOffset + asked);
  if (request.request === "read") request.into.set(part);
  return part.length;
}

/** Read everything in steps of `stepBytes`, from the start. */
export function* readAll(stepBytes: number, shared = false): InputJob<Uint8Array> {
  const parts: Uint8Array[] = [];
  let byteOffset = 0;
  for (;;) {
    const into = shared
      ? new Uint8Array(new SharedArrayBuffer(stepBytes))
      : new Uint8Array(stepBytes);
    const got = yield { request: "read", byteOffset, into };
    parts.push(Uint8Array.from(into.subarray(0, got)));
    byteOffset += got;
    if (got < stepBytes) break;
  }
  return Buffer.concat(parts);
}
