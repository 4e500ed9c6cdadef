/**
 * One object behind a transport: ranges of it, whole and of one and the same object, whatever the
 * network does on the way. Asks again for what is missing; knows nothing of caches or protocols.
 */
import type { AsyncSource } from "../source.js";
import { inputError } from "../source.js";
import { orAborted } from "../stream-source.js";
import { Patience, type RemoteLimits } from "./patience.js";
import {
  type Answer,
  type ByteRange,
  changed,
  type ObjectFacts,
  PassingFailure,
  type Transport,
} from "./transport.js";

/** The first bytes of an object, or the whole of it where ranges are not to be had. */
export type FirstAnswer = { readonly facts: ObjectFacts } & (
  | { readonly kind: "ranges"; readonly sizeBytes: number; readonly first: Uint8Array }
  | { readonly kind: "whole"; readonly chunks: AsyncGenerator<Uint8Array, void, undefined> }
);

/** Memory that a range is read into, and how far it is full. */
interface Filling {
  readonly into: Uint8Array<ArrayBuffer>;
  got: number;
}

/** An object that is read by ranges, each checked against what the first answer said of it. */
export class RemoteObject {
  readonly #transport: Transport;
  readonly #limits: RemoteLimits;
  #pin: ObjectFacts | null = null;

  /** @param transport  taken over */
  constructor(transport: Transport, limits: RemoteLimits) {
    this.#transport = transport;
    this.#limits = limits;
  }

  /** As AsyncSource has it. */
  get name(): AsyncSource["name"] {
    return this.#transport.name;
  }

  /** True if a change of the object would show, by its ETag or date. */
  get isPinned(): boolean {
    return this.#pin !== null && (this.#pin.etag ?? this.#pin.lastModified) !== null;
  }

  /**
   * Read the first `bytes` bytes and learn the size from the same answer.
   *
   * @throws {InputError} if it cannot be had
   */
  async open(bytes: number, signal: AbortSignal): Promise<FirstAnswer> {
    const patience = new Patience(this.name, this.#limits);
    for (;;) {
      try {
        return await this.#openOnce(bytes, signal);
      } catch (error) {
        await patience.wait(passing(error, signal), 0, signal);
      }
    }
  }

  /**
   * Read a range that lies within the object.
   *
   * @returns exactly these bytes, the caller's own
   * @throws {InputError} codes "remote-changed", "remote-failed", "permission-denied"
   */
  async read({ byteOffset, bytes }: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const filling = { into: new Uint8Array(bytes), got: 0 };
    const patience = new Patience(this.name, this.#limits);
    while (filling.got < bytes) {
      const at = byteOffset + filling.got;
      try {
        await this.#readOnce({ byteOffset: at, bytes: bytes - filling.got }, filling, signal);
      } catch (error) {
        await patience.wait(passing(error, signal), byteOffset + filling.got, signal);
      }
    }
    return filling.into;
  }

  close(): void {
    this.#transport.close();
  }

  async #openOnce(bytes: number, signal: AbortSignal): Promise<FirstAnswer> {
    const attempt = new Attempt(this.#limits.remoteTimeoutMs, signal);
    const answer = await attempt.of((stop) =>
      this.#transport.get({ byteOffset: 0, bytes }, null, stop),
    );
    const { facts } = answer;
    const { sizeBytes } = facts;
    if (answer.range === null || sizeBytes === null) {
      return { kind: "whole", facts, chunks: this.#whole(answer, attempt) };
    }
    this.#pin = facts;
    const wanted = Math.min(bytes, sizeBytes);
    const filling = { into: new Uint8Array(wanted), got: 0 };
    await this.#collect(answer, { byteOffset: 0, bytes: wanted }, filling, attempt);
    return { kind: "ranges", facts, sizeBytes, first: filling.into };
  }

  async #readOnce(range: ByteRange, filling: Filling, signal: AbortSignal): Promise<void> {
    const attempt = new Attempt(this.#limits.remoteTimeoutMs, signal);
    const pin = this.#pin;
    const answer = await attempt.of((stop) => this.#transport.get(range, pin, stop));
    await this.#collect(answer, range, filling, attempt);
  }

  /** Take what the answer holds of the range; it may be less, then the rest is asked for. */
  async #collect(
    answer: Answer,
    range: ByteRange,
    filling: Filling,
    attempt: Attempt,
  ): Promise<void> {
    try {
      this.#checkPin(answer.facts);
      const given = checkRange(answer, range);
      const end = filling.got + given;
      const chunks = answer.body[Symbol.asyncIterator]();
      while (filling.got < end) {
        const step = await attempt.of(() => chunks.next());
        if (step.done === true) {
          const missing = end - filling.got;
          throw new PassingFailure(`the answer ended ${missing} of ${given} bytes too soon`);
        }
        if (step.value.length > end - filling.got) {
          throw new PassingFailure(`the answer has more than the ${given} bytes it announced`);
        }
        filling.into.set(step.value, filling.got);
        filling.got += step.value.length;
      }
      answer.end(true);
    } catch (error) {
      answer.end(false);
      throw error;
    }
  }

  /** Insist that an answer is of the object whose reading began. */
  #checkPin(facts: ObjectFacts): void {
    const pin = this.#pin;
    if (pin === null) return;
    const differs = (what: keyof ObjectFacts) => pin[what] !== null && pin[what] !== facts[what];
    if (differs("etag")) throw changed(this.name, `ETag ${pin.etag}, then ${facts.etag ?? "none"}`);
    if (differs("sizeBytes")) {
      throw changed(this.name, `${pin.sizeBytes} bytes, then ${facts.sizeBytes ?? "no size"}`);
    }
    if (pin.etag === null && differs("lastModified")) {
      throw changed(
        this.name,
        `of ${pin.lastModified}, then of ${facts.lastModified ?? "no date"}`,
      );
    }
    if (pin.encoding !== facts.encoding) {
      const [before, now] = [pin.encoding ?? "plain", facts.encoding ?? "plain"];
      throw changed(this.name, `content coding ${before}, then ${now}`);
    }
  }

  /** The body of an answer without ranges: once it breaks off, it cannot be gone on with. */
  async *#whole(answer: Answer, attempt: Attempt): AsyncGenerator<Uint8Array, void, undefined> {
    const { sizeBytes } = answer.facts;
    const chunks = answer.body[Symbol.asyncIterator]();
    let got = 0;
    const broken = (how: string, cause?: unknown) => {
      const anew = "the server gives no ranges, so that it has to be read anew";
      const message = `cannot read at byte ${got}: ${how}; ${anew}`;
      return inputError("remote-failed", this.name, message, { byteOffset: got, cause });
    };
    try {
      for (;;) {
        const step = await attempt.of(() => chunks.next());
        if (step.done === true) break;
        got += step.value.length;
        yield step.value;
      }
    } catch (error) {
      if (error instanceof PassingFailure) throw broken(error.message, error);
      throw error;
    } finally {
      answer.end(false);
    }
    if (sizeBytes !== null && got < sizeBytes)
      throw broken(`it ended before its ${sizeBytes} bytes`);
  }
}

/** The failure if it may pass; all others, and aborts, are thrown on. */
function passing(error: unknown, signal: AbortSignal): PassingFailure {
  if (signal.aborted) throw signal.reason;
  if (error instanceof PassingFailure) return error;
  throw error;
}

/** Bytes that an answer holds, all of the range that was asked for. */
function checkRange({ range }: Answer, asked: ByteRange): number {
  if (range === null) throw new PassingFailure("the server gives no ranges any more");
  if (range.byteOffset === asked.byteOffset && range.bytes <= asked.bytes) return range.bytes;
  const [first, last] = [range.byteOffset, range.byteOffset + range.bytes - 1];
  const wanted = `${asked.byteOffset}-${asked.byteOffset + asked.bytes - 1}`;
  throw new PassingFailure(`the server gave bytes ${first}-${last} instead of ${wanted}`);
}

/** One attempt: each wait of it ends when nothing has come for too long, or at the signal. */
class Attempt {
  readonly #timeoutMs: number;
  readonly #late = new AbortController();
  readonly #stop: AbortSignal;

  constructor(timeoutMs: number, signal: AbortSignal) {
    this.#timeoutMs = timeoutMs;
    this.#stop = AbortSignal.any([signal, this.#late.signal]);
  }

  /** What `work` gives, unless it takes too long. */
  async of<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    const seconds = this.#timeoutMs / 1000;
    const late = () => this.#late.abort(new PassingFailure(`nothing came for ${seconds} s`));
    const timer = setTimeout(late, this.#timeoutMs);
    try {
      return await orAborted(work(this.#stop), this.#stop);
    } catch (error) {
      throw this.#stop.aborted ? this.#stop.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }
}
