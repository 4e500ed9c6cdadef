/**
 * The module's surface as the bridge calls it, over one memory. Refuses a module that was built
 * from other numbers, and writes the constants that assembly/ must not hold as static data.
 */
import { InternalError } from "../../findings/index.js";
import { EXPORTS, type ExportName, type MemoryKind, memoryPages, REGIONS } from "./layout.js";
import { LAYOUT_HASH } from "./layout-hash.js";
import { type EngineModule, instantiate, makeMemory, type WasmMemory } from "./platform.js";
import { xxh3Secret } from "./xxh3-secret.js";

/** The exported functions; each is described where it stands in assembly/. Arguments are u32. */
export interface EngineCalls {
  layoutHash(): number;
  resetBank(): number;
  bindBank(baseLow: number, baseHigh: number): number;
  beginBatch(lookedUpTypes: number, limitLow: number, limitHigh: number): number;
  checkEntries(count: number): number;
  stageEntries(count: number, lookedUpTypes: number): number;
  commitEntries(count: number, lookedUpTypes: number): number;
  commitStaged(): number;
  dropStaged(): number;
  placePages(first: number, count: number, frameLimit: number): number;
  setPages(local: number, at: number, count: number, frameLimit: number): number;
  comparePages(first: number, count: number): number;
  scanTables(first: number, count: number, maxPfnLow: number, maxPfnHigh: number): number;
  indexPages(wholePages: number, firstOrdinal: number): number;
  populate(local: number): number;
  nextRun(from: number): number;
  gatherPages(local: number, count: number): number;
  digestPages(local: number, count: number): number;
  digestWindow(count: number): number;
  zeroPages(count: number): number;
  pairWindow(at: number, count: number, pfnLow: number, pfnHigh: number): number;
  pairPages(local: number, count: number): number;
  pairZeroPages(count: number, pfnLow: number, pfnHigh: number): number;
  xxh3Reset(): number;
  xxh3Consume(bytes: number): number;
  xxh3Digest(bytes: number): number;
}

/** One instance over one memory of its own. */
export interface EngineInstance {
  readonly memory: WasmMemory;
  readonly calls: EngineCalls;
}

/**
 * See that a module was built from this layout: once for each module that engines are made of.
 *
 * @throws {InternalError} code "layout-hash"
 */
export function mustBeOurs(module: EngineModule): void {
  const exported = instantiate(module, makeMemory(memoryPages("hasher")));
  if (exported.layoutHash?.() === LAYOUT_HASH) return;
  throw new InternalError("the engine's module was built from this layout", {
    code: "layout-hash",
  });
}

/**
 * Make an instance of a module, which must be ours, over a new memory.
 *
 * @throws {CapacityError} "address-space"
 */
export function makeInstance(module: EngineModule, kind: MemoryKind): EngineInstance {
  const memory = makeMemory(memoryPages(kind));
  const exported = instantiate(module, memory);
  const calls = {} as Record<ExportName, unknown>;
  for (const name of EXPORTS) calls[name] = exported[name];
  new Uint8Array(memory.buffer, REGIONS.constants.location).set(xxh3Secret());
  return { memory, calls: calls as unknown as EngineCalls };
}
