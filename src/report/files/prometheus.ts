/**
 * A batch as metrics for the textfile collector of node_exporter: the state of the last run, all of
 * it gauges. Source: Prometheus' documentation of its text format, of metric names, and of the
 * collector, which takes neither timestamps nor a series twice.
 */
import { PROMETHEUS_IMAGES } from "./limits.js";
import {
  type ImageOutcome,
  type ReportHead,
  type ReportWriter,
  stateOf,
  wasJudged,
} from "./port.js";
import { RuleTally } from "./tally.js";
import { countsOf, plainText } from "./words.js";

/** Metrics of each image, with their help. */
const IMAGE_METRICS = {
  xenstream_image_verdict: "1 for what came of the image: accept, reject or error (no verdict).",
  xenstream_image_bytes: "Bytes of the image after decompression.",
  xenstream_image_duration_seconds: "Seconds from opening the image to its verdict.",
  xenstream_image_findings: "Findings of the image by severity.",
} as const;

type ImageMetric = keyof typeof IMAGE_METRICS;
type Samples = Readonly<Partial<Record<ImageMetric, readonly string[]>>>;

/** `--prometheus`. */
export function prometheusReport(head: ReportHead): ReportWriter {
  const rules = new RuleTally();
  // By name: of an image that is named twice the later result counts, as a series stands once.
  const images = new Map<string, Samples>();
  let omitted = 0;
  return {
    begin: () => runMetrics(head),
    file: (outcome) => {
      rules.add(outcome);
      const file = plainText(outcome.file);
      if (images.has(file) || images.size < PROMETHEUS_IMAGES) {
        images.set(file, samplesOf(outcome));
      } else {
        omitted += 1;
      }
      return "";
    },
    end: () => {
      const names = Object.keys(IMAGE_METRICS) as ImageMetric[];
      const all = [...images.values()];
      const ruleSamples = rules
        .counts()
        .map(({ rule, severity, findings }) => sample(RUN_FINDINGS, { rule, severity }, findings));
      return [
        metric(RUN_FINDINGS, "Findings of all images by rule and severity.", ruleSamples),
        gauge("xenstream_run_images_omitted", "Images without series of their own.", omitted),
        ...names.map((name) =>
          metric(
            name,
            IMAGE_METRICS[name],
            all.flatMap((samples) => samples[name] ?? []),
          ),
        ),
      ].join("");
    },
  };
}

const RUN_FINDINGS = "xenstream_run_findings";

function runMetrics({ begin, summary, states, startedMs, exitCode }: ReportHead): string {
  const { operation, profile, tool } = begin;
  const { bytes, elapsedMs } = summary;
  const images = "xenstream_run_images";
  return [
    metric("xenstream_run_info", "1, with what ran in the labels.", [
      sample("xenstream_run_info", { operation, profile, version: tool.version }, 1),
    ]),
    gauge(
      "xenstream_run_end_timestamp_seconds",
      "When the run ended, in seconds since 1970.",
      (startedMs + elapsedMs) / 1000,
    ),
    gauge("xenstream_run_duration_seconds", "Seconds that the run took.", elapsedMs / 1000),
    gauge("xenstream_run_exit_code", "Exit code of the command.", exitCode),
    metric(images, "Images by what came of them.", [
      sample(images, { verdict: "accept" }, states.accept),
      sample(images, { verdict: "reject" }, states.reject),
      sample(images, { verdict: "error" }, states.error),
    ]),
    gauge("xenstream_run_bytes", "Bytes of all images that were judged.", bytes),
  ].join("");
}

function samplesOf(outcome: ImageOutcome): Samples {
  const { file } = outcome;
  const verdict = "xenstream_image_verdict";
  const own = { [verdict]: [sample(verdict, { file, verdict: stateOf(outcome) }, 1)] };
  if (!wasJudged(outcome)) return own;
  const bytes = "xenstream_image_bytes";
  const seconds = "xenstream_image_duration_seconds";
  const findings = "xenstream_image_findings";
  return {
    ...own,
    ...(outcome.bytes === undefined ? {} : { [bytes]: [sample(bytes, { file }, outcome.bytes)] }),
    [seconds]: [sample(seconds, { file }, outcome.elapsedMs / 1000)],
    [findings]: Object.entries(countsOf(outcome)).map(([severity, count]) =>
      sample(findings, { file, severity }, count),
    ),
  };
}

/** A gauge of one sample without labels. */
function gauge(name: string, help: string, value: number): string {
  return metric(name, help, [sample(name, {}, value)]);
}

/** A metric with all its samples, which must stand together; nothing where it has none. */
function metric(name: string, help: string, samples: readonly string[]): string {
  if (samples.length === 0) return "";
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${samples.join("")}`;
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}

/** A label's value; line feeds are no more once the text is plain. */
function escaped(text: string): string {
  return plainText(text).replace(/[\\"]/g, "\\$&");
}
