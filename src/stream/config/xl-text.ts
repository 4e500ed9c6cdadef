/**
 * Reads xl's config text, which xl save files held up to Xen 4.4: assignments of numbers, strings
 * and lists of strings. Not a parser of the whole language: what is no assignment is passed over.
 * Source: xl.cfg manual page (facts).
 */
import { type DeviceKind, SummaryBuilder } from "./summary.js";

const KIB_PER_MIB = 1024;
/** A token: a string, a word or number, or one of the marks. Comments and white space are between. */
const TOKEN = /#[^\n]*|"([^"\n]*)"|'([^'\n]*)'|[\w.+-]+|[=[\],;\n]/g;
/** Lists of devices by their key. */
const LISTS: ReadonlyMap<string, DeviceKind> = new Map([
  ["disk", "disks"],
  ["vif", "nics"],
  ["vfb", "vfbs"],
  ["pci", "pci"],
]);

/** What a config text tells. */
export function readXlText(text: string): SummaryBuilder {
  const facts = new SummaryBuilder("xl-text");
  const builder: string[] = [];
  let key: string | null = null;
  let previous: string | null = null;
  let list: DeviceKind | null = null;
  let inList = false;
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    const quoted = match[1] ?? match[2];
    if (token.startsWith("#") && quoted === undefined) continue;
    if (token === "=") {
      key = previous;
      inList = false; // There is none in a list: this one was not closed.
    } else if (inList) {
      if (token === "]") inList = false;
      else if (quoted !== undefined && list !== null) facts.device(list, [quoted]);
      previous = quoted === undefined && token !== "\n" ? token : null;
    } else if (token === "[" && key !== null) {
      inList = true;
      list = LISTS.get(key) ?? null;
      key = null;
    } else if (token === "\n" || token === ";") {
      key = null;
      previous = null;
    } else {
      if (key === "builder") builder.push(quoted ?? token);
      else if (key !== null) assign(facts, key, quoted ?? token);
      key = null;
      previous = token;
    }
  }
  return completed(facts, builder[0]);
}

/** What a setting that is missing is taken for by xl. */
function completed(facts: SummaryBuilder, builder: string | undefined): SummaryBuilder {
  const { vcpus, memoryKiB } = facts.facts();
  facts.text("guest", builder);
  facts.number("maxVcpus", vcpus);
  facts.number("maxMemoryKiB", memoryKiB);
  return facts;
}

function assign(facts: SummaryBuilder, key: string, value: string): void {
  const number = /^\d{1,12}$/.test(value) ? Number(value) : undefined;
  switch (key) {
    case "name":
    case "uuid":
      facts.text(key, value);
      break;
    case "type":
      facts.text("guest", value);
      break;
    case "device_model_version":
      facts.text("deviceModel", value);
      break;
    case "vcpus":
      facts.number("vcpus", number);
      break;
    case "maxvcpus":
      facts.number("maxVcpus", number);
      break;
    case "memory":
      facts.number("memoryKiB", number && number * KIB_PER_MIB);
      break;
    case "maxmem":
      facts.number("maxMemoryKiB", number && number * KIB_PER_MIB);
      break;
  }
}
