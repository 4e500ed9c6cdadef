/**
 * Every reading command on an image at a URL: the document of the file, apart from its name, and of
 * a large image no more bytes than its structure needs.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import {
  checkManifest,
  convertFile,
  diffFiles,
  extractFile,
  extractSectionFile,
  generateImage,
  inspectFile,
  Platform,
  READING_DEFAULTS,
  restoreFile,
  verifyFile,
  wasmBytes,
  writeManifest,
} from "../../src/ops/index.js";
import { temporaryFolder, writeSparseImage } from "../cli/image.js";
import { GOOD } from "../fixtures/load.js";
import { ROOT } from "../harness.js";
import { ObjectServer } from "../input/remote/server.js";

const FIXTURES = join(ROOT, "test/fixtures");
const folder = temporaryFolder();
const platform = new Platform({ wasmBytes });
const server = new ObjectServer(new Uint8Array(0));
const LARGE = folder.path("large.xcs");
let written = 0;

const reading = {
  ...READING_DEFAULTS,
  engine: "wasm",
  limits: { ...DEFAULT_LIMITS, maxRemoteTries: 3 },
  vcpus: 2,
} as const;

beforeAll(async () => {
  await server.start();
  const options = { sizeBytes: 100 * 1024 ** 2, seed: 5 };
  await generateImage({ path: LARGE, describePath: null, options, digest: "none" });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

/** Serve a file's bytes anew. */
function serveFile(path: string): string {
  server.bytes = readFileSync(path);
  server.reset();
  return server.url();
}

function output(): string {
  written += 1;
  return folder.path(`out-${written}`);
}

/** A document without what may differ. */
function comparable(document: unknown): unknown {
  return JSON.parse(
    JSON.stringify(document, (key, value: unknown) =>
      key === "file" || key === "elapsedMs" || key === "path" ? undefined : value,
    ),
  );
}

/** One command on an input; what it wrote comes with the document. */
type Work = (path: string) => Promise<unknown>;

const withOutput = async (work: (out: string) => Promise<unknown>) => {
  const out = output();
  const document = await work(out);
  return [document, readFileSync(out).toString("base64")];
};

const COMMANDS: Readonly<Record<string, Work>> = {
  verify: (path) => verifyFile(platform, path, { ...reading, readData: false }),
  "verify --read-data": (path) => verifyFile(platform, path, { ...reading, readData: true }),
  inspect: (path) => inspectFile(platform, path, reading),
  "restore --digest sha256": (path) =>
    restoreFile(platform, path, { ...reading, memory: "indexed", digest: "sha256" }),
  "restore --digest xxh3": (path) =>
    restoreFile(platform, path, { ...reading, memory: "resident", digest: "xxh3" }),
  "restore --salvage": (path) =>
    restoreFile(platform, path, { ...reading, memory: "auto", digest: "xxh3", salvage: true }),
  extract: (path) =>
    withOutput((out) =>
      extractFile(platform, path, out, {
        ...reading,
        format: "raw",
        state: "restored",
        pfns: null,
      }),
    ),
  "extract --section": (path) =>
    withOutput((out) =>
      extractSectionFile(platform, path, out, { ...reading, section: "hvm-context" }),
    ),
  convert: (path) =>
    withOutput((out) =>
      convertFile(platform, path, out, {
        ...reading,
        to: "libxl",
        compact: true,
        keepCheckpoints: false,
        configPath: null,
      }),
    ),
  manifest: (path) =>
    withOutput((out) => writeManifest(platform, path, out, { ...reading, state: "stream" })),
};

describe("an image at a URL", () => {
  const small = [...GOOD].filter(
    ([, { bytes, checkpointed }]) => bytes < 400_000 && checkpointed === undefined,
  );

  it.each(small.map(([name]) => name))("verifies as its file does: %s", async (name) => {
    const path = join(FIXTURES, name);
    const local = await COMMANDS.verify?.(path);
    expect(comparable(await COMMANDS.verify?.(serveFile(path)))).toEqual(comparable(local));
  });

  it.each(Object.entries(COMMANDS))("gives what its file gives: %s", async (_, work) => {
    const path = join(FIXTURES, "xl-hvm-tiny.xlsave");
    const local = await work(path);
    const remote = await work(serveFile(path));
    expect(comparable(remote)).toEqual(comparable(local));
  });

  it("gives what its file gives, findings and excerpts included, where it is damaged", async () => {
    const bytes = readFileSync(join(FIXTURES, "hvm-mixed.xcs"));
    bytes.fill(0xa5, 80, 300);
    const path = folder.write("damaged.xcs", bytes);
    const local = await COMMANDS.verify?.(path);
    expect(local).toMatchObject({ verdict: "reject" });
    expect(comparable(await COMMANDS.verify?.(serveFile(path)))).toEqual(comparable(local));
  });

  it.each(["verify", "inspect", "restore --digest xxh3"])(
    "gives what its file gives, compressed: %s",
    async (command) => {
      const path = folder.write(
        "packed.gz",
        gzipSync(readFileSync(join(FIXTURES, "hvm-mixed.xcs"))),
      );
      const local = await COMMANDS[command]?.(path);
      expect(local).toMatchObject({ container: ["gzip", "libxc"] });
      expect(comparable(await COMMANDS[command]?.(serveFile(path)))).toEqual(comparable(local));
    },
  );

  it("is compared with another, and measured by a manifest", async () => {
    const path = join(FIXTURES, "hvm-mixed.xcs");
    const options = { ...reading, state: "stream", bytes: true } as const;
    const url = serveFile(path);
    expect(await diffFiles(platform, url, path, options)).toMatchObject({ equal: true });
    expect(await diffFiles(platform, url, url, options)).toMatchObject({ equal: true });
    const manifest = output();
    await writeManifest(platform, path, manifest, { ...reading, state: "stream" });
    const checked = await checkManifest(platform, url, manifest, { ...reading, state: "stream" });
    expect(checked).toMatchObject({ file: url, check: { matches: true, rest: "same" } });
  });
});

describe("a large image at a URL", () => {
  it("has its structure verified by less than a hundredth of its bytes", async () => {
    const local = await COMMANDS.verify?.(LARGE);
    const url = serveFile(LARGE);
    expect(server.bytes.length).toBeGreaterThan(80 * 1024 ** 2);
    expect(comparable(await COMMANDS.verify?.(url))).toEqual(comparable(local));
    expect(local).toMatchObject({ verdict: "accept" });
    expect(server.bytesGiven).toBeLessThan(server.bytes.length / 100);
    expect(server.asked.length).toBeLessThan(60);
  });

  it("has its structure verified on few trips one after another: jumps are foreseen", async () => {
    const path = folder.path("regular.xcs");
    writeSparseImage(path, 24);
    const slow: ObjectServer = new ObjectServer(readFileSync(path), {
      misbehave: (asked, response) => {
        setTimeout(() => slow.serve(asked, response), 30);
        return "answered";
      },
    });
    await slow.start();
    try {
      expect(await COMMANDS.verify?.(slow.url())).toMatchObject({ verdict: "accept" });
      expect(slow.mostAtOnce).toBeGreaterThan(3);
    } finally {
      await slow.stop();
    }
  });

  it.each(["verify --read-data", "restore --digest xxh3"])(
    "is fetched once where all of it is read: %s",
    async (command) => {
      const local = await COMMANDS[command]?.(LARGE);
      const remote = await COMMANDS[command]?.(serveFile(LARGE));
      expect(comparable(remote)).toEqual(comparable(local));
      expect(server.bytesGiven).toBeLessThan(server.bytes.length * 1.02);
      expect(server.asked.length).toBeLessThan(100);
    },
  );
});
