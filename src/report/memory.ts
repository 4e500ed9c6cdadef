/**
 * What is done with a guest's memory, as text: extract, diff, manifest. Plain text, no colours; the verdict comes
 * first where an image was refused.
 */
import type {
  DiffResult,
  ExtractFileResult,
  FileResult,
  GenerationIdResult,
  ManifestCheckResult,
  ManifestFileResult,
  PfnSet,
  SalvageResult,
} from "../findings/index.js";
import { printableDocument } from "./printable.js";

/** Errors printed; the rest is counted. */
const MAX_ERRORS = 20;
/** Runs of pfns printed for each set; the rest is counted. */
const MAX_RUNS = 16;

/** What was written, or why nothing was. */
export function renderExtract(document: ExtractFileResult): string {
  const result = printableDocument(document);
  const lines = refusalLines(result);
  const { output } = result;
  if (output !== undefined) {
    const what = `${output.pages} pages, ${output.bytes} bytes, ${output.format}, ${output.state}`;
    lines.push(`${output.path}: ${what}`);
  } else lines.push("  nothing was written");
  lines.push(...genidLines(result), ...salvageLines(result.salvage));
  return `${lines.join("\n")}\n`;
}

/** Whether two guests are equal, else what differs. */
export function renderDiff(document: DiffResult): string {
  const result = printableDocument(document);
  const { a, b, changedBytes } = result;
  const lines = [...refusalLines(a), ...refusalLines(b)];
  const [pagesA, pagesB] = result.populatedPages;
  const share = result.sharePercent.toFixed(2);
  lines.push(`${result.equal ? "EQUAL" : "DIFFERENT"}  ${a.file}  ${b.file}`);
  lines.push(`  populated   ${pagesA} and ${pagesB} pages, ${share} % of them differ`);
  lines.push(...pfnLines("added", result.added), ...pfnLines("gone", result.gone));
  lines.push(...pfnLines("changed", result.changed), ...pfnLines("type", result.typeChanged));
  for (const { pfn, offset, bytes } of changedBytes ?? []) {
    lines.push(`  bytes       ${hexText(pfn)} at 0x${offset.toString(16)}: ${bytes}`);
  }
  if (result.omitted > 0) lines.push(`  and ${result.omitted} more ranges`);
  return `${lines.join("\n")}\n`;
}

/** What was written, or why nothing was. */
export function renderManifest(document: ManifestFileResult): string {
  const result = printableDocument(document);
  const { manifest } = result;
  const lines = refusalLines(result);
  if (manifest === undefined) lines.push("  nothing was written");
  else {
    lines.push(`${manifest.path}: ${manifest.pages} pages, root ${manifest.root}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Whether an image fits its manifest, else what is rotten. */
export function renderCheck(document: ManifestCheckResult): string {
  const result = printableDocument(document);
  const { check } = result;
  const lines = [...refusalLines(result)];
  lines.push(`${check.matches ? "MATCHES" : "ROTTEN"}  ${result.file}  ${check.path}`);
  lines.push(`  compared    ${check.pages} pages; bytes around them: ${REST_TEXT[check.rest]}`);
  for (const { pfn, byteOffset } of check.rotten.slice(0, MAX_ERRORS)) {
    const where = byteOffset === undefined ? "" : ` at byte ${byteOffset}`;
    lines.push(`  rotten      ${hexText(pfn)}${where}`);
  }
  const more = check.rottenPages - MAX_ERRORS;
  if (more > 0) lines.push(`  and ${more} more rotten pages`);
  lines.push(...pfnLines("missing", check.missing), ...pfnLines("extra", check.extra));
  return `${lines.join("\n")}\n`;
}

/** What came of the digest of the bytes around the pages. */
const REST_TEXT: Readonly<Record<ManifestCheckResult["check"]["rest"], string>> = {
  same: "as they were",
  differs: "not as they were",
  "other-form": "of another form, not compared",
  unknown: "not compared",
};

/** A line for each set of pfns that is not empty: its count and its first runs. */
export function pfnLines(label: string, { pages, runs }: PfnSet): string[] {
  if (pages === 0) return [];
  const shown = runs.slice(0, MAX_RUNS).map(({ pfn, count }) => {
    return count === 1 ? hexText(pfn) : `${hexText(pfn)}-${hexText(pfn + count - 1)}`;
  });
  const more = runs.length > MAX_RUNS ? `, and ${runs.length - MAX_RUNS} more runs` : "";
  return [`  ${label.padEnd(12)}${pages} pages: ${shown.join(", ")}${more}`];
}

function hexText(pfn: number): string {
  return `0x${pfn.toString(16)}`;
}

/** What was recovered of a damaged image; nothing where that was not asked for. */
export function salvageLines(salvage: SalvageResult | undefined): string[] {
  if (salvage === undefined) return [];
  const { wholePages, notWhole, refusedRecords, passedOver, passedOverBytes } = salvage;
  const lines = [`  SALVAGED    ${wholePages} whole pages; this is no restored guest`];
  lines.push(...pfnLines("not whole", notWhole));
  if (refusedRecords > 0) lines.push(`  refused     ${refusedRecords} records of pages`);
  if (passedOverBytes > 0) {
    const places = passedOver.slice(0, MAX_RUNS).map(({ byteOffset }) => byteOffset);
    lines.push(`  no records  in ${passedOverBytes} bytes, at byte ${places.join(", ")}`);
  }
  return lines;
}

/** A result that may tell of a generation id. */
type WithGenid = FileResult & { readonly genid?: GenerationIdResult };

/** The id of a guest, what it became, and that a new one was asked for in vain. */
export function genidLines(result: WithGenid): string[] {
  return genidTexts(result, ({ old, new: id, address }) => {
    const change = old === id ? id : `${old} -> ${id}`;
    return `${change} at ${address}`;
  }).map((text) => `  genid       ${text}`);
}

/** The same in words of the caller's, without what stands before it. */
export function genidTexts(
  result: WithGenid,
  told: (genid: GenerationIdResult) => string,
): string[] {
  const { genid, findings } = result;
  if (genid !== undefined) return [`${told(genid)}, Xenstore ${genid.xenstore}`];
  const isMissing = findings.some(({ rule }) => rule === "VG-20");
  return isMissing ? ["the guest has none: nothing was renewed"] : [];
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
