/** `inspect` of Xenstore streams: every record decoded, and the store put together. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { inspectFile, Platform, READING_DEFAULTS, wasmBytes } from "../../src/ops/index.js";
import { xenstoreLines } from "../../src/report/human-xenstore.js";
import { PLAIN } from "../../src/report/style.js";
import { ROOT } from "../harness.js";

const OPTIONS = { ...READING_DEFAULTS, limits: DEFAULT_LIMITS, engine: "wasm" } as const;

function inspect(name: string) {
  const path = join(ROOT, "test/fixtures", name);
  return inspectFile(new Platform({ wasmBytes }), path, OPTIONS);
}

describe("inspect of a Xenstore stream", () => {
  it.each(["xenstore-v1-full.xss", "xenstore-v2-full.xss"])(
    "decodes each record of %s",
    async (name) => {
      const { records } = await inspect(name);
      expect(records.length).toBeGreaterThan(10);
      expect(records.filter(({ decoded }) => decoded === undefined)).toEqual([]);
    },
  );

  it("puts the tree together, with permissions, watches and quotas", async () => {
    const { store } = await inspect("xenstore-v2-full.xss");
    expect(store?.nodes.map(({ path, level }) => [path, level])).toEqual([
      ["/", 0],
      ["/local", 1],
      ["/local/domain/5/data", 4],
      ["/local/domain/5/name", 4],
    ]);
    expect(store?.nodes[3]).toMatchObject({ value: "heldout", permissions: ["n0", "r5"] });
    expect(store?.watches.map(({ wpath, depth }) => [wpath, depth])).toContainEqual([
      "device/vbd",
      2,
    ]);
    expect(store?.quotas?.domain).toContainEqual({ name: "nodes", value: 1000 });
    const text = xenstoreLines(store as NonNullable<typeof store>, false, PLAIN).join("\n");
    expect(text).toMatch(/ name = heldout {2}\(n0 r5\)/);
    expect(text).toContain("domain 5: nodes 500");
    expect(text).toContain("@releaseDomain, token token-1, depth unlimited");
  });
});
