/** Behind VERIFY pages are compared, never taken: the guest stays as it was. Rules: LC-VER-2, LC-VER-3. */
import { describe, expect, it } from "vitest";
import { patternPage } from "../builders/bytes.js";
import { hvmStream } from "../builders/hvm.js";
import { pageData, verify } from "../builders/libxc.js";
import { join } from "../builders/parts.js";
import { ENGINES, runBytes } from "../harness.js";

const PARTS = hvmStream({ batches: [[{ pfn: 1, page: patternPage(1) }]] });
const PLAIN = join(PARTS);
/** The page is sent again, and is another one. */
const VERIFIED = join([
  ...PARTS.slice(0, -1),
  verify(),
  pageData([{ pfn: 1, page: patternPage(2) }]),
  ...PARTS.slice(-1),
]);

describe("a page that differs behind VERIFY", () => {
  it.each(
    ENGINES.flatMap((engine) =>
      (["indexed", "resident"] as const).map((model) => ({ engine, model })),
    ),
  )("is told of and leaves the guest alone, $engine $model", (options) => {
    const plain = runBytes(PLAIN, options);
    const expected = {
      digests: plain.digests(),
      at: plain.image.restorer.guest?.lastCopyOffset(1),
    };
    const { findings, image, digests } = runBytes(VERIFIED, options);
    expect(findings.map(({ rule }) => rule)).toContain("LC-VER-3");
    expect(digests()).toEqual(expected.digests);
    expect(image.restorer.guest?.lastCopyOffset(1)).toBe(expected.at);
  });
});
