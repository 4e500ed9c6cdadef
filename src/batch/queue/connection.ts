/**
 * The connection to the server of a queue, and what becomes of its errors: all are typed, say what
 * to do, and hold no credentials. Not what is said over it.
 */
import type * as BullMQ from "bullmq";
import type * as IORedis from "ioredis";
import { InputError, XenstreamError } from "../../findings/index.js";
import { type QueueAddress, redact } from "./address.js";
import type { QueuePackages } from "./options.js";
import type { QueueTiming } from "./timing.js";

/** Before everything that is the queue's in Redis. */
export const KEY_PREFIX = "xenstream";

/** How fast a server must take a connection. */
const CONNECT_MS = 10_000;
/** How often it is looked whether the server is there. */
const WATCH_MS = 500;
/** Between tries to reach a lost server: from, to. */
const RETRY_MS = [100, 2000] as const;

/** How long a server that was there is waited for. */
export type Patience = Pick<QueueTiming, "reconnectMs" | "silenceMs">;

/** A Redis client that tells when its server is gone for good. */
export class QueueConnection {
  readonly address: QueueAddress;
  readonly redis: IORedis.Redis;
  readonly bullmq: typeof BullMQ;
  /** Rejects with an InputError once the server was gone for too long; never resolves. */
  readonly lost: Promise<never>;
  readonly #patience: Patience;
  readonly #watch: NodeJS.Timeout;
  #lose: (error: InputError) => void = () => undefined;
  #awaySince: number | null = null;
  /** When the ping was sent that has no answer yet. */
  #askedAt: number | null = null;
  #closing = false;
  #reachable = false;
  #lastError = "";

  private constructor(
    packages: QueuePackages,
    address: QueueAddress,
    patience: Patience,
    onNotice: (text: string) => void,
  ) {
    this.address = address;
    this.#patience = patience;
    this.bullmq = packages.bullmq as typeof BullMQ;
    const { Redis } = packages.ioredis as typeof IORedis;
    this.redis = new Redis(address.url, {
      lazyConnect: true,
      connectTimeout: CONNECT_MS,
      maxRetriesPerRequest: null,
      // The first try tells what is wrong at once; a server that was there is waited for.
      retryStrategy: (tries) => (this.#reachable && !this.#closing ? retryDelay(tries) : null),
    });
    this.lost = new Promise((_resolve, reject) => {
      this.#lose = reject;
    });
    this.lost.catch(() => undefined); // whoever waits for work waits for this too
    this.#tellOf(onNotice);
    this.#watch = setInterval(() => this.#look(), WATCH_MS).unref();
  }

  /**
   * Connect, and see that commands are taken.
   *
   * @throws {InputError} code "queue-unreachable"
   */
  static async open(
    packages: QueuePackages,
    address: QueueAddress,
    patience: Patience,
    onNotice: (text: string) => void,
  ): Promise<QueueConnection> {
    const connection = new QueueConnection(packages, address, patience, onNotice);
    try {
      await connection.redis.connect();
      await connection.redis.time();
      connection.#reachable = true;
      return connection;
    } catch (error) {
      await connection.close();
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
    clearInterval(this.#watch);
    if (this.redis.status === "ready") await this.redis.quit().catch(() => undefined);
    this.redis.disconnect();
  }

  #tellOf(onNotice: (text: string) => void): void {
    const { shown } = this.address;
    this.redis.on("error", (error) => {
      this.#lastError = redact(error.message, this.address);
    });
    this.redis.on("close", () => {
      if (this.#awaySince !== null || this.#closing || !this.#reachable) return;
      this.#awaySince = performance.now();
      onNotice(`lost the connection to ${shown}; trying again`);
    });
    this.redis.on("ready", () => {
      if (this.#awaySince !== null) onNotice(`connected to ${shown} again`);
      this.#awaySince = null;
      this.#askedAt = null;
    });
  }

  /** A server may also fall silent, with its connections open. */
  #look(): void {
    if (!this.#reachable) return; // open() tells
    const { reconnectMs, silenceMs } = this.#patience;
    const now = performance.now();
    if (this.#awaySince !== null) {
      if (now - this.#awaySince < reconnectMs) return;
      this.#lose(this.#lostError());
      void this.close();
    } else if (this.#askedAt === null) {
      this.#askedAt = now;
      const answered = () => {
        this.#askedAt = null;
      };
      this.redis.ping().then(answered, answered);
    } else if (now - this.#askedAt >= silenceMs) {
      this.#lastError = `no answer in ${Math.round(silenceMs / 1000)} s`;
      this.redis.disconnect(true);
    }
  }

  #unreachable(error: unknown): InputError {
    const { shown } = this.address;
    const said = error instanceof Error ? redact(error.message, this.address) : String(error);
    // The client's promise often says only that the connection is closed.
    const told = /closed/i.test(said) && this.#lastError !== "" ? this.#lastError : said;
    const reason = told.replace(/\.+$/, ""); // some errors of the server are sentences
    return new InputError(`cannot use the queue at ${shown}: ${reason}. ${adviceFor(reason)}`, {
      code: "queue-unreachable",
      source: shown,
      cause: new Error(reason),
    });
  }

  #lostError(): InputError {
    const { shown } = this.address;
    const { reconnectMs } = this.#patience;
    const reason = this.#lastError === "" ? "" : ` (${this.#lastError})`;
    return new InputError(
      `the queue at ${shown} went away${reason} and was not back in ` +
        `${Math.round(reconnectMs / 1000)} s. Start the server, and the command again`,
      { code: "queue-lost", source: shown },
    );
  }
}

function retryDelay(tries: number): number {
  const [first, longest] = RETRY_MS;
  return Math.min(first * 2 ** Math.min(tries, 16), longest);
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
