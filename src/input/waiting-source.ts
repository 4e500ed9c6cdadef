/**
 * Pipes and terminals as sources that wait without holding up the thread, so that a signal can end
 * the waiting: a thread in the kernel's read() or open() sees no signal, and cannot be ended either.
 * Not for those who have nothing to clean up: sequential-source.ts is as good for them, and sooner
 * there. On Linux alone; it is not known elsewhere what a FIFO without a writer does.
 */
import { constants, fstatSync, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import { platform } from "node:os";
import { isatty, ReadStream } from "node:tty";
import { platformPath } from "../findings/index.js";
import { STANDARD_INPUT, STANDARD_INPUT_FD, STANDARD_INPUT_NAME, tryToOpen } from "./open.js";
import { StreamSource } from "./stream-source.js";

const PIPE_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Open a path or "-" if it has to be waited for. A FIFO waits for its writer with its first byte.
 *
 * @param maxHeldBytes  what a hold may keep
 * @returns null for what need not be waited for, or not so: files, devices, other systems
 * @throws {InputError} as openSource
 */
export function openWaiting(path: string, maxHeldBytes: number): StreamSource | null {
  if (platform() !== "linux") return null;
  return path === STANDARD_INPUT ? standardInput(maxHeldBytes) : fifo(path, maxHeldBytes);
}

function fifo(path: string, maxHeldBytes: number): StreamSource | null {
  const stats = statSync(platformPath(path), { throwIfNoEntry: false });
  if (stats?.isFIFO() !== true) return null;
  const fd = tryToOpen(path, () => openSync(platformPath(path), PIPE_FLAGS));
  return sourceOf(path, socketOf(fd), true, maxHeldBytes);
}

function standardInput(maxHeldBytes: number): StreamSource | null {
  const stats = tryToOpen(STANDARD_INPUT_NAME, () => fstatSync(STANDARD_INPUT_FD));
  if (stats.isFIFO()) {
    const own = ownPipe();
    const socket = socketOf(own ?? STANDARD_INPUT_FD);
    return sourceOf(STANDARD_INPUT_NAME, socket, own !== null, maxHeldBytes);
  }
  if (stats.isSocket()) {
    return sourceOf(STANDARD_INPUT_NAME, socketOf(STANDARD_INPUT_FD), false, maxHeldBytes);
  }
  if (!isatty(STANDARD_INPUT_FD)) return null;
  return sourceOf(STANDARD_INPUT_NAME, new ReadStream(STANDARD_INPUT_FD), false, maxHeldBytes);
}

/**
 * The pipe behind standard input, opened again: it must not wait, and whoever shares the descriptor
 * is not to notice. Null where that is not allowed: then it is shared.
 */
function ownPipe(): number | null {
  try {
    return openSync(`/proc/self/fd/${STANDARD_INPUT_FD}`, PIPE_FLAGS);
  } catch {
    return null; // no /proc, or a pipe of another user's
  }
}

function socketOf(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false });
}

function sourceOf(
  name: string,
  socket: Socket,
  isOwn: boolean,
  maxHeldBytes: number,
): StreamSource {
  const chunks = {
    // Standard input itself stays open.
    [Symbol.asyncIterator]: () => socket.iterator({ destroyOnReturn: isOwn }),
    destroy: () => {
      if (isOwn) socket.destroy();
      else socket.pause().unref();
    },
  };
  return new StreamSource(name, chunks, maxHeldBytes);
}
