/**
 * Modules of Node that cost more to load than a short command takes, loaded when they are first
 * asked for: node:crypto alone is a tenth of such a command. An import would load them at the start.
 */

/** node:crypto. */
export function nodeCrypto(): typeof import("node:crypto") {
  return process.getBuiltinModule("node:crypto");
}

/** node:v8. */
export function nodeV8(): typeof import("node:v8") {
  return process.getBuiltinModule("node:v8");
}

/** node:vm. */
export function nodeVm(): typeof import("node:vm") {
  return process.getBuiltinModule("node:vm");
}

/** node:os. */
export function nodeOs(): typeof import("node:os") {
  return process.getBuiltinModule("node:os");
}

/** node:worker_threads. */
export function nodeWorkerThreads(): typeof import("node:worker_threads") {
  return process.getBuiltinModule("node:worker_threads");
}
