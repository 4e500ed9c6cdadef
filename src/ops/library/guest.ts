/**
 * A guest that stays open after its image was read: callers ask for pages, types, places and
 * digests. Owns its engine and its input until it is closed. Not the memory model itself (guest/).
 */
import type { EngineName, MemoryModel } from "../../engine/index.js";
import { type RestoreFileResult, UsageError, XenstreamError } from "../../findings/index.js";
import { type GuestKind, PAGE_BYTES, PAGE_TYPE_NAMES } from "../../format/index.js";
import type { Guest, MemoryState } from "../../guest/index.js";
import { type AsyncSource, driveAsync } from "../../input/index.js";
import { checkInteger, choice, type DigestName } from "./options.js";
import { type DigestHooks, digestGuest } from "./run.js";

/** Consecutive populated pfns. */
export interface PfnRun {
  /** First pfn of the run. */
  readonly first: number;
  /** Number of pfns, at least 1. */
  readonly count: number;
}

/** Which memory, and when to stop. */
export interface PageOptions {
  /**
   * `stream`: as the page records leave it; `restored` (the default): after what a restorer
   * changes in it.
   */
  readonly state?: MemoryState | undefined;
}

/** Options of `OpenGuest.pages()`. */
export interface PagesOptions extends PageOptions {
  /** First pfn wanted; 0 by default. */
  readonly firstPfn?: number | undefined;
  /** Last pfn wanted, itself included; the highest populated one by default. */
  readonly lastPfn?: number | undefined;
  /** When aborted, the iteration throws the signal's reason at its next step. */
  readonly signal?: AbortSignal | undefined;
}

/** One populated page. */
export interface GuestPage {
  readonly pfn: number;
  /** As PAGE_DATA had it last, 0..15; see `OpenGuest.pageType()`. */
  readonly type: number;
  /** 4096 bytes, the caller's own. */
  readonly bytes: Uint8Array;
}

/** Digests of a guest's memory, in lower-case hex; `restore` reports the same. */
export interface GuestDigests {
  /** SHA-256 of memory as the page records leave it (`sha256`). */
  readonly streamSha256?: string;
  /** SHA-256 of memory after a restorer's changes (`sha256`). */
  readonly restoredSha256?: string;
  /** XXH3-64 over pfns and page digests, after a restorer's changes (`xxh3`). */
  readonly pageDigest?: string;
  /** Populated pages that are all zero in `stream` state (`xxh3`). */
  readonly zeroPages?: number;
}

/** Pages that iteration reads at a time. */
const STEP_PAGES = 256;
const LAST_PFN = 2 ** 52 - 1;
/** Pages of one readPages(): what a Uint8Array of 2 GiB holds. */
const MAX_PAGES_READ = 2 ** 19;
const STATES: readonly MemoryState[] = ["restored", "stream"];

/** An image that holds no guest memory to open: a Xenstore stream, or broken before its domain. */
export class NoGuestError extends XenstreamError {
  readonly exitCode = 1;
  readonly code = "no-guest";
  /** What was found: verdict, containers, findings. */
  readonly result: RestoreFileResult;

  constructor(result: RestoreFileResult) {
    const first = result.findings.find(({ severity }) => severity === "error");
    super(`${result.file} holds no guest${first ? `: ${first.rule}, ${first.message}` : ""}`);
    this.result = result;
  }
}

/** What an opened guest is made of. */
interface GuestParts {
  readonly result: RestoreFileResult;
  readonly guest: Guest;
  readonly hvmParams: ReadonlyMap<number, bigint>;
  readonly source: AsyncSource;
  readonly release: () => void;
}

/**
 * A guest as a restore would leave it. Made by `openGuest()`; close it when done, or declare it
 * with `await using`. Pfns are whole numbers from 0; pages are 4096 bytes.
 *
 * Reads may be asked for at the same time and are done one after another. After close() everything
 * but `result` and `hvmParams` throws a UsageError.
 */
export class OpenGuest {
  /**
   * What `restore()` gives for the image. A guest is opened whatever the verdict: of a rejected
   * image it holds what was taken over before, between and behind the refused records.
   */
  readonly result: RestoreFileResult;
  /** `hvm` stands for PVH too. */
  readonly kind: GuestKind;
  readonly model: MemoryModel;
  readonly engine: EngineName;
  /** HVM parameters by index, as the image left them; empty for a PV guest. */
  readonly hvmParams: ReadonlyMap<number, bigint>;
  readonly #guest: Guest;
  readonly #source: AsyncSource;
  readonly #release: () => void;
  #closing: Promise<void> | null = null;
  /** Settles, and never rejects, when the last read that was asked for is done. */
  #lastRead: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(parts: GuestParts) {
    const { result, guest, hvmParams, source, release } = parts;
    this.result = result;
    this.kind = guest.kind;
    this.model = guest.model;
    this.engine = guest.engine.name;
    this.hvmParams = hvmParams;
    this.#guest = guest;
    this.#source = source;
    this.#release = release;
  }

  /** Populated pages, a restorer's own included. */
  get populatedPages(): number {
    return this.#opened().engine.stats().populatedPages;
  }

  /** Highest populated pfn, -1 if there is none. */
  get maxPfn(): number {
    return this.#opened().engine.stats().maxPfn;
  }

  /** True if the guest has memory at a pfn. */
  isPopulated(pfn: number): boolean {
    return this.#opened().isPopulated(checkPfn("pfn", pfn));
  }

  /**
   * Type that a pfn had in its last PAGE_DATA entry: an index into PAGE_TYPE_NAMES. 0 (NOTAB) for
   * a pfn that had none; an HVM guest keeps no BROKEN and XTAB, as its restorer does not.
   */
  pageType(pfn: number): number {
    return this.#opened().engine.pageType(checkPfn("pfn", pfn));
  }

  /** The standard's name of pageType(). */
  pageTypeName(pfn: number): string {
    const type = this.pageType(pfn);
    return PAGE_TYPE_NAMES[type] ?? `0x${type.toString(16)}`;
  }

  /**
   * Where the last copy of a page stands in the input, in bytes after decompression; null if the
   * image has no contents for the pfn.
   */
  lastCopyOffset(pfn: number): number | null {
    const byteOffset = this.#opened().lastCopyOffset(checkPfn("pfn", pfn));
    return byteOffset < 0 ? null : byteOffset;
  }

  /** Populated pfns as maximal runs, ascending. */
  *populatedRuns(): Generator<PfnRun, void, undefined> {
    const runs = this.#opened().populatedRuns()[Symbol.iterator]();
    for (;;) {
      this.#opened();
      const step = runs.next();
      if (step.done === true) return;
      yield { first: step.value.first, count: step.value.count };
    }
  }

  /** Pfns whose contents a restorer changes, ascending: where `stream` and `restored` differ. */
  changedPfns(): number[] {
    return this.#opened().fixedPfns();
  }

  /**
   * Contents of one page.
   *
   * @returns 4096 bytes, the caller's own; zeros for a pfn that has no contents or no memory
   * @throws {InputError} if an indexed guest's input cannot be read any more
   */
  readPage(pfn: number, options: PageOptions = {}): Promise<Uint8Array> {
    return this.readPages(pfn, 1, options);
  }

  /**
   * Contents of `count` consecutive pages (1..524,288) from pfn `first` on.
   *
   * @returns count x 4096 bytes, the caller's own; zeros as for readPage()
   * @throws {InputError} if an indexed guest's input cannot be read any more
   */
  async readPages(first: number, count: number, options: PageOptions = {}): Promise<Uint8Array> {
    const guest = this.#opened();
    checkPfn("first", first);
    checkInteger("count", count, 1, Math.min(MAX_PAGES_READ, LAST_PFN - first + 1));
    const state = choice("state", options.state, STATES) ?? "restored";
    const bytes = new Uint8Array(count * PAGE_BYTES);
    await this.#inTurn(() => driveAsync(guest.readPages(first, count, bytes, state), this.#source));
    return bytes;
  }

  /**
   * All populated pages, pfns ascending, read some at a time. May be left at any point.
   *
   * @throws {InputError} if an indexed guest's input cannot be read any more
   */
  async *pages(options: PagesOptions = {}): AsyncGenerator<GuestPage, void, undefined> {
    const { signal } = options;
    const firstPfn = checkPfn("firstPfn", options.firstPfn ?? 0);
    const lastPfn = checkPfn("lastPfn", options.lastPfn ?? LAST_PFN);
    for (const run of this.populatedRuns()) {
      if (run.first > lastPfn) return;
      const end = Math.min(run.first + run.count, lastPfn + 1);
      for (let first = Math.max(run.first, firstPfn); first < end; first += STEP_PAGES) {
        signal?.throwIfAborted();
        const count = Math.min(STEP_PAGES, end - first);
        const bytes = await this.readPages(first, count, options);
        for (let i = 0; i < count; i += 1) {
          const pfn = first + i;
          const page = bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
          yield { pfn, type: this.pageType(pfn), bytes: page };
        }
      }
    }
  }

  /**
   * Digests of the whole memory.
   *
   * @param name  `sha256`: both memory states in one pass; `xxh3`: the restored state, faster
   * @param hooks  a signal that ends it between reads, and a callback told of the `digest` phase
   * @throws {InputError} if an indexed guest's input cannot be read any more
   */
  async digest(name: DigestName, hooks: DigestHooks = {}): Promise<GuestDigests> {
    const guest = this.#opened();
    const checked = choice("digest", name, ["sha256", "xxh3"]) ?? "sha256";
    return await this.#inTurn(() => digestGuest(guest, this.#source, checked, hooks));
  }

  /** Close the input and give the memory back, once reads under way are done. May be repeated. */
  close(): Promise<void> {
    this.#closing ??= this.#lastRead.then(async () => {
      this.#release();
      await this.#source.close();
    });
    return this.#closing;
  }

  /** The same as close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** An engine's windows, and a source, serve one reader at a time. */
  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const turn = this.#lastRead.then(work);
    this.#lastRead = turn.catch(() => {});
    return turn;
  }

  #opened(): Guest {
    if (this.#closing === null) return this.#guest;
    throw new UsageError("the guest is closed", { option: "guest", allowed: "an open guest" });
  }
}

function checkPfn(option: string, pfn: number): number {
  return checkInteger(option, pfn, 0, LAST_PFN) ?? 0;
}
