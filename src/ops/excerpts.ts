/**
 * Puts the bytes around a fault into its finding, so that a report can show them. Only where the
 * input can be read again, and only for the first findings of each rule. Judges nothing.
 */
import { type Excerpt, type FileResult, type Finding, InputError } from "../findings/index.js";
import { type AsyncSource, drive } from "../input/index.js";
import { type Job, readInto } from "../stream/index.js";

/** Findings of one rule and severity that get an excerpt. */
const EXCERPTS_PER_RULE = 3;
/** Excerpts in one document. */
const MAX_EXCERPTS = 300;
/** An excerpt is lines of a hex dump, from that of the finding's offset to the field's last. */
const LINE_BYTES = 16;
const LINES_MIN = 2;
const LINES_MAX = 4;

/** The result with excerpts in its findings; the same object where there is nothing to add. */
export async function withExcerpts<T extends FileResult>(
  result: T,
  source: AsyncSource,
  signal?: AbortSignal,
): Promise<T> {
  const excerpts = new Map<Finding, Excerpt>();
  for (const finding of chosen(result, source)) {
    try {
      const job = readExcerpt(finding, source.size);
      const excerpt = await drive(job, source, signal && { signal });
      if (excerpt !== null) excerpts.set(finding, excerpt);
    } catch (error) {
      passOver(error);
    }
  }
  return filled(result, excerpts);
}

/** The findings that get an excerpt: the first of each rule. */
function chosen({ findings }: FileResult, source: AsyncSource): Finding[] {
  if (!source.seekable) return [];
  const seen = new Map<string, number>();
  const first = findings.filter(({ severity, rule }) => {
    const key = `${severity} ${rule}`;
    const count = seen.get(key) ?? 0;
    seen.set(key, count + 1);
    return count < EXCERPTS_PER_RULE;
  });
  return first.slice(0, MAX_EXCERPTS);
}

function filled<T extends FileResult>(result: T, excerpts: ReadonlyMap<Finding, Excerpt>): T {
  if (excerpts.size === 0) return result;
  const findings = result.findings.map((finding): Finding => {
    const excerpt = excerpts.get(finding);
    return excerpt === undefined ? finding : { ...finding, excerpt };
  });
  return { ...result, findings };
}

/** Null where there are no bytes to show. */
function* readExcerpt(
  { byteOffset: faultOffset, field }: Finding,
  size: number | null,
): Job<Excerpt | null> {
  // A fault behind the end of the input (it was cut) is shown by the last bytes before it.
  const at = Math.min(faultOffset, (size ?? faultOffset + 1) - 1);
  const byteOffset = at - (at % LINE_BYTES);
  if (byteOffset < 0) return null;
  const fieldEnd = field === undefined ? 0 : field.byteOffset + field.bytes;
  const lines = Math.ceil((fieldEnd - byteOffset) / LINE_BYTES);
  const shown = Math.min(Math.max(lines, LINES_MIN), LINES_MAX);
  const bytes = new Uint8Array(shown * LINE_BYTES);
  const got = yield* readInto(byteOffset, bytes);
  if (got === 0) return null;
  return { byteOffset, hex: Buffer.from(bytes.subarray(0, got)).toString("hex") };
}

/** The verdict stands without it: a place that cannot be read again is shown without bytes. */
function passOver(error: unknown): void {
  if (!(error instanceof InputError)) throw error;
}
