/**
 * Where the engine's WASM module comes from: inside the bundled command it is base64 text, in the
 * library a file beside it.
 */
import { existsSync, readFileSync } from "node:fs";

/** Defined by the bundler alone. */
declare const XENSTREAM_ENGINE_BASE64: string | undefined;

/** The bytes of engine.wasm. */
export function wasmBytes(): Uint8Array {
  if (typeof XENSTREAM_ENGINE_BASE64 !== "undefined") {
    return Buffer.from(XENSTREAM_ENGINE_BASE64, "base64");
  }
  const packed = new URL("../engine.wasm", import.meta.url);
  return readFileSync(
    existsSync(packed) ? packed : new URL("../../dist/engine.wasm", import.meta.url),
  );
}
