/**
 * Damage to random streams from a seed: flipped bits, changed fields, records that are gone,
 * doubled, moved or strange, cuts, bytes too many or too few. Aims at what readers look at, so that
 * a fair share of the results is refused late or not at all.
 */
import { concat, poke, splice, u32le, u64le } from "./bytes.js";
import { PAGE, pageData, REC, verify } from "./libxc.js";
import { checkpointEnd, emulatorXenstore, LIBXL_REC, libxcContext, libxlEnd } from "./libxl.js";
import { join, libxcRecord, libxlRecord, type Part } from "./parts.js";
import { Prng } from "./prng.js";
import { pte } from "./pv.js";
import type { RandomStream } from "./random-stream.js";

/** The outcome of a mutation. It is read with the options of the stream it comes from. */
export interface MutatedStream {
  readonly bytes: Uint8Array;
  /** What was done, for the message of a failing test. */
  readonly what: string;
}

/** A change of a stream that is still a list of parts. */
type Change = (prng: Prng, parts: Part[]) => Part[];

function u32At(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function replace(parts: readonly Part[], index: number, bytes: Uint8Array): Part[] {
  return parts.map((part, i) => (i === index ? { ...part, bytes } : part));
}

/** Index of a random part that passes the test; -1 if none does. */
function pickPart(prng: Prng, parts: readonly Part[], test: (part: Part) => boolean): number {
  const found = parts.flatMap((part, i) => (test(part) ? [i] : []));
  return found.length === 0 ? -1 : prng.pick(found);
}

/** A change of the bytes of one part; parts stay as they are where there is none to change. */
function onPart(
  test: (part: Part) => boolean,
  change: (prng: Prng, bytes: Uint8Array) => Uint8Array,
): Change {
  return (prng, parts) => {
    const index = pickPart(prng, parts, test);
    const part = parts[index];
    return part === undefined ? parts : replace(parts, index, change(prng, part.bytes));
  };
}

const isRecord = (part: Part): boolean => part.type !== null;
const isLibxc =
  (...types: readonly number[]) =>
  (part: Part): boolean =>
    part.layer === "libxc" && part.type !== null && types.includes(part.type);
const isBatch = isLibxc(REC.PAGE_DATA);
const hasBody = (part: Part): boolean => isRecord(part) && part.bytes.length > 8 && !isBatch(part);
const notEmpty = (part: Part): boolean => part.bytes.length > 0;

/** How far into a part its interesting bytes reach. */
const FRONT_BYTES = 96;

const flipBit = onPart(notEmpty, (prng, bytes) => {
  const reach = prng.chance(75) ? Math.min(bytes.length, FRONT_BYTES) : bytes.length;
  const at = prng.below(reach);
  return poke(bytes, at, (bytes[at] as number) ^ (1 << prng.below(8)));
});

const changeLength = onPart(isRecord, (prng, bytes) => {
  const old = u32At(bytes, 4);
  const length = prng.pick([old + 1, old - 1, old + 8, old - 8, old ^ 4, 0, 8, 16, 24, 4096, 3e8]);
  const wild = prng.pick([0xffff_ffff, 0xffff_fff9, 0x0800_0001, 0x0800_0000, 0x7fff_ffff]);
  return poke(bytes, 4, ...u32le(prng.chance(80) ? length : wild));
});

/** A body of another length, in a record whose length says so. */
const changeBody = onPart(isRecord, (prng, bytes) => {
  const at = 8 + prng.below(bytes.length - 7);
  const grown = prng.chance(50)
    ? splice(bytes, at, 0, new Uint8Array(prng.pick([8, 16, 24, 4096])))
    : splice(bytes, at, prng.pick([8, 16, 24, 4096]));
  return poke(grown, 4, ...u32le(grown.length - 8));
});

const changeType = onPart(isRecord, (prng, bytes) => {
  const type = prng.chance(70)
    ? prng.below(0x13)
    : prng.pick([0x13, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff]);
  return poke(bytes, 0, ...u32le(type));
});

const changeCount = onPart(isLibxc(REC.PAGE_DATA, REC.HVM_PARAMS), (prng, bytes) => {
  if (bytes.length < 16) return bytes;
  const old = u32At(bytes, 8);
  const count = prng.pick([old + 1, old - 1, 0, 0x2000_0001, 0x1000_0003, 0xffff_ffff]);
  return poke(bytes, 8, ...u32le(count));
});

/** Pfns at the edges of what guests, tables of bits and 52 bits hold. */
const EDGE_PFNS = [0, 1, 63, 64, 65, 512, 1023, 1024, 0x10_0000, 2 ** 36, 2 ** 40, 2 ** 52 - 1];

const changeEntry = onPart(isBatch, (prng, bytes) => {
  const entries = Math.min(u32At(bytes, 8), (bytes.length - 16) >> 3);
  if (entries < 1) return bytes;
  const at = 16 + 8 * prng.below(entries);
  const top = bytes[at + 7] as number;
  const kind = prng.below(100);
  if (kind < 50) return poke(bytes, at + 7, (prng.below(16) << 4) | (top & 0xf));
  if (kind < 60) return poke(bytes, at + 6, (bytes[at + 6] as number) | 0x10);
  const changed = poke(bytes, at, ...u64le(prng.pick(EDGE_PFNS)));
  return poke(changed, at + 7, (top & 0xf0) | (changed[at + 7] as number));
});

/** A word of a page: only a PV guest's tables care. */
const changePage = onPart(isBatch, (prng, bytes) => {
  const pages = (bytes.length - 16) >> 12;
  if (pages < 1) return bytes;
  const at = bytes.length - 4096 * (1 + prng.below(pages)) + 8 * prng.below(4);
  return poke(bytes, at, ...u64le(pte(prng.pick([0, 1, 13, 20, 70, 2000, 2 ** 39]))));
});

const WORDS = [0, 1, 2, 3, 4, 5, 8, 16, 39, 64, 0x7f, 0xff, 0x1000, 0x7fff_ffff, 0xffff_ffff];

const changeWord = onPart(hasBody, (prng, bytes) => {
  const words = Math.min(bytes.length - 8, FRONT_BYTES) >> 2;
  return poke(bytes, 8 + 4 * prng.below(words), ...u32le(prng.pick(WORDS)));
});

const changeHeader = onPart(
  (part) => part.type === null && part.bytes.length >= 16,
  (prng, bytes) => poke(bytes, prng.below(Math.min(bytes.length, 56)), prng.pick(WORDS) & 0xff),
);

/** Fields of a BASIC blob that completion looks at; two heads of 8 bytes stand before the blob. */
const BASIC_FIELDS = [0x20c, 0x268, 0xa50, 0xa90, 0xaa8, 0x12e0, 0x1360, 0x1380, 0x1390];
const changeVcpu = onPart(isLibxc(REC.X86_PV_VCPU_BASIC), (prng, bytes) => {
  const fits = BASIC_FIELDS.filter((field) => 16 + field + 4 <= bytes.length);
  if (fits.length === 0) return bytes;
  const value = prng.pick([0, 1, 512, 7168, 7169, 0x5000, 0x5001, 0xffff_ffff, prng.below(64)]);
  return poke(bytes, 16 + prng.pick(fits), ...u32le(value));
});

const drop: Change = (prng, parts) => parts.toSpliced(prng.below(parts.length), 1);

const double: Change = (prng, parts) => {
  const part = prng.pick(parts);
  return parts.toSpliced(prng.below(parts.length + 1), 0, part);
};

const move: Change = (prng, parts) => {
  const from = pickPart(prng, parts, isRecord);
  const part = parts[from];
  if (part === undefined) return parts;
  const rest = parts.toSpliced(from, 1);
  const near = Math.min(rest.length, Math.max(0, from + prng.between(-2, 2)));
  return rest.toSpliced(prng.chance(60) ? near : prng.below(rest.length + 1), 0, part);
};

/** Records that may be where they have no business. */
function strangePart(prng: Prng): Part {
  const kind = prng.below(10);
  if (kind < 5)
    return libxcRecord(prng.below(0x14), prng.bytes(prng.pick([0, 4, 8, 16, 24, 4096])));
  if (kind < 6) return libxcRecord(0x8000_0001, prng.bytes(prng.below(20)));
  if (kind < 7) return pageData([{ pfn: prng.below(70), type: prng.pick([0, 1, PAGE.XTAB]) }]);
  if (kind < 8) return prng.pick([verify(), libxcRecord(REC.CHECKPOINT), checkpointEnd()]);
  if (kind < 9) return prng.pick([libxcContext(), libxlEnd(), emulatorXenstore("a\0b\0c\0")]);
  return libxlRecord(prng.pick([LIBXL_REC.CHECKPOINT_STATE, 6, 0x8000_0000]), prng.bytes(8));
}

const insert: Change = (prng, parts) =>
  parts.toSpliced(prng.below(parts.length + 1), 0, strangePart(prng));

const CHANGES: readonly (readonly [name: string, weight: number, change: Change])[] = [
  ["flipped bit", 20, flipBit],
  ["length of a record", 8, changeLength],
  ["longer or shorter body", 6, changeBody],
  ["type of a record", 6, changeType],
  ["count", 5, changeCount],
  ["entry", 12, changeEntry],
  ["word of a page", 5, changePage],
  ["word of a body", 12, changeWord],
  ["header", 5, changeHeader],
  ["vcpu", 5, changeVcpu],
  ["part gone", 6, drop],
  ["part twice", 5, double],
  ["part moved", 6, move],
  ["strange part", 6, insert],
];

const WEIGHTS = CHANGES.flatMap(([, weight], i) => Array.from({ length: weight }, () => i));

/** A cut, or bytes too many or too few, anywhere. */
function damageBytes(prng: Prng, bytes: Uint8Array): [Uint8Array, string] {
  const at = prng.below(bytes.length);
  const kind = prng.below(4);
  if (kind < 2) return [bytes.subarray(0, at), `cut at ${at}`];
  const count = prng.pick([1, 4, 8, 16]);
  if (kind === 2) return [splice(bytes, at, count), `${count} bytes gone at ${at}`];
  return [splice(bytes, at, 0, prng.bytes(count)), `${count} bytes too many at ${at}`];
}

/** Damage a stream; the same stream and seed give the same bytes. */
export function mutate(stream: RandomStream, seed: number): MutatedStream {
  const prng = new Prng(seed ^ 0x5bd1_e995);
  if (prng.chance(12)) {
    const [bytes, what] = damageBytes(prng, stream.bytes);
    return { bytes, what };
  }
  const names: string[] = [];
  let parts = [...stream.parts];
  // One change at a time in an xl file: flags and stream that are both damaged can look like a file
  // of another kind, which is another question.
  for (let left = stream.container !== "xl" && prng.chance(15) ? 2 : 1; left > 0; left -= 1) {
    const [name, , change] = CHANGES[prng.pick(WEIGHTS)] as (typeof CHANGES)[number];
    parts = parts.length === 0 ? parts : change(prng, parts);
    names.push(name);
  }
  const tail = prng.chance(2) ? prng.bytes(prng.below(20)) : new Uint8Array(0);
  return { bytes: concat(join(parts), tail), what: names.join(", ") };
}
