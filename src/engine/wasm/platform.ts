/**
 * The few parts of the WebAssembly API that the bridge uses. They are reached through globalThis,
 * for neither the ES2023 library nor the types of Node.js declare them. Not the module's own
 * surface: that is module.ts.
 */
import { CapacityError, InternalError } from "../../findings/index.js";

/** A compiled module, opaque here: what the platform's WebAssembly.Module makes. */
export type EngineModule = object;

/** A shared memory; initial and maximum size are the same, so its buffer never changes. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

interface WasmPlatform {
  readonly Module: new (bytes: Uint8Array) => EngineModule;
  readonly Instance: new (
    module: EngineModule,
    imports: { env: { memory: WasmMemory } },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (descriptor: {
    initial: number;
    maximum: number;
    shared: true;
  }) => WasmMemory;
  readonly RuntimeError: new () => Error;
}

type WasmFunction = (...args: number[]) => number;

const platform = (globalThis as unknown as { readonly WebAssembly: WasmPlatform }).WebAssembly;

/**
 * Compile the bytes of the engine's module; the module can be used by any number of engines and
 * sent to workers.
 *
 * @throws {InternalError} code "wasm-module" if they are no module
 */
export function compileEngine(bytes: Uint8Array): EngineModule {
  try {
    return new platform.Module(bytes);
  } catch (cause) {
    throw new InternalError("the engine's bytes are a module", { code: "wasm-module", cause });
  }
}

/**
 * Make a shared memory of a fixed size; parts of it that are never touched cost no RAM.
 *
 * @param pages  WebAssembly pages of 64 KiB
 * @throws {CapacityError} "address-space" if the system refuses
 */
export function makeMemory(pages: number): WasmMemory {
  try {
    return new platform.Memory({ initial: pages, maximum: pages, shared: true });
  } catch {
    // A RangeError that says no more than that there is no room for so many bytes.
    throw new CapacityError("the system refuses address space for one more bank of memory", {
      limit: "address-space",
      asked: pages * 65_536,
      option: "--max-memory",
    });
  }
}

/**
 * Make an instance over a memory.
 *
 * @returns the exported functions by name, each of which turns a trap into an InternalError of code
 *   "wasm-trap" and its answer into an unsigned number
 */
export function instantiate(
  module: EngineModule,
  memory: WasmMemory,
): Readonly<Record<string, WasmFunction>> {
  const { exports } = new platform.Instance(module, { env: { memory } });
  const guarded: Record<string, WasmFunction> = {};
  for (const [name, exported] of Object.entries(exports)) {
    if (typeof exported === "function") guarded[name] = guard(name, exported as WasmFunction);
  }
  return guarded;
}

function guard(name: string, call: WasmFunction): WasmFunction {
  return (a, b, c, d) => {
    try {
      return call(a as number, b as number, c as number, d as number) >>> 0;
    } catch (cause) {
      if (!(cause instanceof platform.RuntimeError)) throw cause;
      throw new InternalError(`${name} does not trap`, { code: "wasm-trap", cause });
    }
  };
}
