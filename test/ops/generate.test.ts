import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type GenerateDescription, UsageError } from "../../src/findings/index.js";
import {
  DOMAIN_DEFAULTS,
  type GenerateOptions,
  type GenerateProgress,
  generateImage,
  READING_DEFAULTS,
  restoreFile,
  verifyFile,
} from "../../src/ops/index.js";
import { Platform } from "../../src/ops/runtime.js";
import { ROOT } from "../harness.js";

const MIB = 1024 * 1024;
const platform = new Platform({ wasmBytes: () => readFileSync(join(ROOT, "dist/engine.wasm")) });
const reading = { ...READING_DEFAULTS, ...DOMAIN_DEFAULTS, limits: DEFAULT_LIMITS } as const;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xenstream-generate-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function generate(options: Partial<GenerateOptions>): Promise<GenerateDescription> {
  const path = join(folder, "vm.save");
  const describePath = `${path}.json`;
  return generateImage({ path, describePath, options, digest: "sha256" });
}

describe("generate", () => {
  it.each([
    { guest: "hvm", container: "xl", live: 2 },
    { guest: "pv64", container: "libvirt", verify: true },
    { guest: "pv32", container: "libxl", checkpoints: 2 },
    { guest: "pvh", container: "xapi" },
  ] as const)("describes beside the image what restore then finds: %o", async (options) => {
    await generate({ sizeBytes: MIB, ...options });
    const path = join(folder, "vm.save");
    const told: GenerateDescription = JSON.parse(readFileSync(`${path}.json`, "utf8"));
    const found = await restoreFile(platform, path, {
      ...reading,
      checkpointed: told.checkpointed,
      vcpus: told.options.vcpus,
      engine: "wasm",
      memory: "auto",
      digest: "sha256",
    });
    expect(found.verdict).toBe("accept");
    expect(found.bytes).toBe(told.bytes);
    expect(found.container).toEqual(told.container);
    expect(found.stream).toEqual(told.stream);
    expect(found.memory).toMatchObject(told.memory ?? {});
    expect(found.hvmParams).toEqual(told.hvmParams);
    expect(found.emulator).toEqual(told.emulator);
    expect(Object.fromEntries(found.xenstore ?? [])).toEqual(
      Object.fromEntries(told.xenstore ?? []),
    );
    expect(createHash("sha256").update(readFileSync(path)).digest("hex")).toBe(told.sha256);
  });

  it("names the fault of an image that has one, and promises nothing else", async () => {
    const told = await generate({ sizeBytes: MIB, fault: "LC-PG-5" });
    expect(told).toMatchObject({ fault: "LC-PG-5", container: ["libxc"] });
    expect(told).not.toHaveProperty("memory");
    const found = await verifyFile(platform, join(folder, "vm.save"), {
      ...reading,
      vcpus: told.options.vcpus,
      engine: "wasm",
    });
    expect(found.verdict).toBe("reject");
    const errors = found.findings.filter(({ severity }) => severity === "error");
    expect(errors.map(({ rule }) => rule)).toEqual(["LC-PG-5"]);
  });

  it("leaves out hashes that were not asked for", async () => {
    const path = join(folder, "vm.save");
    const told = await generateImage({
      path,
      describePath: null,
      options: { sizeBytes: MIB },
      digest: "none",
    });
    expect(told).not.toHaveProperty("sha256");
    expect(told.memory).not.toHaveProperty("streamSha256");
    expect(readdirSync(folder)).toEqual(["vm.save"]);
  });

  it("tells how far it is, and stops at an abort with nothing left behind", async () => {
    const stop = new AbortController();
    const seen: GenerateProgress[] = [];
    const work = generateImage({
      path: join(folder, "vm.save"),
      describePath: join(folder, "vm.save.json"),
      options: { sizeBytes: 128 * MIB, zeroPercent: 100 },
      digest: "none",
      signal: stop.signal,
      onProgress: (progress) => {
        seen.push(progress);
        stop.abort();
      },
    });
    await expect(work).rejects.toBe(stop.signal.reason);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ stage: "image", totalBytes: 128 * MIB });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("writes nothing for options that cannot be", async () => {
    await expect(generate({ fault: "LC-NO-1" })).rejects.toBeInstanceOf(UsageError);
    expect(readdirSync(folder)).toEqual([]);
  });
});
