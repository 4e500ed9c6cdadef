/**
 * `convert --genid`: the id of the output, in memory and in xl's config, however often its pages
 * were sent. Rules: VG-3, VG-5, VG-20, VG-21, VG-24, VG-25, VG-26.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/findings/index.js";
import { driveSync } from "../../src/input/index.js";
import {
  type ConvertOptions,
  type ConvertTarget,
  convertFile,
  generateImage,
} from "../../src/ops/index.js";
import { configuredGenids } from "../../src/stream/index.js";
import { concat, patternPage, poke } from "../builders/bytes.js";
import { hvmContext, hvmStream } from "../builders/hvm.js";
import {
  checkpoint,
  end,
  headers,
  hvmParams,
  type PageEntry,
  pageData,
  staticDataEnd,
  tscInfo,
  verify,
} from "../builders/libxc.js";
import { libxlStream, xlHeader } from "../builders/libxl.js";
import { join as joinParts, type Part } from "../builders/parts.js";
import { type Ran, runBytes } from "../harness.js";
import { convert, FIXTURES, optionsOf, platform, stored, unused } from "./convert-support.js";

const OLD = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);
const NEW = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const UUID = "01020304-0506-0708-090a-0b0c0d0e0f10";
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const BASE = 0x10_000;
/** Inside of a page, over a page end. */
const ADDRESSES = [0x10_010, 0x10_ff8];

/** Pages 0x10 and 0x11 of a seed, with an id at `address`. */
function pages(address: number, id: Uint8Array, seed = 1): PageEntry[] {
  const memory = poke(concat(patternPage(seed), patternPage(seed + 1)), address - BASE, ...id);
  return [0, 1].map((i) => ({ pfn: 0x10 + i, page: memory.subarray(i * 4096, (i + 1) * 4096) }));
}

const registers = (address: number): Part[] => [
  tscInfo(),
  hvmContext(),
  hvmParams([[34, address]]),
];

/** Sent three times, other pages between, the last copies in two records. */
function live(address: number): Part[] {
  const others = Array.from({ length: 5 }, (_, i) => ({ pfn: i, page: patternPage(20 + i) }));
  const [first, second] = pages(address, OLD);
  return hvmStream({
    batches: [
      [...pages(address, OLD, 5), ...others],
      pages(address, OLD, 7).toReversed(),
      [...others.slice(2), ...(second ? [second] : [])],
      [...(first ? [first] : [])],
    ],
    params: [[34, address]],
  });
}

function verified(address: number): Part[] {
  const sent = pageData(pages(address, OLD));
  return [headers(), staticDataEnd(), sent, verify(), sent, ...registers(address), end()];
}

function remus(address: number): Part[] {
  const epochs = [1, 2, 3].flatMap((epoch) => [
    pageData(pages(address, OLD, epoch)),
    ...registers(address),
    checkpoint(),
  ]);
  return [headers(), staticDataEnd(), ...epochs, end()];
}

function memoryOf({ image, source }: Ran): Map<number, string> {
  const { guest } = image.restorer;
  const found = new Map<number, string>();
  for (const { first, count } of guest?.populatedRuns() ?? []) {
    for (let pfn = first; guest !== null && pfn < first + count; pfn += 1) {
      found.set(pfn, hex(driveSync(guest.readPage(pfn, "stream"), source)));
    }
  }
  return found;
}

/** Memory of the image with the id put where it belongs. */
function expected(ran: Ran, address: number): Map<number, string> {
  const memory = memoryOf(ran);
  for (const [i, byte] of NEW.entries()) {
    const at = address + i;
    const page = Buffer.from(memory.get(Math.floor(at / 4096)) ?? "", "hex");
    page[at % 4096] = byte;
    memory.set(Math.floor(at / 4096), hex(page));
  }
  return memory;
}

const SHAPES: readonly (readonly [string, (address: number) => Part[], boolean])[] = [
  ["live", live, false],
  ["with VERIFY", verified, false],
  ["with checkpoints", remus, true],
];
const FORMS: readonly Partial<ConvertOptions>[] = [
  {},
  { compact: true },
  { keepCheckpoints: true },
  { engine: "reference" },
  { engine: "reference", compact: true },
];

describe("a new generation id", () => {
  for (const [what, partsOf, checkpointed] of SHAPES) {
    it.each(ADDRESSES)(`at %i of a stream ${what} is all that changes`, async (address) => {
      const bytes = joinParts(partsOf(address));
      const before = runBytes(bytes, { checkpointed });
      const memory = expected(before, address);
      for (const form of FORMS) {
        const options = { ...form, checkpointed, genid: NEW };
        const { bytes: written } = await convert(stored(bytes), "libxl", options);
        const reading = { checkpointed: form.keepCheckpoints === true && checkpointed };
        const after = runBytes(written, { profile: "strict", ...reading });
        expect(after.errors).toEqual([]);
        expect(memoryOf(after)).toEqual(memory);
      }
    });
  }

  it("is in the memory of every checkpoint that is kept", async () => {
    const address = 0x10_ff8;
    const bytes = joinParts(remus(address));
    const options = { checkpointed: true, keepCheckpoints: true, genid: NEW };
    const { bytes: written } = await convert(stored(bytes), "libxc", options);
    for (const at of [1, 2, 3]) {
      const reading = { checkpointed: true, checkpoint: at };
      const memory = expected(runBytes(bytes, reading), address);
      expect(memoryOf(runBytes(written, reading))).toEqual(memory);
    }
  });

  it("is reported with the old one and its pair, VG-22, VG-26", async () => {
    const path = stored(joinParts(live(0x10_010)));
    const result = await convertFile(
      platform,
      path,
      unused("out"),
      optionsOf("xl", { genid: NEW }),
    );
    expect(result.genid).toEqual({
      address: "0x10010",
      old: hex(OLD),
      new: hex(NEW),
      xenstore: "578437695752307201:1157159078456920585",
    });
  });

  it("is another one for each conversion", async () => {
    const path = stored(joinParts(live(0x10_010)));
    const options = optionsOf("libxc", { genid: "new" });
    const ids = [];
    for (let i = 0; i < 2; i += 1) {
      ids.push((await convertFile(platform, path, unused("out"), options)).genid?.new);
    }
    expect(new Set([...ids, hex(OLD)]).size).toBe(3);
  });

  it("leaves the output as it was where the guest has none, and says so, VG-20", async () => {
    for (const name of ["hvm-tiny.xcs", "pv64-tiny.xcs"]) {
      const path = join(FIXTURES, name);
      const output = unused("out");
      const result = await convertFile(
        platform,
        path,
        output,
        optionsOf("libxc", { genid: "new" }),
      );
      expect(result.genid).toBeUndefined();
      expect(result.findings.map(({ rule }) => rule)).toContain("VG-20");
      expect(result.notes.map(({ note }) => note)).toEqual(["genid-missing"]);
      expect(readFileSync(output)).toEqual(readFileSync(path));
    }
  });

  it.each([
    ["has no page", hvmStream({ batches: [pages(0x10_010, OLD)], params: [[34, 0x20_000]] })],
    [
      "is in a page that a restore clears",
      hvmStream({
        batches: [pages(0x10_010, OLD)],
        params: [
          [34, 0x10_010],
          [1, 0x10],
        ],
      }),
    ],
  ])("is refused where its buffer %s, VG-21", async (_, parts) => {
    const output = unused("out");
    const result = await convertFile(
      platform,
      stored(joinParts(parts)),
      output,
      optionsOf("libxc", { genid: NEW }),
    );
    expect(result.verdict).toBe("reject");
    expect(result.findings.map(({ rule }) => rule)).toContain("VG-21");
    expect(existsSync(output)).toBe(false);
  });

  it("is a usage error of what is read once, and of a Xenstore stream", async () => {
    const to = (target: ConvertTarget, name: string) =>
      convertFile(platform, name, unused("out"), optionsOf(target, { genid: NEW }));
    await expect(to("xenstore-v1", join(FIXTURES, "xenstore-v2-full.xss"))).rejects.toThrow(
      UsageError,
    );
    const compressed = stored(gzipSync(joinParts(live(0x10_010))));
    await expect(to("libxc", compressed)).rejects.toThrow(UsageError);
  });
});

/** An xl file with this config around a guest that has the old id. */
function xlFile(config: string, isJson = true): string {
  const header = xlHeader({ config: `${config}\0`, ...(isJson ? {} : { mandatoryFlags: 2 }) });
  return stored(joinParts([header, ...libxlStream(live(0x10_010))]));
}

/** The config of an xl file, and the rules that reading the file breaches. */
function configOf(bytes: Uint8Array): { text: string; id: unknown; rules: string[] } {
  const ran = runBytes(bytes);
  const section = ran.image.restorer.sections.find(({ name }) => name === "config");
  const body = section?.body ?? new Uint8Array();
  const text = new TextDecoder().decode(body);
  return { text, id: configuredGenids("xl", body)[0], rules: ran.findings.map(({ rule }) => rule) };
}

const json = (id: Uint8Array | null, more = "") =>
  `{"c_info":{"type":"hvm","name":"a \\"ms_vm_genid\\": [1]"},
  "b_info":{"max_vcpus":2,"shadow_memkb":18446744073709551615,
  "type.hvm":{${id === null ? "" : `"ms_vm_genid":[${id}]`}${more}}}}`;

describe("the id of xl's config", () => {
  it.each([
    ["holds the old one", json(OLD)],
    ["holds one before others", json(OLD, ',"acpi":"True"')],
    ["holds zeros", json(new Uint8Array(16))],
    ["holds none", json(null)],
    ["holds none, but others", json(null, '"acpi":"True"')],
  ])("becomes that of memory where JSON %s, all else as it was", async (_, text) => {
    const { bytes } = await convert(xlFile(text), "xl", { genid: NEW });
    const after = configOf(bytes);
    expect(after.id).toEqual(NEW);
    expect(after.rules).not.toContain("VG-25");
    const without = (config: string) =>
      config.replace(/"ms_vm_genid":\s*\[[^\]]+\],? ?/, "").replace("\0", "");
    expect(without(after.text)).toBe(without(text));
  });

  it("is told where JSON has no place for it", async () => {
    const path = xlFile('{"c_info":{"type":"hvm"}}');
    const { notes } = await convert(path, "xl", { genid: NEW });
    expect(notes).toEqual(["genid-not-configured", "emulator-missing"]);
  });

  it.each([
    ["none", 'generation_id = "none"\nvcpus = 2\n', NEW],
    ["a UUID", `vcpus = 2\ngeneration_id='a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf'\n`, NEW],
    ["nothing", "vcpus = 2", NEW],
    ["generate, and the id is given", 'generation_id = "generate"\n', NEW],
    ["generate, and the id is drawn", 'generation_id = "generate"\n', "new" as const],
  ])("is the text's where it says %s", async (_, text, genid) => {
    const { bytes } = await convert(xlFile(text, false), "xl", { genid });
    const after = configOf(bytes);
    expect(after.rules).not.toContain("VG-25");
    if (genid === "new") expect(after.id).toBe("drawn");
    else {
      expect(after.id).toEqual(NEW);
      expect(after.text).toContain(`generation_id = "${UUID}"\n`);
    }
  });

  it("is compared with memory, VG-25, in JSON and in text", () => {
    const rules = (text: string, isJson: boolean) =>
      configOf(readFileSync(xlFile(text, isJson))).rules.filter((rule) => rule.startsWith("VG-"));
    expect(rules(json(NEW), true)).toEqual(["VG-25", "VG-9"]);
    expect(rules(json(OLD), true)).toEqual(["VG-9"]);
    expect(rules(json(null), true)).toEqual([]);
    expect(rules(`generation_id = "${UUID}"`, false)).toEqual(["VG-25", "VG-9"]);
    expect(rules('generation_id = "generate"', false)).toEqual([]);
    expect(rules('generation_id = "none"', false)).toEqual([]);
  });

  it("is compared where the caller gives the config, and made to agree with a new one", async () => {
    const path = stored(joinParts(live(0x10_010)));
    const configPath = unused("config");
    writeFileSync(configPath, json(NEW));
    expect((await convert(path, "xl", { configPath })).notes).toEqual([
      "genid-differs",
      "emulator-missing",
    ]);
    const other = Uint8Array.from({ length: 16 }, () => 9);
    const { bytes, notes } = await convert(path, "xl", { configPath, genid: other });
    expect(notes).toEqual(["emulator-missing"]);
    expect(configOf(bytes).id).toEqual(other);
  });

  it("of a generated image agrees with memory after a conversion", async () => {
    const path = unused("generated");
    const options = { guest: "hvm", container: "xl", genid: OLD, sizeBytes: 1 << 20 } as const;
    await generateImage({ path, describePath: null, options, digest: "none" });
    expect(configOf(readFileSync(path))).toMatchObject({ id: OLD });
    const { bytes } = await convert(path, "xl", { genid: NEW, compact: true });
    const after = configOf(bytes);
    expect(after.id).toEqual(NEW);
    expect(after.rules).not.toContain("VG-25");
  });
});
