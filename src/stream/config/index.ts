/**
 * What the config of a container tells, whichever form it has. Nothing is judged: a config that
 * cannot be read tells nothing, and its container's own rules say why.
 */
import type { ConfigSummary } from "../../findings/index.js";
import type { SectionEvent } from "../protocol.js";
import { parseJsonConfig } from "../xl/index.js";
import { readDomainXml } from "./libvirt-xml.js";
import type { ConfigFacts, SummaryBuilder } from "./summary.js";
import { readXlJson } from "./xl-json.js";
import { readXlText } from "./xl-text.js";

export type { ConfigFacts } from "./summary.js";

/**
 * The summary of a config section.
 *
 * @returns null where it has none: the section is no config, was passed over, or cannot be read
 */
export function summarizeConfig(section: SectionEvent): ConfigSummary | null {
  const read = readConfig(section);
  return read?.isWhole ? read.facts.summary() : null;
}

/**
 * The facts of a config section: also of one that is not whole, as many as can be found.
 *
 * @returns null where it is no config, was passed over, or tells nothing that is understood
 */
export function configFactsOf(section: SectionEvent): ConfigFacts | null {
  return readConfig(section)?.facts.facts() ?? null;
}

interface ConfigRead {
  readonly facts: SummaryBuilder;
  readonly isWhole: boolean;
}

function readConfig({ layer, name, body }: SectionEvent): ConfigRead | null {
  if (name !== "config" || body === null) return null;
  const nul = body.indexOf(0);
  const bytes = nul === -1 ? body : body.subarray(0, nul);
  if (layer === "libvirt") return readDomainXml(new TextDecoder().decode(bytes));
  if (layer !== "xl" && layer !== "xend") return null;
  const parsed = layer === "xl" ? parseJsonConfig(bytes) : null;
  if (parsed?.ok) return { facts: readXlJson(parsed.config), isWhole: true };
  const text = new TextDecoder().decode(bytes);
  // JSON that does not parse; xend's own form, an S-expression. Some xend files have xm's text.
  if (/^\s*[{(]/.test(text)) return null;
  return { facts: readXlText(text), isWhole: true };
}
