/**
 * Images whose wrapper names the wrong reader, XL-9 and LV-6: rejected, for Xen's tools would fail,
 * and yet what is inside can be had and converted.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { extractSectionFile } from "../../src/ops/extract-section.js";
import { convertFile, extractFile, READING_DEFAULTS } from "../../src/ops/index.js";
import { concat } from "../builders/bytes.js";
import { hvm as legacyHvm } from "../builders/legacy.js";
import { libvirt } from "../builders/libvirt.js";
import { emulatorContext, libxlStream, xlHeader } from "../builders/libxl.js";
import { join } from "../builders/parts.js";
import { runBytes } from "../harness.js";
import { hvm } from "../rules/tables/row.js";
import { optionsOf, platform, stored, unused } from "./convert-support.js";

const libxl = join(libxlStream(hvm(), [emulatorContext()]));
const inXl = (stream: Uint8Array, mandatoryFlags: number) =>
  concat(xlHeader({ mandatoryFlags }).bytes, stream);
const damaged = join(libxlStream(hvm())).subarray(0, -1);

const MISDIRECTED = [
  ["xl, of a libxl stream", "XL-9", inXl(libxl, 1)],
  ["xl, of a legacy stream", "XL-9", inXl(legacyHvm(), 3)],
  ["xl, of a bare libxc stream", "XL-9", inXl(join(hvm()), 3)],
  ["libvirt, of a libxl stream", "LV-6", libvirt(libxl, { version: 1 })],
  ["libvirt, of a legacy stream", "LV-6", libvirt(legacyHvm(), { version: 2 })],
] as const;
const READING = { ...READING_DEFAULTS, limits: DEFAULT_LIMITS, vcpus: 2, engine: "wasm" } as const;

describe("a wrapper that names the wrong reader", () => {
  it.each(MISDIRECTED)("is rejected and mended by a conversion: %s", async (_, rule, image) => {
    expect(runBytes(image).errors).toEqual([rule]);
    const output = unused("out");
    const result = await convertFile(platform, stored(image), output, optionsOf("xl", {}));
    expect(result.verdict).toBe("reject");
    const bytes = readFileSync(output);
    const written = runBytes(bytes, { profile: "strict" });
    expect(written.errors).toEqual([]);
    expect(written.digests().streamSha256).toBe(runBytes(image).digests().streamSha256);
  });

  it.each(MISDIRECTED)("still has its memory extracted: %s", async (_, _rule, image) => {
    const options = { ...READING, format: "raw", state: "stream", pfns: null } as const;
    const result = await extractFile(platform, stored(image), unused("memory"), options);
    expect(result.verdict).toBe("reject");
    expect(result.output?.pages).toBeGreaterThan(0);
  });

  it("still has its sections extracted", async () => {
    const options = { ...READING, section: "hvm-context" } as const;
    const path = stored(inXl(libxl, 1));
    const result = await extractSectionFile(platform, path, unused("context"), options);
    expect(result.output?.bytes).toBe(40);
  });

  it("is not converted if the stream inside is damaged as well", async () => {
    const path = stored(inXl(damaged, 1));
    const result = await convertFile(platform, path, unused("out"), optionsOf("xl", {}));
    expect(result.findings.map(({ rule }) => rule)).toContain("LL-SM-2");
    expect(result.output).toBeUndefined();
  });
});
