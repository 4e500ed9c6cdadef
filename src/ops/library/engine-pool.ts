/**
 * Engines for calls that may run at the same time: an engine serves one image until it is given
 * back. Idle engines keep their memory, so only a few are kept.
 */
import {
  compileEngine,
  createEngine,
  type EngineModule,
  type EngineName,
  type PageEngine,
} from "../../engine/index.js";

/** Lends engines; compiles the module once, when the first WASM engine is made. */
export class EnginePool {
  readonly #wasmBytes: () => Uint8Array;
  readonly #maxIdle: number;
  readonly #idle: PageEngine[] = [];
  #module: EngineModule | null = null;

  /**
   * @param wasmBytes  gives the engine's module
   * @param maxIdle    engines kept for later calls
   */
  constructor(wasmBytes: () => Uint8Array, maxIdle: number) {
    this.#wasmBytes = wasmBytes;
    this.#maxIdle = maxIdle;
  }

  /** An engine that nobody else has. One that is not given back is simply forgotten. */
  lease(name: EngineName): PageEngine {
    const at = this.#idle.findIndex((engine) => engine.name === name);
    const [idle] = at < 0 ? [] : this.#idle.splice(at, 1);
    return idle ?? createEngine(name, { module: () => this.#compiled(), comparePages });
  }

  /** Take back an engine whose image is done. After an error, let it go instead. */
  giveBack(engine: PageEngine): void {
    if (this.#idle.length < this.#maxIdle) this.#idle.push(engine);
  }

  /** Run `work` with an engine of its own. */
  async use<R>(name: EngineName, work: (engine: PageEngine) => Promise<R>): Promise<R> {
    const engine = this.lease(name);
    const result = await work(engine);
    this.giveBack(engine);
    return result;
  }

  #compiled(): EngineModule {
    this.#module ??= compileEngine(this.#wasmBytes());
    return this.#module;
  }
}

const comparePages = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);
