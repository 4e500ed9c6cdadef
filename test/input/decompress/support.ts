/**
 * Compressed inputs for the tests: by hand (bytes that the formats' own tools wrote, typed here),
 * built field by field, or by the tools themselves where they are installed. No tests here.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { crc32, gzipSync } from "node:zlib";
import xxhash from "xxhash-wasm";
import type { Limits } from "../../../src/findings/index.js";
import { DEFAULT_LIMITS } from "../../../src/findings/index.js";
import { BufferSource, decompressed } from "../../../src/input/index.js";
import { knownBytes } from "../support.js";

const hashes = await xxhash();

/** 64 lines of text; the vectors below are this, compressed. */
export const TEXT = Buffer.from(
  Array.from({ length: 64 }, (_, n) => `pfn ${(n * n) % 97} mfn ${(n * 7919) % 1009}\n`).join(""),
);

/** gzip -9n */
export const TEXT_GZIP = hex(`
  1f8b08000000000002035592bb7143310c047355a112883fd190337bd47f649b8b802f79a31b1ec1db833e5f3f
  eff5fefeffbe3e7f5f39bf77e4517e542d3baa8f8a18671e695d476a1ca9ee471aa72dcce16a3bde9cb98d77f3
  683a663bcaf7662e5eb360521d295b8f2ce5d5c64bf88dd5185b8635398dc2dbe47585d478550bd4a213d161e5
  6e17e6c0bc757a81350bb3933804d8268625b03e0f09b03d6660634d6b530c008935499c6b8aa1090f6837665b
  d00673c5a7190064ad71f7ec79ba990d346ee3a5707065081adc9db3697013b9a1f53d9bc66b3a9b9e1e394d9b
  ffc16c1adab6d934b89b1052e0168995fc15b36abcc5d5d27dcba887d9551f93b21fef48de29baf48ab8a51ff9
  336fba10bbd92d1fc5e8aabbb6f0bbd39675375e518f7d2cbfb7e521af5fd75fc667b0030000`);

/** zstd -19: one compressed block with a Huffman tree, four streams, own FSE tables. */
export const TEXT_ZSTD = hex(`
  28b52ffd64b0023d070066132910d0a503e03e104d4a99524a326609c50825002300230017ce68a2a044466853
  9315a272fda835fdb4aaabb315cb14bf6117c7f4a615c0108c80108a964122bb2334eeef435d0d935b9bb03d57
  33b763fea210fd29d9908de10879a9abc61233228fa58666a691ac523f3c6dd408d9a20efda37262717b6d567d
  17535130c644aa6bc0dca28eefe331c76aab4f33e41f2795b3f03fad469729d637535d6a44eaf19864187ea820
  867bd6802f7420846f07af12850d1943f8d8cf8d30022fb880279f74e619fbb4a81d60155f5d4b6fbe09224332
  3de3021c7c40f13236a4fff0012177a7d40fb3aa`);

/** xz -9e: one block, one LZMA chunk, CRC-64. */
export const TEXT_XZ = hex(`
  fd377a585a000004e6d6b446020021011c00000010cf58cce003af01295d0038198a1c18bcd63ec02c4b72b852
  0c9daebea518962fa6038859a89860757db12a7bfc0110724a6c920c6024f698139d5246811b19f66f04a35b23
  b6baa9b3c7456913ab36455d07a827f01b0baec17518e66132680140420fa0dc29c6fde712f9be0d3be244c8ed
  c075a60561d61720ebed41502bff6a8e88536dd380fec805c8cd783a6a805cd9765dba79e4d89777c5db7f62eb
  742b28a8c3664dc890cd9a64e2c6586b30b070641d3ae203153144be586c827c8da6fda42cf84422f3b05cf7e2
  d054479fa310bae755a3fd1d82015d0b71dfff7cc8de4a82c0398d46023ad128b3d10bb4da4bed5688cbac343d
  354bb1e48d40a124d6283f85d4ed0ce02731bf23800f14fa518b44c9f929af7c44e9b1753f8269759693746753
  905bce32ad0fb5dbe3236c6f80000000005a2ee4f51059dbf20001c502b0070000a5508de0b1c467fb02000000
  0004595a`);

/** lz4 -9 --content-size -BX: one block, with every checksum there is. */
export const TEXT_LZ4 = hex(`
  04224d187c40b003000000000000f5000200007070666e2030206d0600100a0c0011310c00313835360e001134
  0e00313730330e0011390e002335352a0011360f00313339370f002132350f00313234340f0012331e00223931
  4800023b002239342c001336580012392c00123875002236342d0011330e00323438385800022c00323333354a
  0011370f00313138320f00223732760012392c0002bd0012382b00123357002237332b0012361e002235372c00
  1239b000223432ea0012337600223237eb0012371401233132ec00023c002239372d0012352d00233832180102
  ec002236372d001234b200223531ed0012398700223336ed00133469001231ed0013392d0002ed002335303601
  03190102c10012362b001236b2002336301901020a01223435ee0012382d00223330ee00123558002331341a01
  02c100333130302e001339e801031c0103820112392e0012336a00223534ef001331c2001239ef00233836ea01
  02ef0012360f001238ee00233438ea01022c00233332ea01034801021e00233633080203ea0102ee00233933ea
  0102ef0012388500223137ef001237b2001232c000233735eb01022c0012373b00383732380f002935372d0039
  3432324a002936396800283136860037393732a30039383139c000283636de0038353133fc0029333619013832
  30373701283534540138393130720139373537900113300802a039206d666e203435310a6f95528500000000dc
  b82ac3`);

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));
}

export function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

/** Little-endian bytes of a number. */
export function le(value: number | bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, at) =>
    Number((BigInt(value) >> BigInt(at * 8)) & 255n),
  );
}

/** With one bit turned. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte));
}

/** What came out of an input before it ended or failed. */
export interface Outcome {
  readonly decoded: Uint8Array;
  readonly error: (Error & { code?: string; byteOffset?: number; limit?: string }) | null;
}

/** Decode as far as it goes, `stepBytes` at a time. */
export async function decode(
  bytes: Uint8Array,
  options: { limits?: Partial<Limits>; stepBytes?: number } = {},
): Promise<Outcome> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { source } = await decompressed(new BufferSource(bytes, "packed"), limits);
  const parts: Uint8Array[] = [];
  let error: Outcome["error"] = null;
  let byteOffset = 0;
  try {
    for (let got = -1; got !== 0; byteOffset += got) {
      const into = new Uint8Array(options.stepBytes ?? 4096);
      got = source.read(into, byteOffset);
      parts.push(into.subarray(0, got));
    }
  } catch (thrown) {
    error = thrown as NonNullable<Outcome["error"]>;
  } finally {
    source.close();
  }
  return { decoded: Buffer.concat(parts), error };
}

/** Run a tool over bytes; null if it is not installed. */
export function tool(command: string, args: readonly string[], bytes: Uint8Array): Buffer | null {
  const ran = spawnSync(command, args, { input: bytes, maxBuffer: 1 << 30 });
  if (ran.error !== undefined) return null;
  if (ran.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${ran.stderr}`);
  return ran.stdout;
}

/** A gzip member; node:zlib is the builder. */
export function gzipOf(content: Uint8Array): Uint8Array {
  return Uint8Array.from(gzipSync(content));
}

/** A zstd block: type 0 stored, 1 one byte repeated, 2 compressed. */
export interface ZstdBlock {
  readonly type: number;
  readonly bytes: number;
  readonly body: Uint8Array | readonly number[];
}

/** A zstd frame with a window descriptor. `checksum` is of the content, or a wrong one. */
export function zstdOf(
  blocks: readonly ZstdBlock[],
  options: { windowLog?: number; flags?: number; fields?: Uint8Array; checksum?: bigint } = {},
): Uint8Array {
  const { checksum } = options;
  const flags = (options.flags ?? 0) | (checksum === undefined ? 0 : 4);
  return join(
    le(0xfd2fb528, 4),
    [flags, ...(flags & 0x20 ? [] : [((options.windowLog ?? 20) - 10) << 3])],
    options.fields ?? [],
    ...blocks.flatMap(({ type, bytes, body }, index) => [
      le((bytes << 3) | (type << 1) | Number(index === blocks.length - 1), 3),
      body,
    ]),
    checksum === undefined ? [] : le(checksum & 0xffffffffn, 4),
  );
}

/** The checksum that a zstd frame of this content has. */
export function xxh64(content: Uint8Array): bigint {
  return hashes.h64Raw(content);
}

/** A frame that carries no data. */
export function skippable(bytes: number): Uint8Array {
  return join(le(0x184d2a57, 4), le(bytes, 4), new Uint8Array(bytes).fill(0x5a));
}

/** An LZ4 frame of stored blocks with all checksums; each checksum can be made wrong. */
export function lz4Of(
  contents: readonly Uint8Array[],
  wrong: {
    flags?: number;
    size?: number;
    contentBytes?: number;
    header?: number;
    block?: number;
    content?: number;
  } = {},
): Uint8Array {
  const { contentBytes } = wrong;
  const told = contentBytes === undefined ? [] : le(contentBytes, 8);
  const flags = wrong.flags ?? (contentBytes === undefined ? 0b01_1_1_0_1_0_0 : 0b01_1_1_1_1_0_0);
  const descriptor = join([flags, wrong.size ?? 0x40], told);
  const whole = join(...contents);
  return join(
    le(0x184d2204, 4),
    descriptor,
    [((hashes.h32Raw(descriptor) >>> 8) & 0xff) ^ (wrong.header ?? 0)],
    ...contents.flatMap((content) => [
      le((content.length | 0x80000000) >>> 0, 4),
      content,
      le((hashes.h32Raw(content) ^ (wrong.block ?? 0)) >>> 0, 4),
    ]),
    le(0, 4),
    le((hashes.h32Raw(whole) ^ (wrong.content ?? 0)) >>> 0, 4),
  );
}

/** An xz stream of stored blocks under CRC-32 or SHA-256; each part can be made wrong. */
export function xzOf(
  contents: readonly Uint8Array[],
  options: {
    check?: number;
    dictionary?: number;
    filter?: number;
    blockFlags?: number;
    sizes?: readonly number[];
    wrong?: "check" | "index" | "index-check" | "block-header" | "footer" | "backward-size";
  } = {},
): Uint8Array {
  const { wrong } = options;
  const check = options.check ?? 1;
  const flags = [0, check];
  const off = (name: string) => Number(wrong === name);
  const records: number[] = [];
  const blocks = contents.map((content) => {
    const fields = padded(
      [
        options.blockFlags ?? 0,
        ...(options.sizes ?? []),
        ...[options.filter ?? 0x21, 1, options.dictionary ?? 0],
      ],
      3,
    );
    const header = join([fields.length / 4 + 1 - 0], fields);
    header[0] = (header.length + 4) / 4 - 1;
    const data = join([1], be16(content.length - 1), content, [0]);
    const sum = checkOf(check, content).map((byte) => byte ^ off("check"));
    const block = join(header, le(crc32(header) ^ off("block-header"), 4), data);
    records.push(...vli(block.length + sum.length), ...vli(content.length + off("index")));
    return join(block, new Uint8Array(-block.length & 3), sum);
  });
  const index = padded([0, ...vli(contents.length), ...records], 0);
  const indexBytes = index.length + 4;
  const footer = join(le(indexBytes / 4 - 1 + off("backward-size"), 4), flags);
  return join(
    hex("fd377a585a00"),
    flags,
    le(crc32(Uint8Array.from(flags)), 4),
    ...blocks,
    index,
    le((crc32(index) ^ off("index-check")) >>> 0, 4),
    le((crc32(footer) ^ off("footer")) >>> 0, 4),
    footer,
    hex("595a"),
  );
}

function checkOf(check: number, content: Uint8Array): Uint8Array {
  if (check === 0) return new Uint8Array(0);
  if (check === 0x0a) return createHash("sha256").update(content).digest();
  return le(crc32(content), 4);
}

/** Zeros so that the length is a multiple of 4 after `rest` is taken off. */
function padded(bytes: readonly number[], rest: number): Uint8Array {
  return join(bytes, new Uint8Array((rest - bytes.length) & 3));
}

function be16(value: number): number[] {
  return [value >>> 8, value & 0xff];
}

function vli(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...vli(value >>> 7)];
}

/** Text, runs, noise and repeats from far back: all that makes encoders do different things. */
export function mixedBytes(count: number): Buffer {
  const text = Buffer.from(Array.from({ length: 9000 }, (_, n) => `${n * n} `).join(""));
  const noise = Buffer.alloc(40_000);
  for (let at = 0, seed = 1; at < noise.length; at++) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    noise[at] = seed >>> 24;
  }
  const once = Buffer.concat([text, Buffer.alloc(50_000), noise, knownBytes(70_000), text, noise]);
  return Buffer.concat(Array.from({ length: Math.ceil(count / once.length) }, () => once)).subarray(
    0,
    count,
  );
}
