/** The door of engine/wasm/: compiles the module and makes engines of it. */
export { createWasmEngine } from "./engine.js";
export { compileEngine, type EngineModule } from "./platform.js";
