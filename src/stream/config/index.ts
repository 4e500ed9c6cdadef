/**
 * The config of a container in short, whichever form it has. Nothing is judged: a config that cannot
 * be read has no summary, and its container's own rules say why.
 */
import type { ConfigSummary } from "../../findings/index.js";
import type { SectionEvent } from "../protocol.js";
import { parseJsonConfig } from "../xl/index.js";
import { summarizeDomainXml } from "./libvirt-xml.js";
import { summarizeXlJson } from "./xl-json.js";
import { summarizeXlText } from "./xl-text.js";

/**
 * The summary of a config section.
 *
 * @returns null where it has none: the section is no config, was passed over, or cannot be read
 */
export function summarizeConfig({ layer, name, body }: SectionEvent): ConfigSummary | null {
  if (name !== "config" || body === null) return null;
  const nul = body.indexOf(0);
  const bytes = nul === -1 ? body : body.subarray(0, nul);
  if (layer === "libvirt") return summarizeDomainXml(new TextDecoder().decode(bytes));
  if (layer !== "xl") return null;
  const parsed = parseJsonConfig(bytes);
  if (parsed.ok) return summarizeXlJson(parsed.config);
  const text = new TextDecoder().decode(bytes);
  return text.trimStart().startsWith("{") ? null : summarizeXlText(text);
}
