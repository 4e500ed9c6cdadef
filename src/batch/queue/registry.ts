/**
 * Which batches there are on a server, whether their senders live, and who works on them. BullMQ
 * keeps the jobs: each batch is a queue of its own, so that batches cannot mix and one goes whole.
 * All times are the server's.
 */
import { KEY_PREFIX, type QueueConnection } from "./connection.js";
import type { BatchHead } from "./payload.js";

/** Ids of the batches, by when they began. */
const BATCHES_KEY = `${KEY_PREFIX}:batches`;
/** BullMQ has these expire, and waits for that: no job of a lost worker would be seen again. */
const SHORT_LIVED: ReadonlySet<string> = new Set(["stalled-check", "limiter"]);
/** What refusals are kept of one batch. */
const REFUSALS_MAX = 100;

export class BatchRegistry {
  readonly #connection: QueueConnection;
  readonly #keysMs: number;

  constructor(connection: QueueConnection, keysMs: number) {
    this.#connection = connection;
    this.#keysMs = keysMs;
  }

  /** Announce a batch; it lives for `batchMs` from each beat(). */
  async announce(id: string, head: BatchHead, batchMs: number): Promise<void> {
    const now = await this.#now();
    const text = JSON.stringify(head);
    await this.#redis.set(keyOf(id, "head"), text, "PX", batchMs);
    await this.#redis.zadd(BATCHES_KEY, now, id);
    await this.#redis.pexpire(BATCHES_KEY, this.#keysMs);
  }

  /** The sender lives. False if the batch is not there any more. */
  async beat(id: string, batchMs: number): Promise<boolean> {
    return (await this.#redis.pexpire(keyOf(id, "head"), batchMs)) === 1;
  }

  /** The batch is over: workers leave it. Its sender removes it. */
  async withdraw(id: string): Promise<void> {
    // In this order: what has no head but is listed was abandoned.
    await this.#redis.zrem(BATCHES_KEY, id);
    await this.#redis.del(keyOf(id, "head"));
  }

  /** All batches, the oldest first, and whether their senders live. */
  async list(): Promise<{ readonly id: string; readonly alive: boolean }[]> {
    const ids = await this.#redis.zrange(BATCHES_KEY, 0, -1);
    return await Promise.all(
      ids.map(async (id) => ({
        id,
        alive: (await this.#redis.exists(keyOf(id, "head"))) === 1,
      })),
    );
  }

  /** The head of a batch, as text; null if it is over. */
  async headOf(id: string): Promise<string | null> {
    return await this.#redis.get(keyOf(id, "head"));
  }

  /** A worker is there for a batch, and will say so again within `signMs`. */
  async sign(id: string, worker: string, signMs: number): Promise<void> {
    await this.#redis.zadd(keyOf(id, "workers"), (await this.#now()) + signMs, worker);
    await this.#redis.pexpire(keyOf(id, "workers"), signMs);
  }

  /** A worker has left a batch. */
  async leave(id: string, worker: string): Promise<void> {
    await this.#redis.zrem(keyOf(id, "workers"), worker);
  }

  /** How many workers are there for a batch. */
  async workersOf(id: string): Promise<number> {
    return await this.#redis.zcount(keyOf(id, "workers"), await this.#now(), "+inf");
  }

  /** Tell the sender why a worker takes no job of its batch. */
  async refuse(id: string, text: string, batchMs: number): Promise<void> {
    const key = keyOf(id, "refusals");
    await this.#redis.rpush(key, text);
    await this.#redis.ltrim(key, -REFUSALS_MAX, -1);
    await this.#redis.pexpire(key, batchMs);
  }

  /** What was told so since the last time. */
  async refusals(id: string): Promise<string[]> {
    const key = keyOf(id, "refusals");
    const found = await this.#redis.lrange(key, 0, -1);
    if (found.length > 0) await this.#redis.ltrim(key, found.length, -1);
    return found;
  }

  /**
   * Let what there is of a batch expire, should nobody remove it.
   *
   * @param queueKeys  by their names in BullMQ
   * @param jobKeys    of jobs
   */
  async expire(
    queueKeys: Readonly<Record<string, string>>,
    jobKeys: readonly string[],
  ): Promise<void> {
    const lasting = Object.entries(queueKeys).filter(([name]) => !SHORT_LIVED.has(name));
    const pipeline = this.#redis.pipeline();
    for (const [, key] of lasting) pipeline.pexpire(key, this.#keysMs);
    for (const key of jobKeys) pipeline.pexpire(key, this.#keysMs);
    await pipeline.exec();
  }

  /** Remove a batch that list() gave as not alive, unless its sender has just withdrawn it. */
  async removeAbandoned(id: string): Promise<void> {
    if ((await this.#redis.zscore(BATCHES_KEY, id)) === null) return;
    try {
      await this.remove(id);
    } catch (error) {
      // So it is if another worker has just removed it.
      if (!(error instanceof Error && error.message.includes("non-paused"))) throw error;
    }
  }

  /** Remove everything of a batch that is over. */
  async remove(id: string): Promise<void> {
    const { bullmq, options } = this.#connection;
    const queue = new bullmq.Queue(id, { ...options, skipMetasUpdate: true });
    queue.on("error", () => undefined); // the connection tells of them
    try {
      await queue.obliterate({ force: true });
      const own = ["head", "workers", "refusals"].map((name) => keyOf(id, name));
      await this.#redis.unlink(...own, ...Object.values(queue.keys));
      await this.#redis.zrem(BATCHES_KEY, id);
    } finally {
      await queue.close();
    }
  }

  get #redis() {
    return this.#connection.redis;
  }

  async #now(): Promise<number> {
    const [seconds, micros] = await this.#redis.time();
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  }
}

/** A key beside those that BullMQ has for a batch's queue; it uses none of these names. */
function keyOf(id: string, name: string): string {
  return `${KEY_PREFIX}:${id}:${name}`;
}
