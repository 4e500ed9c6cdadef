/**
 * Puts the bytes around a fault into its finding, so that a report can show them. Only where the
 * input can be read again, and only for the first findings of each rule. Judges nothing.
 */
import { type Excerpt, type FileResult, type Finding, InputError } from "../findings/index.js";
import type { Source } from "../input/index.js";

/** Findings of one rule and severity that get an excerpt. */
const EXCERPTS_PER_RULE = 3;
/** Excerpts in one document. */
const MAX_EXCERPTS = 300;
/** An excerpt is two lines of a hex dump, the first one that of the finding's offset. */
const LINE_BYTES = 16;
const EXCERPT_BYTES = 2 * LINE_BYTES;

/** The result with excerpts in its findings; the same object where there is nothing to add. */
export function withExcerpts<T extends FileResult>(result: T, source: Source): T {
  if (!source.seekable || result.findings.length === 0) return result;
  const seen = new Map<string, number>();
  let left = MAX_EXCERPTS;
  const findings = result.findings.map((finding): Finding => {
    const key = `${finding.severity} ${finding.rule}`;
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    if (count >= EXCERPTS_PER_RULE || left === 0) return finding;
    const excerpt = readExcerpt(source, finding.byteOffset);
    if (excerpt === null) return finding;
    left -= 1;
    return { ...finding, excerpt };
  });
  return { ...result, findings };
}

/** Null where there are no bytes to show. */
function readExcerpt(source: Source, faultOffset: number): Excerpt | null {
  // A fault behind the end of the input (it was cut) is shown by the last bytes before it.
  const end = source.size ?? faultOffset + 1;
  const at = Math.min(faultOffset, end - 1);
  const byteOffset = at - (at % LINE_BYTES);
  if (byteOffset < 0) return null;
  const bytes = new Uint8Array(EXCERPT_BYTES);
  try {
    const got = source.read(bytes, byteOffset);
    if (got === 0) return null;
    return { byteOffset, hex: Buffer.from(bytes.subarray(0, got)).toString("hex") };
  } catch (error) {
    // The verdict stands without it: a place that cannot be read again is shown without bytes.
    if (error instanceof InputError) return null;
    throw error;
  }
}
