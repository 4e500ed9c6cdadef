/**
 * A lock beside a file, so that no two runs use it at once: `FILE.lock`, with the process that has
 * it. It needs no clock: a lock is stale when its process is gone, so that a run that was killed
 * can be gone on with at once. Holds among processes of one host.
 */
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { UsageError } from "../findings/index.js";

const SUFFIX = ".lock";
/** A lock that does not tell its owner is being written, unless it is older than this. */
const WRITING_MS = 2000;
const TRIES = 50;
const PAUSE_MS = 20;

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the kernel tells it: the number may be another's by now. */
  readonly begun: string;
}

/** Path of the lock of a file. */
export function lockPathOf(path: string): string {
  return path + SUFFIX;
}

/**
 * Take the lock of `path`.
 *
 * @param option  what named the file, for the message
 * @returns gives the lock back
 * @throws {UsageError} if another run has it
 */
export function takeLock(path: string, option: string): () => void {
  const lock = lockPathOf(path);
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (create(lock)) return () => remove(lock);
    const owner = ownerOf(lock);
    if (owner !== null && isAlive(owner)) {
      const where = owner.host === hostname() ? "" : ` on ${owner.host}`;
      throw new UsageError(`${path} is in use by process ${owner.pid}${where}`, {
        option,
        allowed: `one run at a time; remove ${lock} if there is no such process`,
      });
    }
    if (owner !== null || isOld(lock)) removeStale(lock);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
  throw new UsageError(`${lock} cannot be taken`, { option, allowed: "one run at a time" });
}

/**
 * Remove a lock whose process is gone. Only one process at a time does so, and looks again before:
 * else a second one would remove the lock that the first has made meanwhile.
 */
function removeStale(lock: string): void {
  const turn = `${lock}.stale`;
  if (!create(turn)) {
    if (isOld(turn)) remove(turn);
    return;
  }
  try {
    const owner = ownerOf(lock);
    if (owner === null ? isOld(lock) : !isAlive(owner)) remove(lock);
  } finally {
    remove(turn);
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** False if it is there already. */
function create(path: string): boolean {
  try {
    const fd = openSync(path, "wx");
    try {
      const owner = { pid: process.pid, host: hostname(), begun: begunOf(process.pid) ?? "" };
      writeSync(fd, JSON.stringify(owner));
    } finally {
      closeSync(fd);
    }
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Null if it is gone, or does not tell. */
function ownerOf(lock: string): Owner | null {
  try {
    const { pid, host, begun } = JSON.parse(readFileSync(lock, "utf8")) as Partial<Owner>;
    if (typeof pid !== "number" || typeof host !== "string" || typeof begun !== "string") {
      return null;
    }
    return { pid, host, begun };
  } catch {
    return null;
  }
}

function isAlive({ pid, host, begun }: Owner): boolean {
  if (host !== hostname()) return true; // nobody here can tell
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  return begun === "" || (begunOf(pid) ?? begun) === begun;
}

/** Boot and start time of a process; null where no /proc tells it. */
function begunOf(pid: number): string | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Behind the name, which may hold anything; the 22nd field of all. Source: proc_pid_stat(5).
    return `${boot} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return null;
  }
}

function isOld(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > WRITING_MS;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
