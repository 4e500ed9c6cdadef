/**
 * Reads the description of a host: bytes to a HostDescription whose every field was checked, by the
 * same shape as docs/host.schema.json. What follows from it is checks/host-facts.ts.
 */
import {
  DEFAULT_LIMITS,
  type HostDescription,
  MAX_HOST_FILE_BYTES,
  UsageError,
} from "../../findings/index.js";
import { HVM_TYPE_NAMES } from "../../format/index.js";
import { driveSync, openInput } from "../../input/index.js";
import { type Job, readInto } from "../../stream/index.js";
import { flag, hexString, integer, list, oneOf, record, type Shape, text } from "./shape.js";

const MAX_ITEMS = 1024;
const U16 = 0xffff;
const U31 = 0x7fff_ffff;
const hex32 = hexString(32);
const hex64 = hexString(64);
const bytes = integer(0, Number.MAX_SAFE_INTEGER);
const name = text(/^[^\p{C}]{1,256}$/u, "a text of 1 to 256 printable characters");

const leaf = record(
  { leaf: hex32, subleaf: integer(0, U31), eax: hex32, ebx: hex32, ecx: hex32, edx: hex32 },
  ["leaf", "eax", "ebx", "ecx", "edx"],
);
const msr = record({ index: hex32, value: hex64 }, ["index", "value"]);
const policy = record({
  leaves: list(leaf, MAX_ITEMS),
  msrs: list(msr, MAX_ITEMS),
  featureset: list(hex32, MAX_ITEMS),
});

const cpu = record({
  vendor: text(/^[\x20-\x7e]{1,12}$/, "a text of up to 12 letters"),
  family: integer(0, U16),
  model: integer(0, U16),
  stepping: integer(0, U16),
  physicalAddressBits: integer(32, 52),
  xcr0: hex64,
  maxLeaves: integer(1, U16),
  maxMsrs: integer(1, U16),
  policies: record({
    raw: policy,
    host: policy,
    pvMax: policy,
    hvmMax: policy,
    pvDefault: policy,
    hvmDefault: policy,
  }),
});

const contextBytes = record(
  Object.fromEntries(HVM_TYPE_NAMES.map((type) => [type, integer(0, U31)])),
) as Shape<Readonly<Record<string, number>>>;

const limits = record({
  streamVersions: list(integer(1, U16), MAX_ITEMS),
  recordBodyBytes: integer(1, U31),
  recordTypeMax: integer(0, U31),
  hvmParams: integer(0, U16),
  viridianFeatures: hex64,
  hvmContextTypeMax: integer(0, U16),
  hvmContextBytes: contextBytes,
  xlMandatoryFlags: integer(0, U31),
  xenstoreVersions: list(integer(1, U16), MAX_ITEMS),
});

const description = record(
  {
    format: oneOf("xenstream-host"),
    v: oneOf(1),
    name,
    xen: text(/^\d{1,4}\.\d{1,4}([.-][\w.+~-]{1,64})?$/, 'a release, as "4.17"'),
    architecture: text(/^[\w-]{1,32}$/, 'an architecture, as "x86_64"'),
    byteOrder: oneOf("little", "big"),
    guests: list(oneOf("hvm", "pvh", "pv64", "pv32"), MAX_ITEMS),
    memory: record({ totalBytes: bytes, freeBytes: bytes }),
    cpus: integer(1, U31),
    maxVcpus: record({ hvm: integer(1, U31), pv: integer(1, U31) }),
    cpu,
    tsc: record({ khz: integer(1, U31), scaling: flag }),
    deviceModels: list(name, MAX_ITEMS),
    machines: list(name, MAX_ITEMS),
    limits,
    notes: list(text(/^.{0,4096}$/su, "a text of at most 4096 characters"), MAX_ITEMS),
  },
  ["format", "v"],
);

/**
 * The description that a JSON text holds.
 *
 * @throws {UsageError} naming the field that is not as it should be
 */
export function parseHostDescription(json: string): HostDescription {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    const allowed = "what `xenstream host` writes";
    throw new UsageError(`host file: no JSON: ${(cause as Error).message}`, {
      option: "--on",
      allowed,
      cause,
    });
  }
  return checkHostDescription(value);
}

/**
 * A value as a description, each field checked.
 *
 * @throws {UsageError} naming the field that is not as it should be
 */
export function checkHostDescription(value: unknown): HostDescription {
  return description(value, "") as HostDescription;
}

/**
 * The description in a file, "-" for standard input.
 *
 * @throws {InputError} if it cannot be read
 * @throws {UsageError} as parseHostDescription(), or it is far longer than a description can be
 */
export async function readHostFile(path: string): Promise<HostDescription> {
  return parseHostDescription(await readTextFile(path, "--on"));
}

/**
 * The text of a small file, "-" for standard input.
 *
 * @param option that named it, for the error
 * @throws {InputError} if it cannot be read
 * @throws {UsageError} if it is longer than MAX_HOST_FILE_BYTES
 */
export async function readTextFile(path: string, option: string): Promise<string> {
  const { source } = await openInput(path, { limits: DEFAULT_LIMITS });
  try {
    const into = new Uint8Array(MAX_HOST_FILE_BYTES + 1);
    const present = driveSync(readBytes(into), source);
    if (present <= MAX_HOST_FILE_BYTES) return new TextDecoder().decode(into.subarray(0, present));
    const allowed = `at most ${MAX_HOST_FILE_BYTES} bytes`;
    throw new UsageError(`${path} is too long to be one`, { option, allowed });
  } finally {
    source.close();
  }
}

function* readBytes(into: Uint8Array): Job<number> {
  return yield* readInto(0, into);
}
