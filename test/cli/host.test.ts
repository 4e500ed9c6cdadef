/** `host` and `verify --on` as a user runs them: files, pipes, exit codes, text and JSON. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { changed, hostLeaves, LEAVES } from "../builders/host.js";
import { cpuidPolicy, REC } from "../builders/libxc.js";
import { join as bytesOf } from "../builders/parts.js";
import { XEN_CPUID, XL_INFO } from "../ops/host/texts.js";
import { hvm, instead } from "../rules/tables/row.js";
import { xenstream } from "./run.js";

const DIR = mkdtempSync(join(tmpdir(), "xenstream-host-"));
afterAll(() => rmSync(DIR, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(DIR, name);
  writeFileSync(path, content);
  return path;
};
const IMAGE = bytesOf(instead(hvm(), REC.X86_CPUID_POLICY, cpuidPolicy(LEAVES)));
const VM = file("vm.xcs", IMAGE);
const hostFile = (name: string, leaves = LEAVES): string =>
  file(
    `${name}.json`,
    JSON.stringify({
      format: "xenstream-host",
      v: 1,
      name,
      xen: "4.17",
      cpu: { policies: { hvmMax: { leaves: hostLeaves(leaves) } } },
    }),
  );
const A = hostFile("alpha");
const B = hostFile("beta", changed([7, "ebx"], 0x80));

describe("verify --on", () => {
  it("takes an image for one host and refuses it for another, naming the bit", () => {
    const there = xenstream(["verify", "--on", A, VM]);
    expect([there.code, there.stderr]).toEqual([0, ""]);
    expect(there.stdout).toContain("on alpha: nothing known is in the way");
    const refused = xenstream(["verify", "--on", B, VM]);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/^REJECT/);
    expect(refused.stdout).toContain("on beta: would not restore there");
    expect(refused.stdout.replace(/\s+/g, " ")).toContain(
      "CPUID leaf 0x7, subleaf 0, ebx, bit 5 (avx2)",
    );
    expect(refused.stdout.replace(/\s+/g, " ")).toContain("(beyond Xen's own checks)");
  });

  it("says the same of a pipe, in JSON", () => {
    const { code, stdout } = xenstream(["verify", "--json", "--on", B, "-"], { input: IMAGE });
    expect(code).toBe(1);
    const [result] = JSON.parse(stdout).files;
    expect(result).toMatchObject({
      verdict: "reject",
      host: { name: "beta", verdict: "blocked", blocking: [{ rule: "LC-POL-2", beyondXen: true }] },
    });
    expect(result.findings).toContainEqual(
      expect.objectContaining({ rule: "LC-POL-2", onHost: true, beyondXen: true }),
    );
  });

  it("reads the host from standard input, but not the image as well", () => {
    const input = readFileSync(A);
    expect(xenstream(["verify", "--on", "-", VM], { input }).code).toBe(0);
    const both = xenstream(["verify", "--on", "-", "-"], { input });
    expect(both.code).toBe(2);
    expect(both.stderr).toContain("not both");
  });

  it("adds nothing to a report where no host is named", () => {
    const { stdout } = xenstream(["verify", "--json", VM]);
    expect(JSON.parse(stdout).files[0]).not.toHaveProperty("host");
  });

  it.each([
    ["no JSON", "{"],
    ["an unknown field", '{"format":"xenstream-host","v":1,"ram":1}'],
  ])("calls a host file of %s a usage error", (_what, text) => {
    const { code, stderr } = xenstream(["verify", "--on", file("bad.json", text), VM]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/host file: /);
  });

  it("says that a host file is not there", () => {
    expect(xenstream(["verify", "--on", join(DIR, "none.json"), VM]).code).toBe(2);
  });
});

describe("host", () => {
  it("writes a description from pasted texts that verify --on then reads", () => {
    const out = join(DIR, "made.json");
    const info = file("info", XL_INFO);
    const args = ["host", "--xl-info", "-", "--xen-cpuid", file("cpu", XEN_CPUID), "-o", out];
    const made = xenstream([...args, "--device-models", "qemu-xen"], {
      input: readFileSync(info),
    });
    expect([made.code, made.stderr]).toEqual([0, ""]);
    expect(made.stdout).toContain(`wrote ${out}`);
    expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ name: "testbox", xen: "4.17" });
    const { code, stdout } = xenstream(["verify", "--on", out, VM]);
    expect(code).toBe(0);
    expect(stdout).toContain("on testbox: nothing known is in the way");
  });

  it("writes one from options to standard output, and its notes elsewhere", () => {
    const options = ["--xen", "4.9", "--memory", "64GiB", "--vcpus", "8", "--guests", "pv64,hvm"];
    const { code, stdout, stderr } = xenstream(["host", ...options, "-o", "-"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      xen: "4.9",
      memory: { totalBytes: 64 * 2 ** 30 },
      maxVcpus: { hvm: 8, pv: 8 },
      guests: ["pv64", "hvm"],
      limits: { streamVersions: [2], recordBodyBytes: 8 * 2 ** 20 },
    });
    expect(stderr).toContain("note: No free memory");
  });

  it("prints what it wrote as JSON", () => {
    const out = join(DIR, "json.json");
    const { stdout } = xenstream(["host", "--xen", "4.17", "--json", "-o", out]);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ v: 1, command: "host", file: out });
    expect(document.host).toEqual(JSON.parse(readFileSync(out, "utf8")));
  });

  it.each([
    ["a text that xl does not print", ["--xl-info", VM], "xl info, line 1"],
    ["a text that xen-cpuid does not print", ["--xen-cpuid", file("t", "x\n")], "line 1"],
    ["a release that is none", ["--xen", "unstable"], "release"],
    ["words that are none", ["--hvm-max", "xyz"], "words"],
    ["a kind of guest that there is not", ["--guests", "vm"], "hvm, pvh"],
    ["two texts from one pipe", ["--xl-info", "-", "--xen-cpuid", "-"], "one text"],
  ])("refuses %s and writes nothing", (_what, args, message) => {
    const out = join(DIR, "refused.json");
    const { code, stderr } = xenstream(["host", ...args, "-o", out]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(() => readFileSync(out)).toThrow();
  });
});
