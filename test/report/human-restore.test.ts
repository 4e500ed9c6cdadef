/** The text of restore: the memory that results, and what was done to it. */
import { describe, expect, it } from "vitest";
import type { RestoreFileResult } from "../../src/findings/index.js";
import { renderRestore } from "../../src/report/index.js";
import { GOOD } from "./documents.js";

const RESTORED: RestoreFileResult = {
  ...GOOD,
  memory: {
    model: "resident",
    populatedPages: 22,
    zeroPages: 4,
    distinctPages: 18,
    residentBytes: 73_728,
    maxPfn: 23,
    streamSha256: "1".repeat(64),
    restoredSha256: "2".repeat(64),
  },
  hvmParams: { "1": "0x14", "99": "0x1" },
  completion: [
    { step: "LC-SIM-4", pfn: 20, what: "store page zeroed" },
    { step: "LC-ORD-3", what: "STATIC_DATA_END inferred" },
  ],
  genid: { address: "0xfc00a010", old: "aa", new: "bb", xenstore: "1:2" },
  emulator: [{ id: 2, bytes: 1432 }],
  xenstore: [["state", "running"]],
};
const paramName = (index: number) => (index === 1 ? "STORE_PFN" : null);

describe("the text of restore", () => {
  it("tells of memory, parameters, devices and steps", () => {
    expect(renderRestore(RESTORED, { verbose: false, paramName })).toBe(`ACCEPT  vm.save
  formats    xl > libxl > libxc, 93.7 KiB, 3.1 ms
  guest      HVM, saved by Xen 4.19
  stream     version 3, 8 records
  pages      24 entries, 22 with data (88.0 KiB)
  memory     22 pages populated (88.0 KiB), highest pfn 0x17
  model      resident, 72.0 KiB held, 4 zero pages, 18 distinct
  as sent    ${"1".repeat(64)}
  restored   ${"2".repeat(64)}
  parameters STORE_PFN              0x14
             parameter 99           0x1
  emulator   qemu, 1.4 KiB of state
  xenstore   1 key for the device model
  genid      aa at 0xfc00a010, new bb, Xenstore 1:2
  completion pfn 0x14: store page zeroed (LC-SIM-4)
             STATIC_DATA_END inferred (LC-ORD-3)
`);
  });

  it("leaves out what the image does not have", () => {
    expect(renderRestore(GOOD, { verbose: false })).not.toMatch(/memory|parameters|completion/);
  });

  it("shows ten steps unless it may say more", () => {
    const step = (pfn: number) => ({ step: "LC-PV-25", pfn, what: "p2m page rewritten" });
    const completion = Array.from({ length: 40 }, (_, pfn) => step(pfn));
    const result = { ...RESTORED, completion };
    const text = renderRestore(result, { verbose: false });
    expect(text.match(/rewritten/g)).toHaveLength(10);
    expect(text).toContain("             and 30 more steps (--verbose)\n");
    expect(renderRestore(result, { verbose: true }).match(/rewritten/g)).toHaveLength(40);
  });
});
