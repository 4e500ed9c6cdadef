/** The door of engine/wasm/: compiles the module and makes engines of it. */
export * from "./digest-parts.js";
export { createWasmEngine } from "./engine.js";
export * from "./fill-parts.js";
export { compileEngine, type EngineModule } from "./platform.js";
