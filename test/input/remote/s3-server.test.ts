/**
 * Images at s3 URLs against a whole S3 server by other hands (s3rver), where .ci/run has put it:
 * uploads, signatures, listings of its own, not only what is read here.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { Platform, READING_DEFAULTS, restoreFile, wasmBytes } from "../../../src/ops/index.js";
import { ROOT } from "../../harness.js";
import { knownBytes, scratch } from "../support.js";
import { failureOf, opened, readAll } from "./support.js";

/** What of s3rver is used. */
interface Server {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}
type ServerMaker = new (options: Record<string, unknown>) => Server;

const PLACE = join(ROOT, ".tmp/s3rver/package.json");
const isThere = existsSync(join(ROOT, ".tmp/s3rver/node_modules/s3rver"));
if (!isThere) console.log("skipped: s3rver is not in .tmp/s3rver; .ci/run installs it");

const BYTES = knownBytes(9_000_001);
const IMAGE = join(ROOT, "test/fixtures/hvm-mixed.xcs");
const disk = scratch();
let server: Server | null = null;

async function put(key: string, bytes: Uint8Array): Promise<void> {
  const { S3Client, PutObjectCommand } = await import("@aws-sdk/client-s3");
  const client = new S3Client({
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  await client.send(new PutObjectCommand({ Bucket: "backups", Key: key, Body: bytes }));
  client.destroy();
}

describe.skipIf(!isThere)("an s3 URL of a whole S3 server", () => {
  beforeAll(async () => {
    const maker = createRequire(PLACE)("s3rver") as ServerMaker;
    const buckets = [{ name: "backups" }];
    server = new maker({
      ...{ port: 0, address: "127.0.0.1", silent: true },
      ...{ directory: disk.path("s3"), configureBuckets: buckets },
    });
    const { port } = await server.run();
    vi.stubEnv("AWS_ENDPOINT_URL", `http://127.0.0.1:${port}`);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "S3RVER");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "S3RVER");
    vi.stubEnv("AWS_REGION", "us-east-1");
    await put("2026/some image.xcs", readFileSync(IMAGE));
    await put("known", BYTES);
    await put("empty", new Uint8Array(0));
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server?.close();
    disk.remove();
  });

  it("gives the object's bytes, whatever is in its key", async () => {
    await using input = await opened("s3://backups/known", DEFAULT_LIMITS);
    expect(Buffer.compare(await readAll(input.source), BYTES)).toBe(0);
    const options = { ...READING_DEFAULTS, engine: "wasm", limits: DEFAULT_LIMITS } as const;
    const restore = (path: string) =>
      restoreFile(new Platform({ wasmBytes }), path, {
        ...{ ...options, memory: "indexed", digest: "xxh3" },
      });
    const local = await restore(IMAGE);
    const remote = await restore("s3://backups/2026/some image.xcs");
    expect(remote).toMatchObject({ verdict: "accept", memory: local.memory ?? {} });
  });

  it("may be empty, and may not be there", async () => {
    await using input = await opened("s3://backups/empty", DEFAULT_LIMITS);
    expect(input.source.size).toBe(0);
    for (const url of ["s3://backups/none", "s3://nobody/none"]) {
      expect(await failureOf(opened(url, DEFAULT_LIMITS))).toMatchObject({ code: "not-found" });
    }
  });

  it("is an error where the object is replaced while it is read", async () => {
    await using input = await opened("s3://backups/known", DEFAULT_LIMITS);
    await put(
      "known",
      BYTES.map((byte) => byte ^ 1),
    );
    const error = await failureOf(readAll(input.source));
    expect(error).toMatchObject({ code: "remote-changed" });
  });
});
