/**
 * What is done with a guest's memory, as text: extract. Plain text, no colours; the verdict comes
 * first where an image was refused.
 */
import type { ExtractFileResult, FileResult, GenerationIdResult } from "../findings/index.js";

/** Errors printed; the rest is counted. */
const MAX_ERRORS = 20;

/** What was written, or why nothing was. */
export function renderExtract(result: ExtractFileResult): string {
  const lines = refusalLines(result);
  const { output } = result;
  if (output !== undefined) {
    const what = `${output.pages} pages, ${output.bytes} bytes, ${output.format}, ${output.state}`;
    lines.push(`${output.path}: ${what}`);
  } else lines.push("  nothing was written");
  lines.push(...genidLines(result.genid));
  return `${lines.join("\n")}\n`;
}

/** The id of a guest that has one, and that it was changed. */
export function genidLines(genid: GenerationIdResult | undefined): string[] {
  if (genid === undefined) return [];
  const change = genid.old === genid.new ? genid.old : `${genid.old} -> ${genid.new}`;
  return [`  genid       ${change} at ${genid.address}`];
}

/** The verdict and its errors; nothing for an image that was accepted. */
export function refusalLines(result: FileResult): string[] {
  if (result.verdict === "accept") return [];
  const errors = result.findings.filter(({ severity }) => severity === "error");
  const lines = [`REJECT  ${result.file}`];
  for (const { rule, byteOffset, message } of errors.slice(0, MAX_ERRORS)) {
    lines.push(`  ${rule} at byte ${byteOffset}: ${message}`);
  }
  const more = errors.length - MAX_ERRORS;
  if (more > 0) lines.push(`  and ${more} more errors`);
  return lines;
}
