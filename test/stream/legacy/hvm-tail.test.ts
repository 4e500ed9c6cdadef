import { describe, expect, it } from "vitest";
import type { Wrapper } from "../../../src/stream/nested.js";
import { ascii, concat, u32le, zeros } from "../../builders/bytes.js";
import * as build from "../../builders/legacy.js";
import { rulesOf } from "../drive.js";
import { read, sections } from "./read.js";

describe("the QEMU record at the end of an HVM stream", () => {
  const state = build.QEMU;
  const lineFeed = concat(ascii("QemuDeviceModelRecord\n"), Uint8Array.of(0, 0, 0, 9), state);
  const toEnd = concat(ascii("QemuDeviceModelRecord"), state);
  const remus = concat(ascii("RemusDeviceModelState"), u32le(9), state);
  const rows: [string, Uint8Array, Wrapper | null, string[]][] = [
    ["libxl's form is accepted anywhere", build.QEMU_RECORD, null, []],
    ["libxl's form is accepted in a xl file", build.QEMU_RECORD, "xl", []],
    ["libxl's form is accepted in a XAPI image", build.QEMU_RECORD, "xapi", []],
    ["libxl's form is accepted in a xend file", build.QEMU_RECORD, "xend", []],
    ["XAPI's form belongs to XAPI", lineFeed, "xapi", []],
    ["XAPI's form is a fault elsewhere", lineFeed, null, ["LG-HT-2"]],
    ["xend's form belongs to xend", toEnd, "xend", []],
    ["xend's form is a fault elsewhere", toEnd, "xl", ["LG-HT-2"]],
    ["the form of Remus is a fault", remus, null, ["LG-HT-2"]],
    ["a bare stream may end without one", zeros(0), null, ["LG-HT-2/absent"]],
    ["a xl file must have one", zeros(0), "xl", ["LG-HT-2"]],
    ["another signature ends the reading", ascii("QemuDeviceModelRecurse"), null, ["LG-HT-2"]],
  ];
  for (const [title, qemu, wrapper, rules] of rows) {
    it(title, () => {
      const bytes = build.hvm({ width: 64, qemu });
      const driven = read(bytes, { width: 64, wrapper });
      expect(rulesOf(driven)).toEqual(rules);
      const pipe = read(bytes, { width: 64, wrapper, mode: "pipe" });
      expect(rulesOf(pipe)).toEqual(rules);
      const whole = driven.error === null && qemu.length > 0;
      expect(sections(driven).map(({ body }) => body)).toEqual(whole ? [state] : []);
    });
  }
});
