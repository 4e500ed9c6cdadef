/**
 * The manifest file: the digests of a guest's pages, in a form that can be written and read in one
 * pass. Not how they are made or compared: that is manifest.ts. The layout is docs/manifest.md's.
 *
 *   header 48 bytes | container chain, padded | runs | digests | trailer 32 bytes
 */
import { closeSync, openSync, readSync } from "node:fs";
import { InputError } from "../findings/index.js";
import { readU32, readU64, writeU32, writeU64 } from "../stream/index.js";
import type { Output } from "./output.js";

/** "XSPAGES" and a zero. */
const MAGIC = 0x0053_4547_4150_5358n;
const VERSION = 1;
const HEADER_BYTES = 48;
const TRAILER_BYTES = 32;
const RUN_BYTES = 16;
const DIGEST_BYTES = 8;
const MAX_CHAIN_BYTES = 256;
/** Bytes written or read at a time. */
const STEP_BYTES = 512 * 1024;
const FLAG_RESTORED = 1;
const FLAG_REST = 2;

/** A run of pfns. */
export interface ManifestRun {
  readonly first: number;
  readonly count: number;
}

/** What a manifest says before its digests. */
export interface ManifestHead {
  readonly state: "stream" | "restored";
  /** Formats of the image, outermost first, with slashes between. */
  readonly chain: string;
  /** Of the decompressed input. */
  readonly inputBytes: number;
  readonly pageCount: number;
  readonly runs: readonly ManifestRun[];
  /** XXH3-64 of the bytes that are no page's last copy; null where they were not to be had twice. */
  readonly restDigest: bigint | null;
}

/** Streaming XXH3-64. */
export interface ManifestHash {
  update(bytes: Uint8Array): void;
  digest(): bigint;
}

/** Writes one manifest: head, then digests in order of pfn, then end. */
export class ManifestWriter {
  readonly #output: Output;
  readonly #hash: ManifestHash;
  readonly #buffer = new Uint8Array(STEP_BYTES);
  #used = 0;
  #restDigest = 0n;

  /** @param hash a fresh one; it sees the whole file but its last 8 bytes */
  constructor(output: Output, hash: ManifestHash) {
    this.#output = output;
    this.#hash = hash;
  }

  head(head: ManifestHead): void {
    const chain = new TextEncoder().encode(head.chain);
    const bytes = new Uint8Array(HEADER_BYTES + roundUp8(chain.length));
    const rest = head.restDigest === null ? 0 : FLAG_REST;
    writeU64(bytes, 0, MAGIC);
    writeU32(bytes, 8, VERSION);
    writeU32(bytes, 12, rest | (head.state === "restored" ? FLAG_RESTORED : 0));
    writeU64(bytes, 16, BigInt(head.pageCount));
    writeU64(bytes, 24, BigInt(head.runs.length));
    writeU64(bytes, 32, BigInt(head.inputBytes));
    writeU32(bytes, 40, chain.length);
    bytes.set(chain, HEADER_BYTES);
    this.#put(bytes);
    for (const { first, count } of head.runs) this.#words(BigInt(first), BigInt(count));
    this.#restDigest = head.restDigest ?? 0n;
  }

  /** Digests of the next pages. */
  digests(digests: Iterable<bigint>): void {
    for (const digest of digests) this.#words(digest);
  }

  /** @param root XXH3-64 over pfn and digest of each page, as `pageDigest` of restore */
  end(root: bigint): void {
    this.#words(root, this.#restDigest, 0n);
    this.#flush();
    this.#words(this.#hash.digest());
    this.#flush();
  }

  #words(...words: readonly bigint[]): void {
    for (const word of words) {
      if (this.#used + DIGEST_BYTES > STEP_BYTES) this.#flush();
      writeU64(this.#buffer, this.#used, word);
      this.#used += DIGEST_BYTES;
    }
  }

  #put(bytes: Uint8Array): void {
    this.#flush();
    this.#hash.update(bytes);
    this.#output.write(bytes);
  }

  #flush(): void {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    if (bytes.length === 0) return;
    this.#hash.update(bytes);
    this.#output.write(bytes);
  }
}

/** Reads one manifest: its head, then its digests in order. */
export class ManifestReader {
  readonly head: ManifestHead;
  readonly root: bigint;
  readonly #fd: number;
  readonly #path: string;
  #digestsAt = 0;
  readonly #buffer = new Uint8Array(STEP_BYTES);
  #at = 0;
  #filled = 0;
  #given = 0;

  /**
   * Open and check a manifest.
   *
   * @param hash a fresh XXH3-64
   * @throws {InputError} code "manifest" if it cannot be read, is none, of another version, or
   *         damaged itself; the first comes from next() too
   */
  constructor(path: string, hash: ManifestHash) {
    this.#path = path;
    try {
      this.#fd = openSync(path, "r");
    } catch (cause) {
      throw this.#unreadable(cause);
    }
    try {
      const { head, runsAt } = this.#readHead(hash);
      const endAt = this.#digestsAt + head.pageCount * DIGEST_BYTES;
      const trailer = this.#hashed(runsAt, endAt + TRAILER_BYTES - DIGEST_BYTES, hash);
      const [root, rest] = [readU64(trailer, 0), readU64(trailer, 8)];
      const own = this.#read(endAt + TRAILER_BYTES - DIGEST_BYTES, DIGEST_BYTES);
      if (readU64(own, 0) !== hash.digest()) throw this.#bad("its own digest does not fit");
      this.head = { ...head, restDigest: head.restDigest === null ? null : rest };
      this.root = root;
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** The digest of the next page. */
  next(): bigint {
    if (this.#at === this.#filled) {
      const left = this.head.pageCount * DIGEST_BYTES - this.#given;
      this.#filled = Math.min(STEP_BYTES, left);
      this.#buffer.set(this.#read(this.#digestsAt + this.#given, this.#filled));
      this.#given += this.#filled;
      this.#at = 0;
    }
    this.#at += DIGEST_BYTES;
    return readU64(this.#buffer, this.#at - DIGEST_BYTES);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readHead(hash: ManifestHash): { head: ManifestHead; runsAt: number } {
    const bytes = this.#read(0, HEADER_BYTES);
    if (readU64(bytes, 0) !== MAGIC) throw this.#bad("it does not begin as one");
    const version = readU32(bytes, 8);
    if (version !== VERSION) throw this.#bad(`version ${version} is not known`);
    const flags = readU32(bytes, 12);
    const [pageCount, runCount, inputBytes] = [16, 24, 32].map((at) => Number(readU64(bytes, at)));
    for (const count of [pageCount, runCount, inputBytes]) {
      if (!Number.isSafeInteger((count ?? 0) * RUN_BYTES)) throw this.#bad("its counts are absurd");
    }
    const chainBytes = readU32(bytes, 40);
    if (chainBytes > MAX_CHAIN_BYTES) throw this.#bad("its chain of formats is too long");
    const chainText = this.#read(HEADER_BYTES, roundUp8(chainBytes));
    hash.update(bytes);
    hash.update(chainText);
    const runsAt = HEADER_BYTES + chainText.length;
    const runs: ManifestRun[] = [];
    this.#digestsAt = runsAt + (runCount ?? 0) * RUN_BYTES;
    for (let at = runsAt; at < this.#digestsAt; at += STEP_BYTES) {
      const step = this.#read(at, Math.min(STEP_BYTES, this.#digestsAt - at));
      for (let i = 0; i < step.length; i += RUN_BYTES) {
        runs.push({ first: Number(readU64(step, i)), count: Number(readU64(step, i + 8)) });
      }
    }
    const told = runs.reduce((sum, { count }) => sum + count, 0);
    if (told !== pageCount) throw this.#bad("its counts do not agree");
    const state = (flags & FLAG_RESTORED) === 0 ? "stream" : "restored";
    const restDigest = (flags & FLAG_REST) === 0 ? null : 0n;
    const chain = new TextDecoder().decode(chainText.subarray(0, chainBytes));
    const head = {
      state,
      chain,
      inputBytes: inputBytes ?? 0,
      pageCount,
      runs,
      restDigest,
    } as const;
    return { head, runsAt };
  }

  /** Hash a range; returns its last 24 bytes. */
  #hashed(from: number, to: number, hash: ManifestHash): Uint8Array {
    for (let at = from; at < to; at += STEP_BYTES) {
      hash.update(this.#read(at, Math.min(STEP_BYTES, to - at)));
    }
    return this.#read(to - TRAILER_BYTES + DIGEST_BYTES, TRAILER_BYTES - DIGEST_BYTES);
  }

  /** Exactly so many bytes, or a manifest that ends too soon. Nothing is made for what is not there. */
  #read(at: number, bytes: number): Uint8Array {
    const into = new Uint8Array(bytes);
    for (let done = 0; done < bytes; ) {
      const got = this.#readSome(into, done, at + done);
      if (got === 0) throw this.#bad("it ends too soon");
      done += got;
    }
    return into;
  }

  #readSome(into: Uint8Array, intoOffset: number, at: number): number {
    try {
      return readSync(this.#fd, into, intoOffset, into.length - intoOffset, at);
    } catch (cause) {
      throw this.#unreadable(cause);
    }
  }

  #unreadable(cause: unknown): InputError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `cannot read ${this.#path}: ${reason}`;
    return new InputError(message, { code: "manifest", source: this.#path, cause });
  }

  #bad(why: string): InputError {
    const message = `${this.#path} is no manifest that can be used: ${why}`;
    return new InputError(message, { code: "manifest", source: this.#path });
  }
}

function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
