/**
 * A strict reader of Prometheus' text format, for tests: of what the format allows only what
 * node_exporter's textfile collector takes. Source: the format's documentation. Not a test itself.
 */

/** A sample without its metric's name. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with its samples. */
export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([^ ]+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/;
const VALUE = /^([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|NaN)$/;

/** Metrics by name; throws at the first thing that is not as it must be. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  if (text !== "" && !text.endsWith("\n")) throw new Error("no line feed at the end");
  let help: readonly [name: string, help: string] | null = null;
  let current = "";
  const seen = new Set<string>();
  for (const line of text.split("\n").slice(0, -1)) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) ([^ ]+) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") {
      help = [name, rest];
    } else if (kind === "TYPE") {
      if (help?.[0] !== name) throw new Error(`no help before the type: ${line}`);
      if (families.has(name)) throw new Error(`a metric in two places: ${line}`);
      if (!["gauge", "counter"].includes(rest)) throw new Error(`no such type: ${line}`);
      families.set(name, { help: help[1], type: rest, samples: [] });
      current = name;
    } else {
      const { metric, sample } = sampleOf(line);
      if (metric !== current) throw new Error(`not among the samples of its metric: ${line}`);
      const series = JSON.stringify([metric, Object.entries(sample.labels).sort()]);
      if (seen.has(series)) throw new Error(`a series twice: ${line}`);
      seen.add(series);
      families.get(metric)?.samples.push(sample);
    }
  }
  return families;
}

function sampleOf(line: string): { readonly metric: string; readonly sample: Sample } {
  const [, metric, labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  if (metric === undefined) throw new Error(`no sample: ${line}`);
  if (!VALUE.test(value)) throw new Error(`no number: ${line}`);
  return { metric, sample: { labels: labelsOf(labels), value: Number(value) } };
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ""; ) {
    const [whole, name = "", value = ""] = LABEL.exec(rest) ?? [];
    if (whole === undefined) throw new Error(`no label: ${rest}`);
    if (Object.hasOwn(labels, name)) throw new Error(`a label twice: ${text}`);
    labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(whole.length);
  }
  return labels;
}
