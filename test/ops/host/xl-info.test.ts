/** What `xl info` prints, read: what it tells, what it leaves out, and lines that are none of it. */
import { describe, expect, it } from "vitest";
import { UsageError } from "../../../src/findings/index.js";
import { parseXlInfo } from "../../../src/ops/index.js";
import { XL_INFO } from "./texts.js";

const MIB = 1024 ** 2;
const withLine = (key: string, line: string) =>
  XL_INFO.replace(new RegExp(`^${key} .*$`, "m"), line);

describe("the text of xl info", () => {
  it("tells release, memory, processors, speed and kinds of guests", () => {
    expect(parseXlInfo(XL_INFO)).toEqual({
      name: "testbox",
      xen: "4.17",
      architecture: "x86_64",
      guests: ["hvm", "pvh", "pv64"],
      memory: { totalBytes: 32641 * MIB, freeBytes: 20480 * MIB },
      cpus: 12,
      tsc: { khz: 2_394_563 },
    });
  });

  it("tells 32-bit PV by its own capability, and no PVH before 4.10", () => {
    const caps = "xen_caps : xen-3.0-x86_64 xen-3.0-x86_32p hvm-3.0-x86_64";
    const old = withLine("xen_caps", caps).replace(/^xen_minor .*$/m, "xen_minor : 9");
    expect(parseXlInfo(old).guests).toEqual(["hvm", "pv64", "pv32"]);
  });

  it("leaves out what is not printed", () => {
    const told = parseXlInfo("xen_major : 4\nxen_minor : 14\n");
    expect(told).toEqual({ xen: "4.14" });
  });

  it("reads lines that end in CR LF and are indented", () => {
    const pasted = XL_INFO.split("\n")
      .map((line) => `    ${line}\r`)
      .join("\n");
    expect(parseXlInfo(pasted)).toEqual(parseXlInfo(XL_INFO));
  });

  it.each([
    ["a line without a colon", `${XL_INFO}nonsense\n`, "line 28"],
    ["memory that is no number", withLine("free_memory", "free_memory : many"), "line 14"],
    ["a frequency that is none", withLine("cpu_mhz", "cpu_mhz : fast"), "line 10"],
    ["no release", XL_INFO.replace(/^xen_major .*\n/m, ""), "xen_major"],
    ["an empty text", "", "xen_major"],
  ])("names the line: %s", (_what, text, where) => {
    const parse = () => parseXlInfo(text);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(where);
  });
});
