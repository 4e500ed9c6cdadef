/**
 * The door of engine/ for those who make engines. The only file that names both; what an engine is
 * stands in port.ts.
 */
import { InternalError } from "../findings/index.js";
import type { EngineName, PageEngine } from "./port.js";
import { createReferenceEngine, type PageComparer } from "./reference/index.js";
import { createWasmEngine, type EngineModule } from "./wasm/index.js";

export type { EngineName, FillSpace, MemoryModel, PageEngine } from "./port.js";
export {
  compileEngine,
  type DigestParts,
  type DigestTask,
  digestParts,
  digestTask,
  type EngineModule,
  FAILED,
  FILL_FILLED,
  FILL_NEXT,
  FILL_SLOT_PAGES,
  FILL_SLOTS,
  FILL_STATES,
  FILL_STOP,
  type FillParts,
  fillCounters,
  fillTask,
  NEXT_PART,
  PART_PAGES,
  type ReadAt,
  readParts,
  THREADS_AT_WORK,
  ZERO_PAGES,
} from "./wasm/index.js";

/** What the platform lends to engines. */
export interface EngineParts {
  /** The compiled engine module; asked for only by the WASM engine. */
  readonly module?: () => EngineModule;
  /** A native comparison of two byte arrays, as Buffer.compare; 0 means equal. */
  readonly comparePages?: PageComparer;
}

/**
 * Make a page engine.
 *
 * @throws {InternalError} if the WASM engine is asked for without its module
 */
export function createEngine(name: EngineName, parts: EngineParts): PageEngine {
  if (name === "reference") return createReferenceEngine(parts.comparePages);
  if (parts.module === undefined) throw new InternalError("the WASM engine needs its module");
  return createWasmEngine(parts.module());
}
