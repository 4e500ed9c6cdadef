/**
 * Streaming XXH3-64 over bytes of any length, in a small memory of its own: it shares nothing with
 * the banks, so it serves whole files as well as parts of a guest.
 */
import { TWO_POW_32 } from "../../format/index.js";
import type { Xxh3 } from "../port.js";
import { REGIONS, RESULT, XXH3_INPUT_BYTES } from "./layout.js";
import { type EngineCalls, makeInstance } from "./module.js";
import type { EngineModule } from "./platform.js";

/** One stream of bytes and its digest. */
export class WasmXxh3 implements Xxh3 {
  readonly #calls: EngineCalls;
  readonly #input: Uint8Array;
  readonly #digest: Uint32Array;
  /** Bytes in the input that were not consumed yet. */
  #held = 0;

  constructor(module: EngineModule) {
    const { memory, calls } = makeInstance(module, "hasher");
    this.#calls = calls;
    this.#input = new Uint8Array(memory.buffer, REGIONS.xxh3Input.location, XXH3_INPUT_BYTES);
    this.#digest = new Uint32Array(memory.buffer, RESULT.digest.location, 2);
    calls.xxh3Reset();
  }

  reset(): void {
    this.#held = 0;
    this.#calls.xxh3Reset();
  }

  update(bytes: Uint8Array): void {
    let taken = 0;
    while (taken < bytes.length) {
      if (this.#held === XXH3_INPUT_BYTES) this.#held = this.#calls.xxh3Consume(this.#held);
      const now = Math.min(bytes.length - taken, XXH3_INPUT_BYTES - this.#held);
      this.#input.set(bytes.subarray(taken, taken + now), this.#held);
      this.#held += now;
      taken += now;
    }
  }

  digest(): bigint {
    this.#calls.xxh3Digest(this.#held);
    return BigInt(this.#digest[1]!) * BigInt(TWO_POW_32) + BigInt(this.#digest[0]!);
  }
}
