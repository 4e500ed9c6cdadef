/** The text of inspect: a summary of the machine, and all of it with verbose. */
import { describe, expect, it } from "vitest";
import { tableOf } from "../../src/cli/table.js";
import type { ConfigSummary, InspectRecord, InspectResult } from "../../src/findings/index.js";
import { type InspectTextOptions, PLAIN, renderInspect } from "../../src/report/index.js";
import { bad, finding, GOOD } from "./documents.js";

function record(index: number, name: string, decoded?: unknown): InspectRecord {
  const place = { layer: "libxc" as const, index, type: 0, byteOffset: 40 + 100 * index };
  return { ...place, name, length: 24, ...(decoded === undefined ? {} : { decoded }) };
}

const IMAGE: InspectResult = {
  ...GOOD,
  headers: [
    { layer: "libxc", name: "image header", byteOffset: 0, bytes: 24, fields: { version: 3 } },
  ],
  records: [
    record(0, "X86_CPUID_POLICY", { entries: [{ leaf: 0, eax: "0xd" }] }),
    record(1, "PAGE_DATA"),
    record(2, "PAGE_DATA"),
    record(3, "X86_TSC_INFO", { mode: 0, khz: 2_893_202, mode_name: "default" }),
    record(4, "HVM_PARAMS", {
      count: 2,
      param: [
        { index: 1, name: "STORE_PFN", value: "0x14" },
        { index: 99, name: null, value: "0x1" },
      ],
    }),
    record(5, "EMULATOR_CONTEXT", { emulator_id: 2, emulator_name: "qemu", bytes: 1537 }),
    record(6, "END", {}),
  ],
  batches: [
    { recordIndex: 1, byteOffset: 140, entries: 24, dataPages: 22, pageTypes: { NOTAB: 22 } },
  ],
  hvmContext: [
    { name: "HEADER" },
    { name: "CPU", rip: "0xfff0" },
    { name: "CPU" },
    { name: "END" },
  ],
  config: {
    c_info: { name: "web\u001b[1m", uuid: "7d2e1e7a-1f0b-4a6a-9b57-0e2f2d5f8f11" },
    b_info: { max_vcpus: 2, max_memkb: 1024 },
    disks: [{}],
  },
  configSummary: {
    format: "xl-json",
    name: "web\u001b[1m",
    uuid: "7d2e1e7a-1f0b-4a6a-9b57-0e2f2d5f8f11",
    maxVcpus: 2,
    maxMemoryKiB: 1024,
    disks: { count: 1, shown: [""] },
    nics: { count: 0, shown: [] },
    vfbs: { count: 0, shown: [] },
    pci: { count: 0, shown: [] },
  },
};
const text = (result: InspectResult, more: Partial<InspectTextOptions> = {}) =>
  renderInspect(result, { verbose: false, table: tableOf, ...more });

describe("the text of inspect", () => {
  it("is a summary of the machine", () => {
    expect(text(IMAGE)).toBe(`ACCEPT  vm.save
  formats    xl > libxl > libxc, 93.7 KiB, 3.1 ms
  name       web\\x1b[1m
  uuid       7d2e1e7a-1f0b-4a6a-9b57-0e2f2d5f8f11
  vcpus      2
  memory     1024 KiB
  disks      1
  guest      HVM, 2 vcpus
  saved by   Xen 4.19, stream version 3
  pages      24 entries, 22 with data (88.0 KiB)
             NOTAB  22  ######################..  91.7 %
             XTAB    2  ##......................   8.3 %
  parameters STORE_PFN              0x14
             parameter 99           0x1
  tsc        mode default, 2893.2 MHz
  cpu policy 1 CPUID leaf, 0 MSRs
  context    HEADER, CPU x2, END
  emulator   qemu, 1.5 KiB of state

  layer  record            count  bodies  first at byte
  libxc  X86_CPUID_POLICY      1    24 B             40
  libxc  PAGE_DATA             2    48 B            140
  libxc  X86_TSC_INFO          1    24 B            340
  libxc  HVM_PARAMS            1    24 B            440
  libxc  EMULATOR_CONTEXT      1    24 B            540
  libxc  END                   1    24 B            640
`);
  });

  it("goes down to each header and record with verbose", () => {
    const lines = text(IMAGE, { verbose: true }).split("\n");
    const from = lines.indexOf("  0  libxc image header, 24 bytes");
    expect(lines.slice(from, from + 13)).toEqual([
      "  0  libxc image header, 24 bytes",
      "      version 3",
      "  40  libxc 0 X86_CPUID_POLICY, 24 bytes",
      "      entries:",
      "        - leaf 0, eax 0xd",
      "  140  libxc 1 PAGE_DATA, 24 bytes",
      "      entries 24, dataPages 22, NOTAB 22",
      "  240  libxc 2 PAGE_DATA, 24 bytes",
      "  340  libxc 3 X86_TSC_INFO, 24 bytes",
      "      mode 0, khz 2893202, mode_name default",
      "  440  libxc 4 HVM_PARAMS, 24 bytes",
      "      count 2",
      "      param:",
    ]);
    expect(lines).toContain("      - name CPU, rip 0xfff0");
    expect(lines).toContain("  config");
  });

  it("wraps the longest values and leaves nothing of them out", () => {
    const hex = "ab".repeat(500);
    const verbose = text(
      { ...IMAGE, records: [record(0, "X", { hex, none: null, list: [1, 2] })] },
      { verbose: true },
    );
    expect(Math.max(...verbose.split("\n").map((line) => line.length))).toBeLessThan(81);
    expect(verbose.replaceAll(/\s+/g, "")).toContain(hex);
    expect(verbose).toContain("none none, list [1 2]");
  });

  it("shows errors, and counts other findings until verbose", () => {
    const warning = finding({ rule: "HC-20", severity: "warning" });
    const result = { ...IMAGE, ...bad(finding(), warning) };
    expect(text(result)).toContain("error LC-PG-5");
    expect(text(result)).not.toContain("warning HC-20");
    expect(text(result)).toContain("1 error, 1 warning");
    expect(text(result, { verbose: true })).toContain("warning HC-20");
  });

  it("tells a config in short, and a PV guest's records", () => {
    const none = { count: 0, shown: [] };
    const configSummary: ConfigSummary = {
      format: "libvirt-xml",
      ...{ name: "db", guest: "linux", vcpus: 1, maxVcpus: 2 },
      ...{ memoryKiB: 512, maxMemoryKiB: 1024, vfbs: none, pci: none },
      disks: { count: 6, shown: ["file xvda", "b", "c", "d", "e"] },
      nics: { count: 1, shown: ["bridge 00:16:3e:00:00:01 br0"] },
    };
    const { hvmContext: _none, ...rest } = IMAGE;
    const records = [
      record(0, "X86_PV_INFO", { guest_width: 8, pt_levels: 4 }),
      record(1, "X86_PV_VCPU_BASIC", { vcpu_id: 0 }),
      record(2, "X86_PV_VCPU_BASIC", { vcpu_id: 0 }),
      record(3, "X86_PV_VCPU_BASIC", { vcpu_id: 1 }),
    ];
    const stream = { ...IMAGE.stream!, guest: "pv" as const };
    const pv = text({ ...rest, configSummary, records, stream });
    expect(pv).toContain("  guest      PV, 64-bit, 4 page table levels, 2 vcpus\n");
    expect(pv).toContain(
      [
        "  name       db",
        "  type       linux",
        "  vcpus      1 of 2",
        "  memory     512 KiB of 1024 KiB",
        "  disks      6: file xvda, b, c, d, ...",
        "  nics       1: bridge 00:16:3e:00:00:01 br0",
        "",
      ].join("\n"),
    );
  });

  it("draws bars of blocks where the terminal has them", () => {
    expect(text(IMAGE, { style: { ...PLAIN, unicode: true } })).toContain("\u2588\u2591\u2591");
  });

  it("says what the listing leaves out, and that there is nothing", () => {
    expect(text({ ...IMAGE, recordsOmitted: 3 })).toContain(
      "  and 3 more records that the listing",
    );
    expect(text({ ...IMAGE, headersOmitted: 1 })).toContain("  and 1 more header that the listing");
    expect(text({ ...IMAGE, records: [] })).toContain("  no records\n");
  });
});
