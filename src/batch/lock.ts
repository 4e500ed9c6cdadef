/**
 * A lock beside a file, so that no two runs use it at once: `FILE.lock`, with the process that has
 * it. It needs no clock: a lock is stale when its process is gone, so that a run that was killed
 * can be gone on with at once. Holds among processes of one host.
 */
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { UsageError } from "../findings/index.js";

const SUFFIX = ".lock";
/** Behind a lock's name: whose turn it is to remove it. */
const TURN_SUFFIX = ".stale";
/** A lock that does not tell its owner is being written, unless it is older than this. */
const WRITING_MS = 2000;
/**
 * How long a lock is waited for whose owner is not known or is dying: longer than a torn one, and a
 * torn turn at it behind that, need to be old.
 */
const PATIENCE_MS = 3 * WRITING_MS;
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
  const startMs = performance.now();
  for (;;) {
    if (create(lock)) return () => giveBack(lock);
    const owner = ownerOf(lock);
    const state = owner === null ? "unknown" : stateOf(owner);
    const patient = performance.now() - startMs < PATIENCE_MS;
    if (owner !== null && (state === "alive" || (state === "dying" && !patient))) {
      const where = owner.host === hostname() ? "" : ` on ${owner.host}`;
      throw new UsageError(`${path} is in use by process ${owner.pid}${where}`, {
        option,
        allowed: `one run at a time; remove ${lock} if there is no such process`,
      });
    }
    if (!patient) {
      const allowed = `one run at a time; remove ${lock} if there is no other`;
      throw new UsageError(`${lock} cannot be taken`, { option, allowed });
    }
    if (!isStale(lock) || !removeStale(lock)) pause();
  }
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}

/**
 * Remove a lock whose process is gone. Only one process at a time does so, and looks again before:
 * else a second one would remove the lock that the first has made meanwhile.
 *
 * @returns false if it is another's turn, who may have been killed in it: then it has to be old
 */
function removeStale(lock: string): boolean {
  const turn = lock + TURN_SUFFIX;
  if (!create(turn)) {
    if (!isOld(turn)) return false;
    remove(turn);
    return true;
  }
  try {
    if (isStale(lock)) remove(lock);
    return true;
  } finally {
    remove(turn);
  }
}

/** A turn that an earlier run was killed in goes too: nobody has one at a lock that is held. */
function giveBack(lock: string): void {
  if (isStale(lock + TURN_SUFFIX)) remove(lock + TURN_SUFFIX);
  remove(lock);
}

/** Whether a lock was left by a process that is gone; false if it is not there. */
function isStale(lock: string): boolean {
  const owner = ownerOf(lock);
  return owner === null ? isOld(lock) : stateOf(owner) === "gone";
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
  // Before the file is there: one that is killed between its making and this leaves it torn.
  const begun = lifeOf(process.pid)?.begun ?? "";
  const owner = JSON.stringify({ pid: process.pid, host: hostname(), begun });
  try {
    const fd = openSync(path, "wx");
    try {
      if (writeSync(fd, owner) < owner.length) throw new Error("there is no room for a lock");
    } catch (error) {
      remove(path); // a full disk must not lock the next run out
      throw error;
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

/**
 * "dying": it was killed, but threads of it may still be in a call of the system, such as a write
 * to the file. A process that is over and that its parent has not asked for yet is "gone".
 */
function stateOf({ pid, host, begun }: Owner): "alive" | "dying" | "gone" {
  if (host !== hostname()) return "alive"; // nobody here can tell
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM" ? "alive" : "gone";
  }
  const life = lifeOf(pid);
  if (life === null) return "alive";
  if (begun !== "" && life.begun !== begun) return "gone";
  if (!life.isOver) return "alive";
  return life.threadCount > 1 ? "dying" : "gone";
}

interface Life {
  /** Boot, and start time since. */
  readonly begun: string;
  /** A zombie or on the way to be one. */
  readonly isOver: boolean;
  readonly threadCount: number;
}

/** Null where no /proc tells of a process. Source: proc_pid_stat(5), fields 3, 20 and 22. */
function lifeOf(pid: number): Life | null {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Behind the name, which may hold anything; the third field is the first of these.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      begun: `${boot} ${fields[19]}`,
      isOver: /^[ZXx]$/.test(fields[0] ?? ""),
      threadCount: Number(fields[17]),
    };
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
