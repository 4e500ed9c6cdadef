/**
 * Conversions of every fixture into every target: strict accepts what was written, memory is what
 * it was, the same source gives the same bytes; and what cannot be kept is said.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { BufferSource, driveSync } from "../../src/input/index.js";
import { convertFile, Image, READING_DEFAULTS } from "../../src/ops/index.js";
import { decodeXenstoreRecord, xenstoreHeaderOf } from "../../src/stream/index.js";
import { checkpoint } from "../builders/libxc.js";
import { join as joinParts } from "../builders/parts.js";
import { pvStream, simplePlan, vcpuParts } from "../builders/pv.js";
import { fixture, GOOD, MUTATED, mutated } from "../fixtures/load.js";
import { engineOf, runBytes } from "../harness.js";
import {
  convert,
  FIXTURES,
  folder,
  GUEST_TARGETS,
  optionsOf,
  platform,
  stored,
  streamMemory,
} from "./convert-support.js";

const GUESTS = [...GOOD].filter(([, { kind }]) => kind !== "xenstore");

describe("every guest fixture, into every target", () => {
  for (const [name, { checkpointed }] of GUESTS) {
    for (const to of GUEST_TARGETS) {
      it(`keeps the memory of ${name} as ${to}, plain and compact`, async () => {
        const source = join(FIXTURES, name);
        const more = { checkpointed: checkpointed !== undefined };
        const memory = streamMemory(fixture(name), more.checkpointed);
        for (const compact of [false, true]) {
          const { bytes } = await convert(source, to, { ...more, compact });
          const ran = runBytes(bytes, { profile: "strict" });
          expect(ran.errors).toEqual([]);
          expect(ran.digests().streamSha256).toBe(memory);
          const again = await convert(source, to, { ...more, compact });
          expect(Buffer.compare(again.bytes, bytes)).toBe(0);
        }
      });
    }
  }
});

describe("what is right though no careful saver writes it so", () => {
  for (const mutation of MUTATED) {
    const checkpointed = mutation.checkpointed === true;
    const before = runBytes(mutated(mutation), { checkpointed });
    if (before.verdict === "reject" || before.image.restorer.guest === null) continue;
    // Two guests in one stream: refused, below.
    if (mutation.name === "lxl-ctx-twice") continue;
    const memory = before.digests().streamSha256;
    it(`normalises ${mutation.name}`, async () => {
      const source = stored(mutated(mutation));
      for (const compact of [false, true]) {
        const { bytes } = await convert(source, "libxl", { checkpointed, compact });
        const ran = runBytes(bytes, { profile: "strict" });
        expect(ran.errors).toEqual([]);
        expect(ran.digests().streamSha256).toBe(memory);
      }
    });
  }
});

/** Byte offset of the libxc stream, and what it is from there on. */
function fromLibxc(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes);
  return buffer.subarray(buffer.indexOf("XENF") - 8);
}

describe("what a conversion leaves as it is", () => {
  for (const name of ["hvm-tiny.xcs", "hvm-mixed.xcs", "pv64-tiny.xcs", "pv32-list.xcs"]) {
    it(`gives back ${name}, which a saver wrote, byte for byte`, async () => {
      const { bytes } = await convert(join(FIXTURES, name), "libxc");
      expect(Buffer.compare(bytes, fixture(name))).toBe(0);
    });
  }

  for (const name of ["c45-hvm-tiny", "c45-pv64-tiny", "legacy-hvm-32"]) {
    it(`makes of ${name}.legacy what Xen's converter makes of it`, async () => {
      const source = join(FIXTURES, `${name}.legacy`);
      const libxl = await convert(source, "libxl");
      expect(Buffer.compare(libxl.bytes, fixture(`${name}.converted.libxl`))).toBe(0);
      const libxc = await convert(source, "libxc");
      const converted = fixture(`${name}.converted.xcs`);
      // Xen's own form has the QEMU record behind END, where nobody reads it.
      expect(Buffer.compare(libxc.bytes, converted.subarray(0, libxc.bytes.length))).toBe(0);
    });
  }

  it("keeps stream, config and device model from xl to libvirt and back", async () => {
    const name = "xl-hvm-tiny.xlsave";
    const libvirt = await convert(join(FIXTURES, name), "libvirt");
    expect([...libvirt.notes].sort()).toEqual(["config-dropped", "config-made"]);
    expect(Buffer.from(libvirt.bytes).includes("<name>heldout</name>")).toBe(true);
    const xl = await convert(libvirt.path, "xl");
    expect(Buffer.compare(fromLibxc(xl.bytes), fromLibxc(fixture(name)))).toBe(0);
    const same = await convert(join(FIXTURES, name), "xl");
    expect(Buffer.compare(same.bytes, fixture(name))).toBe(0);
    expect(same.notes).toEqual([]);
  });

  it("gives the containers' own fixtures back, byte for byte", async () => {
    for (const [name, to] of [
      ["libxl-hvm-tiny.libxl", "libxl"],
      ["libvirt-hvm-tiny.save", "libvirt"],
      ["xapi-hvm-tiny.image", "xapi"],
    ] as const) {
      const { bytes, notes } = await convert(join(FIXTURES, name), to);
      expect(Buffer.compare(bytes, fixture(name))).toBe(0);
      expect(notes).toEqual([]);
    }
  });
});

describe("checkpointed streams", () => {
  const libxl = join(FIXTURES, "libxl-hvm-remus.libxl");

  it("become plain: no CHECKPOINT, and the records of an epoch's end once", async () => {
    const before = runBytes(fixture("libxl-hvm-remus.libxl")).image.restorer;
    const { bytes } = await convert(libxl, "libxl");
    const after = runBytes(bytes).image.restorer;
    expect(before.domain?.checkpoints).toBeGreaterThan(1);
    expect(after.domain?.checkpoints).toBe(0);
    expect(after.domain?.recordTypes.get("CHECKPOINT")).toBeUndefined();
    expect(after.domain?.recordTypes.get("HVM_CONTEXT")).toBe(1);
    expect(after.domain?.recordTypes.get("HVM_PARAMS")).toBe(1);
    expect(after.domain?.hvmParams).toEqual(before.domain?.hvmParams);
    expect(after.domain?.hvmContext?.body).toEqual(before.domain?.hvmContext?.body);
    expect(after.domain?.tscInfo?.body).toEqual(before.domain?.tscInfo?.body);
    expect(after.libxl.emulatorContext).toEqual(before.libxl.emulatorContext);
    expect(new Map(after.libxl.xenstore)).toEqual(new Map(before.libxl.xenstore));
  });

  it("keep the last record of each vcpu, whichever epoch it came in", async () => {
    const plan = simplePlan(8);
    const first = pvStream(plan, { vcpus: 2 }).slice(0, -1);
    const stream = stored(joinParts([...first, checkpoint(), ...vcpuParts(plan, 0), checkpoint()]));
    const { bytes } = await convert(stream, "libxc", { checkpointed: true });
    const { domain } = runBytes(bytes).image.restorer;
    expect(domain?.recordTypes.get("X86_PV_VCPU_BASIC")).toBe(2);
    expect(domain?.recordTypes.get("X86_PV_VCPU_EXTENDED")).toBe(2);
  });

  it("stay what they are with --keep-checkpoints", async () => {
    const { bytes } = await convert(libxl, "libxl", { keepCheckpoints: true });
    const committed = fixture("libxl-hvm-remus.libxl").subarray(0, bytes.length);
    expect(Buffer.compare(bytes, committed)).toBe(0);
    const xcs = join(FIXTURES, "hvm-remus-1.xcs");
    const more = { keepCheckpoints: true, checkpointed: true };
    const kept = await convert(xcs, "libxc", more);
    const ran = runBytes(kept.bytes, { checkpointed: true, profile: "strict" });
    expect(ran.errors).toEqual([]);
    expect(ran.digests().streamSha256).toBe(streamMemory(fixture("hvm-remus-1.xcs"), true));
    expect(ran.image.restorer.domain?.checkpoints).toBeGreaterThan(0);
    const framed = await convert(xcs, "libxl", more);
    const inLibxl = runBytes(framed.bytes, { profile: "strict" });
    expect(inLibxl.errors).toEqual([]);
    expect(inLibxl.digests()).toEqual(ran.digests());
  });
});

describe("compact streams", () => {
  it("hold each pfn once, ascending, 1024 entries to a record", async () => {
    const source = join(FIXTURES, "libxl-hvm-remus.libxl");
    const { bytes } = await convert(source, "libxc", { compact: true });
    const batches: number[] = [];
    const ran = runBytes(bytes, { onBatch: ({ entryCount }) => batches.push(entryCount) });
    const { guest } = ran.image.restorer;
    expect(batches.slice(0, -1).every((count) => count === 1024)).toBe(true);
    const entries = batches.reduce((sum, count) => sum + count, 0);
    expect(entries).toBe(guest?.engine.stats().populatedPages);
  });
});

describe("configs", () => {
  it("takes the caller's before any other", async () => {
    const config = stored(new TextEncoder().encode('{"c_info":{"name":"given"}}'));
    const { bytes, notes } = await convert(join(FIXTURES, "xl-hvm-tiny.xlsave"), "xl", {
      configPath: config,
    });
    expect(Buffer.from(bytes).includes('{"c_info":{"name":"given"}}\0LibxlFmt')).toBe(true);
    expect(notes).toEqual(["config-dropped"]);
  });

  it("refuses one that the target would not read", async () => {
    const config = stored(new TextEncoder().encode("<domain>"));
    for (const to of ["xl", "libvirt", "xapi"] as const) {
      const source = join(FIXTURES, "hvm-tiny.xcs");
      await expect(convert(source, to, { configPath: config })).rejects.toThrow(/is no config/);
    }
    await expect(
      convert(join(FIXTURES, "hvm-tiny.xcs"), "libxl", { configPath: config }),
    ).rejects.toThrow(/has no config/);
  });
});

describe("what is not converted", () => {
  it("leaves no output of a source that is rejected, and tells its findings", async () => {
    for (const broken of [fixture("hvm-tiny.xcs").subarray(0, 90_000), mutatedNamed("p-type-7")]) {
      const output = join(folder, "refused");
      const options = optionsOf("libxl", {});
      const result = await convertFile(platform, stored(broken), output, options);
      expect(result.verdict).toBe("reject");
      expect(result.findings.some(({ severity }) => severity === "error")).toBe(true);
      expect(result.output).toBeUndefined();
      expect(existsSync(output)).toBe(false);
      expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
    }
  });

  it("says why a right image is refused: two guests, or none", async () => {
    const twice = convert(stored(mutatedNamed("lxl-ctx-twice")), "libxl");
    await expect(twice).rejects.toThrow(/more than one libxc stream/);
    const none = new TextEncoder().encode("QEVM\0\0\0\u0003\0");
    await expect(convert(stored(none), "libxl")).rejects.toThrow(/no guest/);
  });

  it("tells a target of the other kind from a wrong option", async () => {
    const xenstore = join(FIXTURES, "xenstore-v1-full.xss");
    await expect(convert(xenstore, "libxl")).rejects.toThrow(/Xenstore stream/);
    const guest = join(FIXTURES, "hvm-tiny.xcs");
    await expect(convert(guest, "xenstore-v2")).rejects.toThrow(/libxc image/);
    await expect(convert(guest, "xl", { keepCheckpoints: true })).rejects.toThrow(/checkpoints/);
  });
});

describe("Xenstore streams", () => {
  it("come back from the other version with nothing lost but odd lengths", async () => {
    for (const [name, own, other] of [
      ["xenstore-v1-full.xss", "xenstore-v1", "xenstore-v2"],
      ["xenstore-v2-full.xss", "xenstore-v2", "xenstore-v2"],
    ] as const) {
      const there = await convert(join(FIXTURES, name), other);
      expect(there.notes).toEqual([]);
      const back = await convert(there.path, own);
      // What is written has lengths that are multiples of 8, whatever the source had (XS-REC-1).
      const same = await convert(join(FIXTURES, name), own);
      expect(Buffer.compare(back.bytes, same.bytes)).toBe(0);
      expect(describeRecords(same.bytes)).toEqual(describeRecords(fixture(name)));
    }
  });

  it("say what version 1 has no room for", async () => {
    const { bytes, notes } = await convert(join(FIXTURES, "xenstore-v2-full.xss"), "xenstore-v1");
    expect(runBytes(bytes).image.restorer.container).toEqual(["xenstore"]);
    expect(notes.length).toBeGreaterThan(0);
  });
});

/** What each record of a Xenstore stream says, its length left out. */
function describeRecords(bytes: Uint8Array): unknown[] {
  const records: unknown[] = [];
  const image = new Image(engineOf("wasm"), {
    ...READING_DEFAULTS,
    limits: DEFAULT_LIMITS,
    model: "indexed",
  });
  let header: ReturnType<typeof xenstoreHeaderOf> = null;
  const job = image.run((event) => {
    if (event.event === "header") header = xenstoreHeaderOf(event);
    if (event.event !== "record" || header === null) return;
    const { name, content } = decodeXenstoreRecord(event, header);
    records.push({ name, ...content, surplus: null });
  });
  driveSync(job, new BufferSource(bytes, "test stream"));
  return records;
}

function mutatedNamed(name: string): Uint8Array {
  const mutation = MUTATED.find((each) => each.name === name);
  if (mutation === undefined) throw new Error(`no mutation ${name}`);
  return mutated(mutation);
}
