/**
 * A source of decoded bytes over a source of compressed ones, both synchronous or both not. The
 * decoding is the decoder's; reading ahead and holds are those of any sequential source.
 */
import type { Limits } from "../../findings/index.js";
import type { Puller } from "../sequential-source.js";
import { SequentialSource } from "../sequential-source.js";
import type { AsyncSource, Source } from "../source.js";
import { StreamSource } from "../stream-source.js";
import type { Decoder } from "./decoder.js";
import { Feed, RatioGuard } from "./decoder.js";

/** Makes the decoder of one format for one input. */
export type DecoderMaker = (feed: Feed) => Decoder;

/**
 * @param compressed  read from its byte 0 on; closed with the source that is returned
 * @returns a forward-only source; offsets and holds count in decoded bytes
 */
export function decodedSource(
  compressed: Source,
  maker: DecoderMaker,
  limits: Limits,
): SequentialSource {
  const puller = new DecoderPuller(compressed, maker, limits);
  return new SequentialSource(compressed.name, puller, limits.maxMemoryBytes);
}

/** As decodedSource, over a source that may have to wait. */
export function decodedAsyncSource(
  compressed: AsyncSource,
  maker: DecoderMaker,
  limits: Limits,
): StreamSource {
  const chunks = decodedChunks(compressed, maker, limits);
  const closing = Object.assign(chunks, { destroy: () => compressed.close() });
  return new StreamSource(compressed.name, closing, limits.maxMemoryBytes);
}

/** Runs a decoder as far as bytes are asked of it. */
class DecoderPuller implements Puller {
  readonly #compressed: Source;
  readonly #decoder: Decoder;
  readonly #guard: RatioGuard;
  /** Decoded bytes that the last puller had no room for; the decoder waits until they are gone. */
  #rest = new Uint8Array(0);
  #ended = false;
  #failure: unknown = null;

  constructor(compressed: Source, maker: DecoderMaker, limits: Limits) {
    this.#compressed = compressed;
    this.#decoder = maker(new Feed(compressed.name, limits));
    this.#guard = new RatioGuard(compressed.name, limits);
  }

  pull(into: Uint8Array): number {
    if (this.#rest.length === 0) this.#decodeOn();
    const got = Math.min(into.length, this.#rest.length);
    into.set(got < this.#rest.length ? this.#rest.subarray(0, got) : this.#rest);
    this.#rest = this.#rest.subarray(got);
    return got;
  }

  close(): void {
    this.#ended = true;
    this.#rest = new Uint8Array(0);
    this.#decoder.return();
    this.#compressed.close();
  }

  /** A failed decoder cannot go on: asked again, it fails again in the same way. */
  #decodeOn(): void {
    if (this.#failure !== null) throw this.#failure;
    try {
      this.#step();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #step(): void {
    let answer = 0;
    while (!this.#ended) {
      const step = this.#decoder.next(answer);
      if (step.done === true) {
        this.#ended = true;
      } else if (step.value instanceof Uint8Array) {
        this.#guard.decoded(step.value.length);
        if (step.value.length === 0) continue;
        this.#rest = step.value as Uint8Array<ArrayBuffer>;
        return;
      } else {
        answer = this.#compressed.read(step.value.into, step.value.byteOffset);
        this.#guard.compressed(answer);
      }
    }
  }
}

async function* decodedChunks(
  compressed: AsyncSource,
  maker: DecoderMaker,
  limits: Limits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = maker(new Feed(compressed.name, limits));
  const guard = new RatioGuard(compressed.name, limits);
  try {
    let answer = 0;
    for (let step = decoder.next(answer); step.done !== true; step = decoder.next(answer)) {
      if (step.value instanceof Uint8Array) {
        guard.decoded(step.value.length);
        yield step.value.slice(); // the decoder goes on using its memory
      } else {
        answer = await compressed.read(step.value.into, step.value.byteOffset);
        guard.compressed(answer);
      }
    }
  } finally {
    decoder.return();
  }
}
