/**
 * `convert` as text: where the image went, or why it did not, as verify says it; and what could not
 * be kept.
 */
import type { ConvertResult } from "../findings/index.js";
import { renderVerify } from "./human-verify.js";
import { genidLines } from "./memory.js";
import { printableDocument } from "./printable.js";
import { PLAIN, type TextOptions } from "./style.js";
import { bytesText } from "./text.js";

/** What was written in one line, or the findings and that nothing was; ends with a newline. */
export function renderConvert(document: ConvertResult, options: TextOptions): string {
  const result = printableDocument(document);
  const { file, to, output, refusal } = result;
  const { paint } = options.style ?? PLAIN;
  if (output !== undefined) {
    const where = output.file ?? "standard output";
    return `${where}: ${to}, ${bytesText(output.bytes)}, from ${file}\n${genidText(result)}`;
  }
  if (refusal !== undefined) return `${paint.red("not converted")}: ${file}: ${refusal}\n`;
  return `${renderVerify(document, options)}${paint.red("not converted")}: ${file}\n`;
}

/** A line for each note; empty if there is none. */
export function renderConvertNotes(document: ConvertResult): string {
  return printableDocument(document)
    .notes.map(({ message, byteOffset }) => {
      const place = byteOffset === undefined ? "" : ` (byte ${byteOffset})`;
      return `xenstream: ${message}${place}\n`;
    })
    .join("");
}

/** Only a new id is news. */
function genidText(result: ConvertResult): string {
  const { genid } = result;
  if (genid === undefined || genid.old === genid.new) return "";
  return genidLines(result)
    .map((line) => `${line}\n`)
    .join("");
}
