/**
 * The VM Generation ID in xl's config, JSON or text: read, and written without touching anything
 * else, for a config holds numbers that a parser would round. Not the id in memory, which is
 * restore/'s. Source: Xen libxl_types.idl (ms_vm_genid), xl.cfg manual (generation_id); VG-9, VG-25.
 */
import { GENERATION_ID_BYTES } from "../../format/index.js";
import { hexOfBytes } from "../bytes.js";
import { parseJsonConfig } from "./header.js";

/** 16 bytes in memory order; `drawn` where each restore draws one; null where the guest has none. */
export type ConfiguredGenid = Uint8Array | "drawn" | null;

/** Type of a guest in libxl's JSON whose part may hold the id, by release. */
const CONFIG_PARTS = ["type.hvm", "type.pvh"] as const;
/** The member with its value. Inside of a text its quotes would have backslashes. */
const JSON_MEMBER = /(?<!\\)"ms_vm_genid"\s*:\s*\[[^\]]*\]/g;
/** Where the part that holds it begins, and ends if it is empty. */
const JSON_PART = /(?<!\\)"type\.(?:hvm|pvh)"\s*:\s*\{(\s*\})?/;
const TEXT_LINE = /^[ \t]*generation_id[ \t]*=[ \t]*(["'])([^"'\n]*)\1/m;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The id that a config gives its guest; an id of zeros is none. */
export function configuredGenid(config: Uint8Array): ConfiguredGenid {
  const parsed = parseJsonConfig(config);
  return parsed.ok ? jsonGenid(parsed.config) : textGenid(new TextDecoder().decode(config));
}

/**
 * The config with another id, in its own form.
 *
 * @param config  with or without its NUL; it stays as it is
 * @param id      16 bytes in memory order
 * @returns null if there is no place for one: JSON without a part for HVM, text that is not UTF-8
 */
export function withConfiguredGenid(config: Uint8Array, id: Uint8Array): Uint8Array | null {
  const nul = config.indexOf(0);
  const text = exactText(nul === -1 ? config : config.subarray(0, nul));
  if (text === null) return null;
  const changed = parseJsonConfig(config).ok ? withJsonGenid(text, id) : withTextGenid(text, id);
  const bytes = new TextEncoder().encode(nul === -1 ? changed : `${changed}\0`);
  const held = configuredGenid(bytes);
  return held instanceof Uint8Array && hexOfBytes(held) === hexOfBytes(id) ? bytes : null;
}

function jsonGenid(config: Readonly<Record<string, unknown>>): Uint8Array | null {
  const build = objectOf(config.b_info);
  const parts = [build, ...CONFIG_PARTS.map((name) => objectOf(build[name]))];
  for (const { ms_vm_genid: id } of parts) {
    if (!Array.isArray(id) || id.length !== GENERATION_ID_BYTES) continue;
    const isByte = (byte: unknown) => Number.isInteger(byte) && Number(byte) >> 8 === 0;
    if (id.every(isByte) && id.some((byte) => byte !== 0)) return Uint8Array.from(id as number[]);
  }
  return null;
}

function textGenid(text: string): ConfiguredGenid {
  const value = TEXT_LINE.exec(text)?.[2]?.trim() ?? "none";
  if (value === "generate") return "drawn";
  if (!UUID.test(value)) return null;
  const digits = value.replaceAll("-", "");
  const id = Uint8Array.from({ length: GENERATION_ID_BYTES }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
  return id.some((byte) => byte !== 0) ? id : null;
}

function withJsonGenid(text: string, id: Uint8Array): string {
  const member = `"ms_vm_genid": [${id.join(", ")}]`;
  const replaced = text.replace(JSON_MEMBER, member);
  if (replaced !== text || text.search(JSON_MEMBER) !== -1) return replaced;
  return text.replace(JSON_PART, (part, empty: string | undefined) =>
    empty === undefined ? `${part}${member}, ` : part.replace(/\}$/, `${member}}`),
  );
}

function withTextGenid(text: string, id: Uint8Array): string {
  const line = `generation_id = "${uuidOf(id)}"`;
  if (TEXT_LINE.test(text)) return text.replace(TEXT_LINE, line);
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
}

/** The text, if encoding it gives the same bytes. */
function exactText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // Not UTF-8, which is all that a fatal decoder throws for.
  }
}

function uuidOf(id: Uint8Array): string {
  const digits = hexOfBytes(id);
  return [[0, 8], [8, 12], [12, 16], [16, 20], [20]]
    .map(([from, to]) => digits.slice(from, to))
    .join("-");
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
