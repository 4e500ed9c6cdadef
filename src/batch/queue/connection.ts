/**
 * The connection to the server of a queue, and what becomes of its errors: all are typed, say what
 * to do, and hold no credentials. Not what is said over it.
 */
import type * as BullMQ from "bullmq";
import type * as IORedis from "ioredis";
import { InputError, XenstreamError } from "../../findings/index.js";
import { type QueueAddress, redact } from "./address.js";
import type { QueuePackages } from "./options.js";

/** Before everything that is the queue's in Redis. */
export const KEY_PREFIX = "xenstream";

/** How fast a server must take a connection. */
const CONNECT_MS = 10_000;
/** A server that says nothing to a command for so long is taken for gone. */
const SILENCE_MS = 30_000;
/** Between tries to reach a lost server: from, to. */
const RETRY_MS = [100, 2000] as const;

/** A Redis client that tells when its server is gone for good. */
export class QueueConnection {
  readonly address: QueueAddress;
  readonly redis: IORedis.Redis;
  readonly bullmq: typeof BullMQ;
  /** Rejects with an InputError once the server was gone for too long; never resolves. */
  readonly lost: Promise<never>;
  #closing = false;
  #reachable = false;
  #lastError = "";

  private constructor(
    packages: QueuePackages,
    address: QueueAddress,
    reconnectMs: number,
    onNotice: (text: string) => void,
  ) {
    this.address = address;
    this.bullmq = packages.bullmq as typeof BullMQ;
    const { Redis } = packages.ioredis as typeof IORedis;
    this.redis = new Redis(address.url, {
      lazyConnect: true,
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      maxRetriesPerRequest: null,
      // The first try tells what is wrong at once; a server that was there is waited for.
      retryStrategy: (tries) => (this.#reachable ? retryDelay(tries, reconnectMs) : null),
    });
    this.lost = new Promise((_resolve, reject) => {
      this.redis.on("end", () => {
        if (!this.#closing && this.#reachable) reject(this.#lostError(reconnectMs));
      });
    });
    this.lost.catch(() => undefined); // whoever waits for work waits for this too
    this.#tellOf(onNotice);
  }

  /**
   * Connect, and see that commands are taken.
   *
   * @param reconnectMs  how long a server that went away later is waited for
   * @throws {InputError} code "queue-unreachable"
   */
  static async open(
    packages: QueuePackages,
    address: QueueAddress,
    reconnectMs: number,
    onNotice: (text: string) => void,
  ): Promise<QueueConnection> {
    const connection = new QueueConnection(packages, address, reconnectMs, onNotice);
    try {
      await connection.redis.connect();
      await connection.redis.time();
      connection.#reachable = true;
      return connection;
    } catch (error) {
      connection.redis.disconnect();
      throw connection.#unreachable(error);
    }
  }

  /** The options of everything that BullMQ makes over this connection. */
  get options(): BullMQ.QueueOptions & { readonly connection: IORedis.Redis } {
    return { connection: this.redis, prefix: KEY_PREFIX, skipVersionCheck: true };
  }

  /** An error that a command met, as one of ours; what is no error of the server is passed on. */
  typed(error: unknown): unknown {
    if (error instanceof XenstreamError || !(error instanceof Error)) return error;
    if (!isServerError(error)) return error;
    const reason = redact(error.message, this.address);
    return new InputError(`the queue at ${this.address.shown} failed: ${reason}`, {
      code: "queue-failed",
      source: this.address.shown,
      cause: new Error(reason), // the client's own error holds what was sent
    });
  }

  /** Do work that ends when the server is lost; its errors become typed. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await Promise.race([work, this.lost]);
    } catch (error) {
      throw this.typed(error);
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.redis.status === "ready") await this.redis.quit().catch(() => undefined);
    this.redis.disconnect();
  }

  #tellOf(onNotice: (text: string) => void): void {
    const { shown } = this.address;
    let away = false;
    this.redis.on("error", (error) => {
      this.#lastError = redact(error.message, this.address);
    });
    this.redis.on("close", () => {
      if (away || this.#closing || !this.#reachable) return;
      away = true;
      onNotice(`lost the connection to ${shown}; trying again`);
    });
    this.redis.on("ready", () => {
      if (away) onNotice(`connected to ${shown} again`);
      away = false;
    });
  }

  #unreachable(error: unknown): InputError {
    const { shown } = this.address;
    const said = error instanceof Error ? redact(error.message, this.address) : String(error);
    // The client's promise often says only that the connection is closed.
    const reason = /closed/i.test(said) && this.#lastError !== "" ? this.#lastError : said;
    return new InputError(`cannot use the queue at ${shown}: ${reason}. ${adviceFor(reason)}`, {
      code: "queue-unreachable",
      source: shown,
      cause: new Error(reason),
    });
  }

  #lostError(reconnectMs: number): InputError {
    const { shown } = this.address;
    const reason = this.#lastError === "" ? "" : ` (${this.#lastError})`;
    return new InputError(
      `the queue at ${shown} went away${reason} and was not back in ` +
        `${Math.round(reconnectMs / 1000)} s. Start the server, and the command again`,
      { code: "queue-lost", source: shown },
    );
  }
}

/** How long to wait before try `tries`; null once `reconnectMs` of waiting are over. */
function retryDelay(tries: number, reconnectMs: number): number | null {
  const [first, longest] = RETRY_MS;
  const delay = (attempt: number) => Math.min(first * 2 ** Math.min(attempt, 16), longest);
  let waitedMs = 0;
  for (let attempt = 1; attempt < tries && waitedMs < reconnectMs; attempt += 1) {
    waitedMs += delay(attempt);
  }
  return waitedMs < reconnectMs ? delay(tries) : null;
}

/** Told by shape: the classes belong to packages that are loaded late. */
function isServerError(error: Error): boolean {
  return (
    /^(ReplyError|AbortError|MaxRetriesPerRequestError|ConnectionClosedError)$/.test(error.name) ||
    /connection is closed|socket timeout/i.test(error.message) ||
    "syscall" in error
  );
}

function adviceFor(reason: string): string {
  if (/NOAUTH|WRONGPASS|invalid password|NOPERM/i.test(reason)) {
    return "Give the user and password in the URL, or the password in REDISCLI_AUTH";
  }
  if (/certificate|self.signed/i.test(reason)) {
    return "Name the file of the authority's certificate in NODE_EXTRA_CA_CERTS";
  }
  if (/SSL|TLS|wrong version number/i.test(reason)) {
    return "Is it rediss:// for a server with TLS, redis:// for one without?";
  }
  return "Is a Redis server running there, and open to this host?";
}
