/** Result documents for tests of texts, small and made by hand. Not a test itself. */
import type { FileResult, Finding, StreamResult } from "../../src/findings/index.js";
import { PLAIN, type Style } from "../../src/report/index.js";

export const STREAM: StreamResult = {
  version: 3,
  guest: "hvm",
  xen: "4.19",
  checkpoints: 0,
  records: 8,
  recordTypes: { PAGE_DATA: 1, END: 1 },
  entries: 24,
  dataPages: 22,
  pageTypes: { NOTAB: 22, XTAB: 2 },
  trailingBytes: 0,
};

/** An accepted image without findings. */
export const GOOD: FileResult = {
  file: "vm.save",
  bytes: 95_922,
  verdict: "accept",
  profile: "restore",
  elapsedMs: 3.14,
  container: ["xl", "libxl", "libxc"],
  stream: STREAM,
  suppressed: 0,
  findings: [],
};

/** A finding of LC-PG-5 in the first PAGE_DATA record. */
export function finding(more: Partial<Finding> = {}): Finding {
  return {
    rule: "LC-PG-5",
    severity: "error",
    layer: "libxc",
    byteOffset: 168,
    recordIndex: 3,
    recordType: "PAGE_DATA",
    entryIndex: 3,
    message: "The page type means nothing.",
    expected: "a page type of 0x0-0x4 or 0x9-0xf",
    actual: "type 0x7",
    hint: "The record is damaged.",
    field: { byteOffset: more.byteOffset ?? 168, bytes: 8 },
    ...more,
  };
}

/** A rejected image with these findings. */
export function bad(...findings: readonly Finding[]): FileResult {
  return { ...GOOD, verdict: "reject", findings };
}

const word = (name: string) => (text: string) => `<${name}>${text}</${name}>`;

/** Shows in words what a terminal would show in colours. */
export const PAINTED: Style = {
  ...PLAIN,
  paint: {
    bold: word("bold"),
    dim: word("dim"),
    red: word("red"),
    green: word("green"),
    yellow: word("yellow"),
    cyan: word("cyan"),
  },
};
