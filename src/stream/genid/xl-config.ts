/**
 * The VM Generation ID in xl's config, JSON or text: read, and written without touching anything
 * else, for a config holds numbers that a parser would round. Not the id in memory, which is
 * restore/'s. Source: Xen libxl_types.idl (ms_vm_genid), xl.cfg manual (generation_id); VG-9, VG-25.
 */
import { GENERATION_ID_BYTES } from "../../format/index.js";
import { parseJsonConfig } from "../xl/index.js";
import { type ConfiguredGenid, exactText, genidOfUuid, uuidOfGenid } from "./text.js";

/** Type of a guest in libxl's JSON whose part may hold the id, by release. */
const CONFIG_PARTS = ["type.hvm", "type.pvh"] as const;
/** The member with its value. Inside of a text its quotes would have backslashes. */
const JSON_MEMBER = /(?<!\\)"ms_vm_genid"\s*:\s*\[[^\]]*\]/g;
/** Where the part that holds it begins, and ends if it is empty. */
const JSON_PART = /(?<!\\)"type\.(?:hvm|pvh)"\s*:\s*\{(\s*\})?/;
const TEXT_LINE = /^[ \t]*generation_id[ \t]*=[ \t]*(["'])([^"'\n]*)\1/m;

/** The id of an xl config; null where it has none, or zeros. */
export function xlGenid(config: Uint8Array): ConfiguredGenid | null {
  const parsed = parseJsonConfig(config);
  return parsed.ok ? jsonGenid(parsed.config) : textGenid(new TextDecoder().decode(config));
}

/**
 * An xl config with another id, in its own form; one that has none gets one, if it has a place.
 *
 * @param config  without a NUL; it stays as it is
 * @param id      16 bytes in memory order
 * @returns null where the config is not UTF-8
 */
export function withXlGenid(config: Uint8Array, id: Uint8Array): Uint8Array | null {
  const text = exactText(config);
  if (text === null) return null;
  const changed = parseJsonConfig(config).ok ? withJsonGenid(text, id) : withTextGenid(text, id);
  return new TextEncoder().encode(changed);
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

function textGenid(text: string): ConfiguredGenid | null {
  const value = TEXT_LINE.exec(text)?.[2]?.trim() ?? "none";
  return value === "generate" ? "drawn" : genidOfUuid(value);
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
  const line = `generation_id = "${uuidOfGenid(id)}"`;
  if (TEXT_LINE.test(text)) return text.replace(TEXT_LINE, line);
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
