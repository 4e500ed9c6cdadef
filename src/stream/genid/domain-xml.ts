/**
 * The VM Generation ID of libvirt's domain XML, the element `genid` below the root: found by a
 * parser, and written over in the text, so that nothing else of it changes. An empty element has
 * libvirt draw one. Source: libvirt's description of the domain XML format (facts); VG-25.
 */
import { SaxesParser } from "saxes";
import { type ConfiguredGenid, exactText, genidOfUuid, uuidOfGenid } from "./text.js";

const ELEMENT = "genid";
/** Depth of the root's children. */
const DEPTH = 2;

/** The first `genid`: its text, and where its tag and its content end, in characters. */
interface Found {
  readonly text: string;
  /** First character behind the opening tag. */
  readonly openEnd: number;
  /** First character behind the closing tag; that of the opening one where it closes itself. */
  readonly end: number;
  readonly selfClosing: boolean;
}

/** The id of a domain; null where it has none, or zeros, or what is no id. */
export function domainXmlGenid(xml: Uint8Array): ConfiguredGenid | null {
  const text = exactText(xml);
  const found = text === null ? null : find(text);
  if (found === null) return null;
  const value = found.text.trim();
  return value === "" ? "drawn" : genidOfUuid(value);
}

/**
 * The XML with another id in its `genid`.
 *
 * @param xml  without a NUL; it stays as it is
 * @param id   16 bytes in memory order
 * @returns null where there is no `genid`, or the XML cannot be read
 */
export function withDomainXmlGenid(xml: Uint8Array, id: Uint8Array): Uint8Array | null {
  const text = exactText(xml);
  const found = text === null ? null : find(text);
  if (text === null || found === null) return null;
  const uuid = uuidOfGenid(id);
  const { openEnd, end } = found;
  const changed = found.selfClosing
    ? `${text.slice(0, openEnd).replace(/\s*\/>$/, ">")}${uuid}</${ELEMENT}>${text.slice(end)}`
    : `${text.slice(0, openEnd)}${uuid}${text.slice(text.lastIndexOf("</", end - 1))}`;
  return new TextEncoder().encode(changed);
}

function find(text: string): Found | null {
  // Most domains have none: then nothing is parsed.
  if (!text.includes(`<${ELEMENT}`)) return null;
  const parser = new SaxesParser({ position: true });
  let depth = 0;
  let open: { openEnd: number; selfClosing: boolean; text: string } | null = null;
  let found: Found | null = null;
  let isBroken = false;
  const take = (characters: string) => {
    if (open !== null && depth === DEPTH) open.text += characters;
  };
  parser.on("error", () => {
    isBroken = true;
  });
  parser.on("opentag", ({ name, isSelfClosing }) => {
    depth += 1;
    if (depth !== DEPTH || name !== ELEMENT || found !== null) return;
    open = { openEnd: parser.position, selfClosing: isSelfClosing, text: "" };
  });
  parser.on("text", take);
  parser.on("cdata", take);
  parser.on("closetag", () => {
    if (depth === DEPTH && open !== null) {
      found = { ...(open as Omit<Found, "end">), end: parser.position };
      open = null;
    }
    depth -= 1;
  });
  // In one piece: positions are those of the text, not of a part of it.
  parser.write(text);
  if (!isBroken) parser.close();
  return isBroken ? null : found;
}
