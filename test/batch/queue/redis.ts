/**
 * A real Redis server of a test's own: on a free port, its files in a folder that goes with it, no
 * persistence. Not a test itself.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { describe } from "vitest";

const PROGRAM = "redis-server";
const installed = spawnSync(PROGRAM, ["--version"]).status === 0;
const required = process.env.XENSTREAM_REQUIRE_REDIS === "1";

if (!installed && !required) {
  console.log(`skipped: there is no ${PROGRAM} here (XENSTREAM_REQUIRE_REDIS=1 forbids the skip)`);
}

/** Tests that need a server: skipped, and said so, where there is none and none is required. */
export const describeWithRedis = describe.skipIf(!installed && !required);

/** A server that runs. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Names of all keys. */
  keys(): Promise<string[]>;
  /** Over a connection of the test's own. */
  readonly client: Redis;
  /** Have it say nothing any more, its connections open. */
  freeze(): void;
  /** Stop it as a power cut does. */
  kill(): Promise<void>;
  /** Stop it, and remove its files. */
  stop(): Promise<void>;
}

/** How to reach a server: its client options differ for TLS and passwords. */
export interface ServerOptions {
  readonly port?: number;
  readonly args?: readonly string[];
  /** Before the port. */
  readonly scheme?: string;
  readonly client?: { readonly password?: string; readonly tls?: { readonly ca: string } };
}

/** Start a server; resolves when it answers. */
export async function startRedis(options: ServerOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), "xenstream-redis-"));
  const listening = options.client?.tls === undefined ? ["--port", String(port)] : ["--port", "0"];
  const flags = ["--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  const server = spawn(PROGRAM, [...listening, ...flags, ...(options.args ?? [])], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const failed = once(server, "error").then(([error]) => Promise.reject(error));
  failed.catch(() => undefined);
  const client = new Redis({ port, host: "127.0.0.1", retryStrategy: () => 50, ...options.client });
  client.on("error", () => undefined); // until it is up, and once it is killed
  await Promise.race([client.ping(), failed]);
  return {
    url: `${options.scheme ?? "redis://"}127.0.0.1:${port}`,
    port,
    client,
    keys: async () => (await client.keys("*")).sort(),
    freeze: () => server.kill("SIGSTOP"),
    kill: async () => {
      client.disconnect();
      await ended(server, "SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
    stop: async () => {
      client.disconnect();
      await ended(server, "SIGTERM");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** End a process and wait for it. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
