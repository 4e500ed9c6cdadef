/**
 * Whether the XML of a libvirt file would parse as a domain: well formed, root element "domain".
 * Not a validation against libvirt's schema. Source: XML 1.0; libvirt domain_conf.c (facts); LV-3.
 */
import { SaxesParser } from "saxes";

/** What is wrong with the XML, and where. */
export interface XmlBreach {
  /** Index into the bytes that were judged. */
  readonly byteIndex: number;
  readonly message: string;
}

const ROOT = "domain";
/** Characters handed to the parser at once: it stops at its first error, whatever the length. */
const STEP_CHARS = 64 * 1024;

/**
 * Judge the bytes that a libvirt header counts: text, then a NUL.
 *
 * @returns the first breach, null if there is none
 */
export function judgeDomainXml(bytes: Uint8Array): XmlBreach | null {
  const end = bytes.indexOf(0);
  if (end === -1) return { byteIndex: bytes.length, message: "The domain XML lacks its NUL." };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      bytes.subarray(0, end),
    );
  } catch {
    // The decoder does not say where; the parser would not either.
    return { byteIndex: 0, message: "The domain XML is not UTF-8 text." };
  }
  const breach = parse(text);
  if (breach === null) return null;
  const before = new TextEncoder().encode(text.slice(0, breach.chars));
  return { byteIndex: before.length, message: breach.message };
}

function parse(text: string): { chars: number; message: string } | null {
  const parser = new SaxesParser();
  let root: string | null = null;
  let error: { chars: number; message: string } | null = null;
  parser.on("opentag", (tag) => {
    root ??= tag.name;
  });
  parser.on("error", (cause) => {
    const at = `${parser.line}:${parser.column}`;
    const why = cause.message.replace(/^[\d:\s]+/, "").replace(/\.$/, "");
    error ??= { chars: parser.position, message: `The domain XML is ill formed at ${at}: ${why}.` };
  });
  for (let at = 0; at < text.length && error === null; at += STEP_CHARS) {
    parser.write(text.slice(at, at + STEP_CHARS));
  }
  if (error === null) parser.close();
  if (error !== null) return error;
  if (root === ROOT) return null;
  return { chars: 0, message: `The root element of the domain XML is ${root}, not ${ROOT}.` };
}
