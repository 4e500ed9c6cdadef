/**
 * Door of the queue: a runner of jobs, or a worker, over the server at a URL. No type of an
 * optional package is seen from outside.
 */
import { InputError } from "../../findings/index.js";
import type { JobRunner } from "../port.js";
import { parseQueueAddress } from "./address.js";
import { QueueConnection } from "./connection.js";
import type { QueuePackages, QueueRunnerOptions, QueueWorkerOptions } from "./options.js";
import { QueueRunner } from "./runner.js";
import { QUEUE_TIMING, type QueueTiming } from "./timing.js";
import { QueueWorker } from "./worker.js";

/** Where the queue is, and what it is spoken to with. */
export interface QueueOptions {
  /** What the packages of these names export. */
  readonly packages: QueuePackages;
  /** `redis://` or `rediss://`. */
  readonly url: string;
  /** For a URL without one. */
  readonly password?: string | undefined;
  /** What differs from the defaults. */
  readonly timing?: Partial<QueueTiming>;
}

type Told<Options> = QueueOptions & Omit<Options, "timing">;

/**
 * A runner that puts jobs on a queue, for workers on any host. Several at once do not mix.
 *
 * @throws {UsageError} if the URL is none; {InputError} code "queue-unreachable"
 */
export async function openQueueRunner(options: Told<QueueRunnerOptions>): Promise<JobRunner> {
  const { connection, timing } = await connect(options);
  return new QueueRunner(connection, { ...options, timing });
}

/**
 * Take jobs from the queue until `signal` is aborted, or there was none for too long.
 *
 * @throws as openQueueRunner() and QueueWorker.run() do
 */
export async function runQueueWorker(
  options: Told<QueueWorkerOptions>,
  signal: AbortSignal,
): Promise<void> {
  const { connection, timing } = await connect(options);
  try {
    await new QueueWorker(connection, { ...options, timing }).run(signal);
  } finally {
    await connection.close();
  }
}

async function connect({
  packages,
  url,
  password,
  timing: changed,
  onNotice,
}: QueueOptions & { readonly onNotice: (text: string) => void }): Promise<{
  readonly connection: QueueConnection;
  readonly timing: QueueTiming;
}> {
  const timing = { ...QUEUE_TIMING, ...changed };
  mustFit(packages);
  const address = parseQueueAddress(url, password);
  return {
    connection: await QueueConnection.open(packages, address, timing, onNotice),
    timing,
  };
}

/** An older BullMQ would fail later, and say something else. */
function mustFit({ bullmq, ioredis }: QueuePackages): void {
  const lacks = (exports: unknown, name: string) =>
    typeof (exports as Readonly<Record<string, unknown>>)[name] !== "function";
  const old = [
    ...(lacks(bullmq, "createRedisBackend") ? ["bullmq"] : []),
    ...(lacks(ioredis, "Redis") ? ["ioredis"] : []),
  ];
  if (old.length === 0) return;
  throw new InputError(
    `the installed ${old.join(" and ")} cannot be used with --queue: npm install bullmq@6 ioredis@5`,
    { code: "package-broken", source: old[0] ?? "" },
  );
}
