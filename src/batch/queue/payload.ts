/**
 * What goes through the queue, and its version. What comes out of it is a claim: a worker takes no
 * job of a batch that it does not understand whole, for it would do something else than was asked.
 */
import type { BatchJob, JobOutcome, JobSettings } from "../port.js";

/** Goes up when a field is added or means something else. */
export const PAYLOAD_VERSION = 1;

/** What is true of all jobs of a batch. */
export interface BatchHead {
  readonly v: typeof PAYLOAD_VERSION;
  /** Version of the xenstream that made it. */
  readonly tool: string;
  readonly settings: JobSettings;
  readonly lockMs: number;
  readonly lostWorkers: number;
}

const isText = (value: unknown) => typeof value === "string";
const isFlag = (value: unknown) => typeof value === "boolean";
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
const orNull = (is: (value: unknown) => boolean) => (value: unknown) => value === null || is(value);
const oneOf =
  <Name extends string>(...names: Name[]) =>
  (value: unknown) =>
    names.some((name) => name === value);

type Checks<Shape> = { readonly [Key in keyof Required<Shape>]: (value: unknown) => boolean };

const SETTINGS: Checks<JobSettings> = {
  operation: oneOf<JobSettings["operation"]>("verify", "restore"),
  profile: oneOf<JobSettings["profile"]>("restore", "strict"),
  checkpointed: isFlag,
  vcpus: orNull(isCount),
  formatHint: orNull(isText),
  engine: oneOf<JobSettings["engine"]>("wasm", "reference"),
  maxMemoryBytes: isCount,
  readData: isFlag,
  memory: oneOf<JobSettings["memory"]>("auto", "indexed", "resident"),
  digest: orNull(oneOf("sha256", "xxh3")),
  manifestDir: orNull(isText),
};

const HEAD: Checks<BatchHead> = {
  v: isCount,
  tool: isText,
  settings: (value) => fits(value, SETTINGS, []),
  lockMs: (value) => isCount(value) && Number(value) > 0,
  lostWorkers: isCount,
};

const JOB: Checks<BatchJob> = {
  index: isCount,
  file: isText,
  bytes: orNull(isCount),
  at: isText,
};

/** A head that is understood, or why it is not. */
export type HeadOrRefusal =
  | { readonly head: BatchHead; readonly refusal?: undefined }
  | { readonly head?: undefined; readonly refusal: string };

/**
 * @param text  a batch's head, as it lies in Redis
 * @param tool  version of this xenstream
 */
export function parseHead(text: string, tool: string): HeadOrRefusal {
  const head = parsed(text);
  const version = fieldOf(head, "v");
  if (version !== PAYLOAD_VERSION) {
    const theirs = `xenstream ${fieldOf(head, "tool") ?? "unknown"}, payload ${version ?? "?"}`;
    const ours = `xenstream ${tool}, payload ${PAYLOAD_VERSION}`;
    return { refusal: `it was sent by ${theirs}; this is ${ours}: use one version on all hosts` };
  }
  if (!fits(head, HEAD, [])) {
    return {
      refusal: "its settings are not understood: use one version of xenstream on all hosts",
    };
  }
  return { head: head as unknown as BatchHead };
}

/** A job as it lies in Redis; null if it is none. */
export function parseJob(data: unknown): BatchJob | null {
  return fits(data, JOB, ["at"]) ? (data as unknown as BatchJob) : null;
}

/** What a worker handed back for `job`; null if it is no outcome of that image. */
export function parseOutcome(value: unknown, job: BatchJob): JobOutcome | null {
  const whole =
    fieldOf(value, "v") === 1 &&
    fieldOf(value, "type") === "file" &&
    fieldOf(value, "file") === job.file &&
    (isVerdict(fieldOf(value, "verdict")) || isError(fieldOf(value, "error")));
  return whole ? (value as JobOutcome) : null;
}

const isVerdict = oneOf("accept", "reject");
const isError = (value: unknown) => [1, 2, 3].includes(Number(fieldOf(value, "exitCode")));

/** Whether an object has the fields of `checks`, each good, and no others. */
function fits(
  value: unknown,
  checks: Readonly<Record<string, (value: unknown) => boolean>>,
  mayLack: readonly string[],
): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const known = Object.keys(value).every((key) => Object.hasOwn(checks, key));
  return (
    known &&
    Object.entries(checks).every(([key, check]) =>
      Object.hasOwn(value, key) ? check(fieldOf(value, key)) : mayLack.includes(key),
    )
  );
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // refused like any other thing that is no head
  }
}
