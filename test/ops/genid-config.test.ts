/**
 * The VM Generation ID in the configs of libvirt and XAPI: made, compared with memory, and renewed
 * with it, by both engines. Rules: VG-10, VG-25.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { EngineName } from "../../src/engine/index.js";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { generateImage, READING_DEFAULTS, restoreFile } from "../../src/ops/index.js";
import { configuredGenids } from "../../src/stream/index.js";
import { runBytes } from "../harness.js";
import { convert, platform, stored, unused } from "./convert-support.js";

const OLD = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const NEW = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const CONTAINERS = ["xl", "libvirt", "xapi"] as const;
const ENGINES: readonly EngineName[] = ["wasm", "reference"];
const CASES = CONTAINERS.flatMap((container) =>
  ENGINES.map((engine) => [container, engine] as const),
);
type Container = (typeof CONTAINERS)[number];

async function generated(container: Container, fault: string | null = null): Promise<string> {
  const path = unused(container);
  const options = { container, genid: OLD, sizeBytes: 1 << 20, fault } as const;
  await generateImage({ path, describePath: null, options, digest: "none" });
  return path;
}

/** The config of a file with its ids, and the rules that reading the file breaches. */
function configOf(container: Container, bytes: Uint8Array, engine: EngineName) {
  const { image, findings } = runBytes(bytes, { engine });
  const kept = image.restorer.sections.find(({ layer, body }) => layer === container && body);
  const body = kept?.body ?? new Uint8Array();
  const rules = findings.map(({ rule }) => rule);
  return { body, ids: configuredGenids(container, body), differs: rules.includes("VG-25") };
}

describe.each(CASES)("the id in the config of a %s file, by %s", (container, engine) => {
  it("agrees with memory where it is generated, and is told where it does not", async () => {
    const sound = configOf(container, readFileSync(await generated(container)), engine);
    expect(sound.ids.length).toBeGreaterThan(0);
    expect([...new Set(sound.ids.map(String))]).toEqual([String(OLD)]);
    expect(sound.differs).toBe(false);
    const fault = configOf(container, readFileSync(await generated(container, "VG-25")), engine);
    expect(fault.differs).toBe(true);
  });

  it("is renewed with that of memory, all else of the config byte for byte", async () => {
    for (const fault of [null, "VG-25"]) {
      const path = await generated(container, fault);
      const before = configOf(container, readFileSync(path), engine);
      const { bytes, notes } = await convert(path, container, { genid: NEW, engine });
      expect(notes).toEqual([]);
      const after = configOf(container, bytes, engine);
      expect(after.differs).toBe(false);
      expect([...new Set(after.ids.map(String))]).toEqual([String(NEW)]);
      expect(withoutIds(after.body)).toBe(withoutIds(before.body));
    }
  });

  it("is left where no other is asked for", async () => {
    const path = await generated(container, "VG-25");
    const { bytes } = await convert(path, container, { engine });
    const before = configOf(container, readFileSync(path), engine);
    const after = configOf(container, bytes, engine);
    expect(after.body).toEqual(before.body);
    expect(after.differs).toBe(true);
  });

  it("is another one for each guest that is made of one image", async () => {
    const path = await generated(container);
    const ids = new Set([String(OLD)]);
    for (let guest = 0; guest < 3; guest += 1) {
      const { bytes } = await convert(path, container, { genid: "new", engine });
      const [id] = configOf(container, bytes, engine).ids;
      ids.add(String(id));
      const restored = await restoredOf(stored(bytes), engine);
      expect(restored.genid?.old).toBe(id instanceof Uint8Array ? hexOf(id) : null);
    }
    expect(ids.size).toBe(4);
  });
});

/** The config with all that is in the form of an id left out. */
function withoutIds(config: Uint8Array): string {
  return new TextDecoder()
    .decode(config)
    .replace(/"ms_vm_genid": \[[^\]]*\]/, "")
    .replace(/(?<=<genid>)[^<]*/, "")
    .replace(/(?<=generation-id )\d+:\d+/g, "");
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function restoredOf(path: string, engine: EngineName) {
  const options = { ...READING_DEFAULTS, limits: DEFAULT_LIMITS, vcpus: null, engine } as const;
  return restoreFile(platform, path, { ...options, memory: "auto", digest: null, genid: "keep" });
}

describe("a config without an id", () => {
  it("of libvirt or XAPI stays without one: memory alone is changed", async () => {
    const path = await generated("xl");
    for (const container of ["libvirt", "xapi"] as const) {
      const kept = await convert(path, container, {});
      const renewed = await convert(path, container, { genid: NEW });
      const before = configOf(container, kept.bytes, "wasm");
      const after = configOf(container, renewed.bytes, "wasm");
      expect(after.ids).toEqual([]);
      expect(after.body).toEqual(before.body);
      expect((await restoredOf(stored(renewed.bytes), "wasm")).genid?.old).toBe(hexOf(NEW));
    }
  });

  it("of libvirt that has it drawn gets one that is given, and keeps its own for a drawn one", async () => {
    const path = await generated("libvirt");
    const configPath = unused("config");
    writeFileSync(configPath, "<domain type='xen'><name>n</name><genid/></domain>");
    const drawn = await convert(path, "libvirt", { configPath, genid: "new" });
    expect(configOf("libvirt", drawn.bytes, "wasm").ids).toEqual(["drawn"]);
    const given = await convert(path, "libvirt", { configPath, genid: NEW });
    expect(configOf("libvirt", given.bytes, "wasm").ids).toEqual([NEW]);
    expect(given.notes).not.toContain("genid-not-configured");
  });

  it("that the caller gives is told where it differs", async () => {
    const path = await generated("libvirt");
    const configPath = unused("config");
    const uuid = "01020304-0506-0708-090a-0b0c0d0e0f10";
    writeFileSync(configPath, `<domain type='xen'><genid>${uuid}</genid></domain>`);
    expect((await convert(path, "libvirt", { configPath })).notes).toContain("genid-differs");
  });
});
