/**
 * What the platform lends to the inner rooms: the compiled WASM module, SHA-256, a page comparer.
 * Made once per process by whoever starts it.
 */

import type { Hash } from "node:crypto";
import {
  compileEngine,
  createEngine,
  type EngineModule,
  type EngineName,
  type PageEngine,
} from "../engine/index.js";
import type { Sha256 } from "../guest/index.js";

/** The platform's parts. */
export interface Runtime {
  /** Bytes of the engine's WASM module; compiled when first needed. */
  readonly wasmBytes: () => Uint8Array;
}

/** Makes engines and hashes; keeps the compiled module and one engine of each kind. */
export class Platform {
  readonly #runtime: Runtime;
  #module: EngineModule | null = null;
  readonly #engines = new Map<EngineName, PageEngine>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** An engine, recycled from image to image: only one image may use it at a time. */
  engine(name: EngineName): PageEngine {
    let engine = this.#engines.get(name);
    if (engine === undefined) {
      engine = this.ownEngine(name);
      this.#engines.set(name, engine);
    }
    return engine;
  }

  /** An engine that nobody else has, for two images at once. */
  ownEngine(name: EngineName): PageEngine {
    return createEngine(name, { module: () => this.module(), comparePages: Buffer.compare });
  }

  /** The compiled module, for engines and other threads. */
  module(): EngineModule {
    this.#module ??= compileEngine(this.#runtime.wasmBytes());
    return this.#module;
  }
}

/** SHA-256 of node:crypto, which is loaded with the first: few runs need it. */
export function createSha256(): Sha256 {
  return asSha256(process.getBuiltinModule("node:crypto").createHash("sha256"));
}

function asSha256(hash: Hash): Sha256 {
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    copy: () => asSha256(hash.copy()),
    digestHex: () => hash.digest("hex"),
  };
}
