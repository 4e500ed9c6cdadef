/**
 * The same image for two hosts: taken by one, refused by the other with what is in the way named;
 * by both engines, from every kind of container, from a file and from a pipe.
 */
import { describe, expect, it } from "vitest";
import type { HostResult } from "../../../src/findings/index.js";
import { verify } from "../../../src/index.js";
import type { HostCheck } from "../../../src/restore/index.js";
import { ascii, concat, poke, u32le, zeros } from "../../builders/bytes.js";
import { AMPLE, changed, LEAVES, like, on, onCpu, onLeaves } from "../../builders/host.js";
import { contextRecord, hvmContextBlob, hvmStream } from "../../builders/hvm.js";
import * as legacy from "../../builders/legacy.js";
import { libvirt } from "../../builders/libvirt.js";
import { cpuidPolicy, msrPolicy, REC, tscInfo } from "../../builders/libxc.js";
import { emulatorContext, libxlStream, xlHeader } from "../../builders/libxl.js";
import { join, type Part } from "../../builders/parts.js";
import * as xapi from "../../builders/xapi.js";
import { ENGINES, type RunOptions, runBytes, runSource } from "../../harness.js";
import { hvm, instead, pv } from "../../rules/tables/row.js";
import { ForwardSource } from "../../sources.js";

const guest = (leaves = LEAVES): Part[] =>
  instead(hvm(), REC.X86_CPUID_POLICY, cpuidPolicy(leaves));
const GUEST = join(guest());

function checked(bytes: Uint8Array, host: HostCheck, options: RunOptions = {}): HostResult {
  const { image } = runBytes(bytes, { host, ...options });
  const result = image.restorer.hostFit?.result();
  if (result === undefined) throw new Error("no host was checked");
  return result;
}

const reasons = (bytes: Uint8Array, host: HostCheck) =>
  checked(bytes, host).blocking.map(({ rule, message }) => `${rule} ${message}`);

describe("an image that an ample host takes", () => {
  it("fits, with nothing in the way", () => {
    const { verdict, image } = runBytes(GUEST, { host: on() });
    expect(verdict).toBe("accept");
    expect(image.restorer.hostFit?.result()).toMatchObject({
      name: "ample",
      verdict: "fits",
      blocking: [],
      needs: { memoryBytes: 4096, overheadBytesEstimate: 2 * 2 ** 20 + 8192, vcpus: 2 },
      notChecked: [],
    });
  });

  it.each<[string, HostCheck, RegExp]>([
    [
      "a feature bit",
      onLeaves(changed([7, "ebx"], 0x80)),
      /^LC-POL-2 CPUID leaf 0x7, subleaf 0, ebx, bit 5 \(avx2\)/,
    ],
    [
      "a bit of leaf 1",
      onLeaves(changed([1, "ecx"], 0x0400_0000)),
      /^LC-POL-2 CPUID leaf 0x1, ecx, bit 28 \(avx\)/,
    ],
    [
      "a bit of an extended leaf",
      onLeaves(changed([0x8000_0001, "edx"], 0x2800_0800)),
      /^LC-POL-2 CPUID leaf 0x80000001, edx, bit 20 \(nx\)/,
    ],
    [
      "the highest leaf",
      onLeaves(changed([0, "eax"], 7)),
      /^LC-POL-2 CPUID leaf 0x0, eax: the guest has leaves up to 0xd, the host up to 0x7/,
    ],
    [
      "the address width",
      onLeaves(changed([0x8000_0008, "eax"], 0x3024)),
      /^LC-POL-2 CPUID leaf 0x80000008, eax, bits 7..0: the guest was told 39 .* 36/,
    ],
    ["the number of entries", onCpu({ maxLeaves: 6 }), /^LC-POL-2 .* 6 entries/],
    [
      "CPUID faulting",
      onLeaves(LEAVES, [{ index: "0xce", value: "0x0" }]),
      /^LC-POL-3 MSR 0xce \(PLATFORM_INFO\), bit 31 \(cpuid-faulting\)/,
    ],
    [
      "an MSR",
      onLeaves(LEAVES, [{ index: "0x10a", value: "0x0" }]),
      /^LC-POL-3 MSR 0xce \(PLATFORM_INFO\): the host's policies have no such MSR/,
    ],
    ["the stream's version", on({ xen: "4.12" }), /^LC-HDR-4 Xen 4.12 does not read version 3/],
    ["a release of legacy streams", on({ xen: "4.5" }), /^LC-HDR-4 Xen 4.5/],
    ["memory", on({ memory: { freeBytes: 1024 } }), /^HF-1 .* 3072 bytes more/],
    ["the vendor", onCpu({ vendor: "AuthenticAMD" }), /^HF-5 .*GenuineIntel.*AuthenticAMD/],
    ["the kind of guest", on({ guests: ["pv64"] }), /^HF-3 The host does not run hvm guests/],
    ["the architecture", on({ architecture: "aarch64" }), /^HF-3 .*aarch64/],
    ["vcpus", on({ maxVcpus: { hvm: 1 } }), /^HF-2 The guest has 2 vcpus/],
  ])("is refused by another: %s", (_what, host, reason) => {
    const { verdict, blocking } = checked(GUEST, host);
    expect(verdict).toBe("blocked");
    expect(blocking.map(({ rule, message }) => `${rule} ${message}`)).toEqual([
      expect.stringMatching(reason),
    ]);
    expect(runBytes(GUEST, { host }).verdict).toBe("reject");
  });

  it("is refused for a bit of ARCH_CAPABILITIES, but not for one that only warns", () => {
    const image = join(instead(guest(), REC.X86_MSR_POLICY, msrPolicy([[0x10a, 0x7n]])));
    const host = onLeaves(LEAVES, [{ index: "0x10a", value: "0x1" }]);
    expect(reasons(image, host)).toEqual([
      expect.stringMatching(/^LC-POL-3 MSR 0x10a \(ARCH_CAPABILITIES\), bit 1 \(ibrs-all\)/),
    ]);
  });

  it("points to the register in the policy record", () => {
    const host = onLeaves(changed([7, "ebx"], 0x80));
    const finding = runBytes(GUEST, { host }).findings.find(({ onHost }) => onHost);
    // Headers of 40 bytes, a record header of 8, two entries of 24, then ebx of the third.
    expect(finding).toMatchObject({
      byteOffset: 40 + 8 + 2 * 24 + 12,
      entryIndex: 2,
      recordType: "X86_CPUID_POLICY",
      actual: "0xa0",
      beyondXen: true,
    });
  });

  it("tells Xen's own refusals from what goes beyond them", () => {
    const beyond = (host: HostCheck) => checked(GUEST, host).blocking.map((one) => one.beyondXen);
    expect(beyond(onLeaves(changed([0, "eax"], 7)))).toEqual([undefined]);
    expect(beyond(onLeaves(changed([7, "ebx"], 0x80)))).toEqual([true]);
    expect(beyond(on({ memory: { freeBytes: 1024 } }))).toEqual([undefined]);
    expect(beyond(on({ memory: { freeBytes: 8192 } }))).toEqual([true]);
  });
});

describe("a host that is told by feature words alone", () => {
  const words = (ecx: string) => [
    ...["0x1fff", ecx, "0x28100800", "0x1", "0x0", "0xa0", "0x0", "0x0", "0x0", "0x0"],
  ];
  const byWords = (ecx: string) => onCpu({ policies: { hvmMax: { featureset: words(ecx) } } });

  it("is compared by them", () => {
    expect(reasons(GUEST, byWords("0x14000000"))).toEqual([]);
    expect(reasons(GUEST, byWords("0x04000000"))).toEqual([
      expect.stringMatching(/bit 28 \(avx\)/),
    ]);
  });

  it("refuses nothing by words that it does not have", () => {
    const host = onCpu({ policies: { hvmMax: { featureset: ["0x1fff"] } } });
    expect(checked(GUEST, host)).toMatchObject({
      verdict: "fits",
      notChecked: expect.arrayContaining([expect.stringMatching(/xcr0/)]),
    });
  });
});

describe("a stream without a policy", () => {
  const smep = poke(poke(zeros(1032), 0x290, 0x10), 0x2a8, ...u32le(1 << 20));
  const context = hvmContextBlob(contextRecord(2, 0, smep));
  const image = join(hvmStream({ version: 2, batches: [[{ pfn: 1 }]], context }));

  it("is judged by what its registers use, and the report says so", () => {
    const result = checked(image, onLeaves(changed([7, "ebx"], 0x20)));
    expect(result.blocking).toEqual([
      { rule: "HC-20", message: expect.stringMatching(/^cr4 bit 20 \(smep\) is on in vcpu 0/) },
    ]);
    expect(result.notChecked).toContainEqual(expect.stringMatching(/no CPUID policy/));
    expect(checked(image, on()).verdict).toBe("fits");
  });

  it("is read by a release before version 3, without notes of records it lacks", () => {
    expect(reasons(image, on({ xen: "4.13" }))).toEqual([]);
  });
});

describe("the machine that a config names", () => {
  const libxl = join(libxlStream(guest(), [emulatorContext()]));
  const xml = ascii("<domain><os><type machine='xenfv-8'>hvm</type></os></domain>\0");

  it("is looked for among the host's", () => {
    const image = libvirt(libxl, { xml });
    expect(reasons(image, on({ machines: ["xenfv-8"] }))).toEqual([]);
    expect(reasons(image, on({ machines: ["xenfv-9"] }))).toEqual([
      expect.stringMatching(/^HF-4 The domain's machine is xenfv-8/),
    ]);
  });

  it("is qemu-traditional, which left with 4.21, once for config and record", () => {
    const config = `{"b_info":{"device_model_version":"qemu_xen_traditional"}}\0`;
    const image = concat(
      xlHeader({ config }).bytes,
      join(libxlStream(guest(), [emulatorContext(undefined, 1)])),
    );
    const without = (xen: string) => on({ xen, deviceModels: undefined as never });
    expect(reasons(image, without("4.20"))).toEqual([]);
    expect(reasons(image, without("4.21"))).toEqual([
      expect.stringMatching(/^HF-4 The image is of qemu-xen-traditional, which Xen 4.21/),
    ]);
  });
});

describe("a host is checked against", () => {
  const stream = guest();
  const libxl = () => join(libxlStream(stream));
  const { image, XENOPS, END, streamSection } = xapi;
  const host = onLeaves(changed([7, "ebx"], 0x80));

  it.each<[string, Uint8Array]>([
    ["libxc", GUEST],
    ["libxl", libxl()],
    ["xl", concat(xlHeader().bytes, libxl())],
    ["libvirt", libvirt(libxl())],
    ["xapi", image(XENOPS, streamSection(GUEST), END)],
  ])("in %s, by both engines alike, from a file and from a pipe", (_name, bytes) => {
    const told = ENGINES.flatMap((engine) => {
      const pipe = runSource(new ForwardSource(bytes, 999), { engine, host, model: "resident" });
      const file = runBytes(bytes, { engine, host });
      return [file, pipe].map((ran) => [ran.findings, ran.image.restorer.hostFit?.result()]);
    });
    for (const one of told) expect(one).toEqual(told[0]);
    expect(JSON.stringify(told[0])).toContain("bit 5 (avx2)");
  });

  it("for a legacy stream, by its memory and nothing of version 2", () => {
    const bytes = legacy.hvm();
    expect(checked(bytes, on({ xen: "4.4" })).verdict).toBe("fits");
    expect(reasons(bytes, on({ memory: { freeBytes: 0 } }))).toContainEqual(
      expect.stringMatching(/^HF-1/),
    );
  });

  it("for PV guests by pvMax, and by their width", () => {
    const bytes = join(pv());
    const pvMax = AMPLE.cpu?.policies?.pvMax;
    const halfKnown = onCpu({ policies: pvMax === undefined ? {} : { pvMax } });
    expect(checked(bytes, halfKnown)).toMatchObject({ verdict: "fits", needs: { vcpus: 2 } });
    expect(checked(GUEST, halfKnown).notChecked).toContainEqual(expect.stringMatching(/hvmMax/));
  });

  it("for the TSC: not where it is emulated or can be scaled", () => {
    const at = (mode: number) =>
      join(instead(stream, REC.X86_TSC_INFO, tscInfo({ mode, khz: 1e6 })));
    expect(reasons(at(2), on())).toEqual([expect.stringMatching(/^LC-TSC-3/)]);
    expect(reasons(at(0), on())).toEqual([]);
    expect(reasons(at(2), on({ tsc: { khz: 2_400_000, scaling: true } }))).toEqual([]);
  });
});

describe("the library's verify()", () => {
  it("takes the description of a host", async () => {
    const beta = like({ name: "beta", cpu: { ...AMPLE.cpu, vendor: "AuthenticAMD" } });
    const { verdict, host } = await verify(GUEST, { on: beta });
    expect([verdict, host?.name, host?.blocking[0]?.rule]).toEqual(["reject", "beta", "HF-5"]);
    expect((await verify(GUEST, { on: AMPLE, vcpus: 2 })).host?.verdict).toBe("fits");
    await expect(verify(GUEST, { on: { v: 1 } as never })).rejects.toThrow("format");
  });
});
