/**
 * The journal of a batch: one line for each image that was judged, so that a run that was killed
 * can be gone on with. Lines are only ever appended, each with a checksum of its own; what a crash
 * has torn is not believed, and its image done again. Not what is done with an outcome.
 *
 *   {"c":"<crc32>","v":1,"type":"journal","tool":…,"settings":{…}}      first line
 *   {"c":"<crc32>","file":…,"identity":…,"outcome":{…}}                  one an image
 */
import { type FileHandle, open } from "node:fs/promises";
import { type BatchFileLine, InputError, UsageError } from "../findings/index.js";
import { sealed, unsealed } from "./journal-lines.js";
import { takeLock } from "./lock.js";
import type { JobSettings } from "./port.js";

/** Results are safe from a crash of the machine after this; from one of the process, at once. */
const COMMIT_MS = 100;
const VERSION = 1;
const OPTION = "--resume";
/** A first line begins so. */
const BEGINNING = '{"c":"';
const MAX_HEAD_BYTES = 64 * 1024;
const READ_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** What decides whether earlier outcomes are those that would come of a run now. */
export interface JournalHead {
  /** Version of xenstream. */
  readonly tool: string;
  /** The bound on memory may differ from run to run. */
  readonly settings: Omit<JobSettings, "maxMemoryBytes">;
}

/** An outcome, and of which file it is. */
export interface JournalEntry {
  readonly file: string;
  /** As fileIdentity() tells it. */
  readonly identity: string;
  readonly outcome: BatchFileLine;
}

/** An open journal. One run at a time has it. */
export class Journal {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #unlock: () => void;
  #end = 0;
  #pending: string[] = [];
  #work: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #unsynced = false;
  #failure: InputError | null = null;

  private constructor(path: string, handle: FileHandle, unlock: () => void) {
    this.#path = path;
    this.#handle = handle;
    this.#unlock = unlock;
  }

  /**
   * Open a journal, made if it is absent.
   *
   * @throws {UsageError} if another run has it, if it is none, or was made with other settings
   * @throws {InputError} code "journal" if it cannot be opened
   */
  static async open(path: string, head: JournalHead): Promise<Journal> {
    const opened = { handle: null as FileHandle | null, unlock: null as (() => void) | null };
    try {
      opened.unlock = takeLock(path, OPTION);
      opened.handle = await openOrMake(path);
      const journal = new Journal(path, opened.handle, opened.unlock);
      await journal.#begin(head);
      return journal;
    } catch (error) {
      await opened.handle?.close().catch(() => {}); // what went wrong first is told
      giveUp(opened.unlock);
      throw error instanceof UsageError ? error : journalError(path, error);
    }
  }

  /**
   * The outcomes of earlier runs, as they were written; to be read before any is added. Lines that
   * do not hold are passed over; what a torn last one holds is cut off.
   *
   * @throws {InputError} code "journal" if they cannot be read
   */
  async *entries(): AsyncGenerator<JournalEntry> {
    const lines = this.#lines();
    for (;;) {
      const step = await this.#guarded(() => lines.next());
      if (step.done === true) break;
      this.#end = step.value.end;
      const value = unsealed(step.value.line) as Partial<JournalEntry> | null;
      if (typeof value?.file === "string" && typeof value.identity === "string") {
        yield value as JournalEntry;
      }
    }
    await this.#guarded(() => this.#handle.truncate(this.#end));
  }

  /**
   * Add an outcome. It is in the file soon, and on disk within some 100 ms.
   *
   * @throws {InputError} code "journal" if an earlier one could not be written
   */
  add(entry: JournalEntry): void {
    if (this.#failure !== null) throw this.#failure;
    this.#pending.push(sealed(entry));
    if (this.#pending.length === 1) this.#enqueue(() => this.#write());
  }

  /**
   * Write and sync what is there, and give up the lock, which is given up in any case.
   *
   * @throws {InputError} code "journal" if that cannot be done: what was added last may be missing
   */
  async close(): Promise<void> {
    try {
      this.#enqueue(() => this.#sync());
      await this.#work;
      if (this.#timer !== null) clearTimeout(this.#timer);
      await this.#guarded(() => this.#handle.close());
      if (this.#failure !== null) throw this.#failure;
    } catch (error) {
      giveUp(this.#unlock);
      throw this.#failure ?? error;
    }
    await this.#guarded(async () => this.#unlock());
  }

  /** What goes wrong is the journal's. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw journalError(this.#path, error);
    }
  }

  /** Read the first line and hold it to `head`; write it if there is none. */
  async #begin(head: JournalHead): Promise<void> {
    const wanted = { v: VERSION, type: "journal", ...head };
    for await (const { line } of this.#lines(MAX_HEAD_BYTES)) {
      this.#mustFit(unsealed(line), wanted);
      return;
    }
    const start = await this.#startOf();
    if (!start.startsWith(BEGINNING) && !BEGINNING.startsWith(start)) throw this.#isNone();
    await this.#handle.truncate(0);
    await writeAll(this.#handle, sealed(wanted), 0);
    await this.#handle.datasync();
  }

  #mustFit(found: unknown, wanted: JournalHead): void {
    const { v, type, tool, settings } = (found ?? {}) as Partial<typeof wanted> & {
      v?: number;
      type?: string;
    };
    if (type !== "journal" || typeof settings !== "object") throw this.#isNone();
    if (v !== VERSION) throw this.#differs(`version ${v} of journals`);
    if (tool !== wanted.tool) throw this.#differs(`xenstream ${tool}`);
    for (const [name, value] of Object.entries(wanted.settings)) {
      const was = (settings as Readonly<Record<string, unknown>>)[name];
      if (was !== value) throw this.#differs(`${name} ${was}, not ${value}`);
    }
  }

  #isNone(): UsageError {
    const allowed = "a journal of batch, or a path where nothing is";
    return new UsageError(`${this.#path} is no journal`, { option: OPTION, allowed });
  }

  #differs(with_: string): UsageError {
    const allowed = "the same options as before, or another journal";
    return new UsageError(`the journal ${this.#path} was made with ${with_}`, {
      option: OPTION,
      allowed,
    });
  }

  async #startOf(): Promise<string> {
    const into = Buffer.alloc(BEGINNING.length);
    const { bytesRead } = await this.#handle.read(into, 0, into.length, 0);
    return into.toString("latin1", 0, bytesRead);
  }

  /** Lines that end with a newline, and where the next begins. */
  async *#lines(mostBytes = Number.POSITIVE_INFINITY): AsyncGenerator<{
    readonly line: string;
    readonly end: number;
  }> {
    let parts: Buffer[] = [];
    for (let at = 0; at < mostBytes; ) {
      const into = Buffer.allocUnsafe(READ_BYTES);
      const { bytesRead } = await this.#handle.read(into, 0, READ_BYTES, at);
      if (bytesRead === 0) return;
      let from = 0;
      for (;;) {
        const newline = into.subarray(0, bytesRead).indexOf(NEWLINE, from);
        if (newline < 0) break;
        parts.push(into.subarray(from, newline));
        yield { line: Buffer.concat(parts).toString("utf8"), end: at + newline + 1 };
        parts = [];
        from = newline + 1;
      }
      parts.push(into.subarray(from, bytesRead));
      at += bytesRead;
    }
  }

  /** One thing at a time is done with the file. The first failure ends it all. */
  #enqueue(step: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#failure !== null) return;
      try {
        await step();
      } catch (error) {
        this.#failure = journalError(this.#path, error);
      }
    });
  }

  async #write(): Promise<void> {
    const text = this.#pending.join("");
    this.#pending = [];
    this.#end += await writeAll(this.#handle, text, this.#end);
    this.#unsynced = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#enqueue(() => this.#sync());
    }, COMMIT_MS);
  }

  async #sync(): Promise<void> {
    if (!this.#unsynced) return;
    this.#unsynced = false;
    await this.#handle.datasync();
  }
}

async function openOrMake(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return await open(path, "wx+");
  }
}

/** Returns the bytes written. */
async function writeAll(handle: FileHandle, text: string, at: number): Promise<number> {
  const bytes = Buffer.from(text, "utf8");
  for (let done = 0; done < bytes.length; ) {
    const step = await handle.write(bytes, done, bytes.length - done, at + done);
    done += step.bytesWritten;
  }
  return bytes.length;
}

/** Give back a lock where something else went wrong, which is told. */
function giveUp(unlock: (() => void) | null): void {
  try {
    unlock?.();
  } catch {
    // A lock whose process is gone keeps nobody out.
  }
}

const NO_ROOM: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG"];
const NOT_OURS: readonly string[] = ["EROFS", "EACCES", "EPERM", "ENOENT", "ENOTDIR"];

function journalError(path: string, cause: unknown): InputError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const help = NO_ROOM.includes(code)
    ? "; make room, then the same command goes on from what is in it"
    : NOT_OURS.includes(code)
      ? "; name one in a folder that is there and may be written to"
      : "";
  return new InputError(`the journal ${path} cannot be used: ${reason}${help}`, {
    code: "journal",
    source: path,
    cause,
  });
}
