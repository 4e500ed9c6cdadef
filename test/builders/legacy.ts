/**
 * Builds legacy streams (Xen <= 4.5) of either toolstack width, piece by piece, from the layout of
 * the specification page. Nothing here comes from src/.
 */
import { ascii, concat, patternPage, u32be, u32le, u64le, zeros } from "./bytes.js";

export type Width = 32 | 64;

/** An UL of a toolstack. */
export function ul(width: Width, value: number | bigint): Uint8Array {
  return width === 64 ? u64le(value) : u32le(Number(value));
}

export function i32le(value: number): Uint8Array {
  return u32le(value >>> 0);
}

export function chunk(id: number, ...payload: readonly Uint8Array[]): Uint8Array {
  return concat(i32le(id), ...payload);
}

/** A page batch: raw 32-bit entries, then a pattern page for each type below 0xD. */
export function batch(width: Width, entries: readonly number[]): Uint8Array {
  const pages = entries
    .filter((entry) => entry >>> 28 < 0xd)
    .map((entry) => patternPage(entry & 0x0fff_ffff));
  return chunk(entries.length, ...entries.map((entry) => ul(width, entry >>> 0)), ...pages);
}

/** A chunk of pad and u64 value. */
export function param(id: number, value: number | bigint): Uint8Array {
  return chunk(id, u32le(0xdead), u64le(value));
}

export function tsc(): Uint8Array {
  return chunk(-7, u32le(1), u64le(0x0102_0304_0506n), u32le(2_400_000), u32le(9));
}

export function vcpuInfo(maxId: number, ...words: readonly bigint[]): Uint8Array {
  return chunk(-2, i32le(maxId), ...words.map(u64le));
}

/** A region of QEMU's, as the toolstack chunk has it. */
export interface Region {
  readonly physOffset: bigint;
  readonly startAddr: bigint;
  readonly size: bigint;
  readonly name: Uint8Array;
}

export function region(width: Width, { physOffset, startAddr, size, name }: Region): Uint8Array {
  const stray = zeros(width === 64 ? 4 : 0);
  return concat(u64le(physOffset), u64le(startAddr), u64le(size), u32le(name.length), name, stray);
}

export function toolstack(...payload: readonly Uint8Array[]): Uint8Array {
  const whole = concat(...payload);
  return chunk(-18, u32le(whole.length), whole);
}

/** libxl's toolstack blob. */
export function toolstackBlob(width: Width, ...list: readonly Region[]): Uint8Array {
  return concat(u32le(1), u32le(list.length), ...list.map((entry) => region(width, entry)));
}

/** A toolstack chunk as libxl wrote it. */
export function regions(width: Width, ...list: readonly Region[]): Uint8Array {
  return toolstack(toolstackBlob(width, ...list));
}

export const VIDEO: Region = {
  physOffset: 0xfd00_0000n,
  startAddr: 0xf000_0000n,
  size: 0x80_0000n,
  name: ascii("vga.vram\0"),
};

export const LAST_CHECKPOINT = chunk(-9);
export const END = chunk(0);

/** HVM context of a header and an end alone. */
export const HVM_CONTEXT = concat(
  u32le(1),
  u32le(24),
  u32le(0x5438_1286),
  u32le(1),
  u64le(0xffff_ffff_ffff_ffffn),
  u32le(0x306c3),
  u32le(2_400_000),
  u64le(0),
);

/** QEMU state of a head and an end alone. */
export const QEMU = concat(ascii("QEVM"), u32be(3), zeros(1));

export const QEMU_RECORD = concat(ascii("DeviceModelRecord0002"), u32le(QEMU.length), QEMU);

export interface HvmOptions {
  readonly width?: Width;
  readonly p2mSize?: number | bigint;
  /** Everything from p2m_size to the tail, chunk 0 included. */
  readonly chunks?: readonly Uint8Array[];
  readonly context?: Uint8Array;
  readonly contextBytes?: number;
  readonly qemu?: Uint8Array;
}

/** An HVM stream; with no options a small good one. */
export function hvm(options: HvmOptions = {}): Uint8Array {
  const width = options.width ?? 32;
  const context = options.context ?? HVM_CONTEXT;
  const chunks = options.chunks ?? [tsc(), batch(width, [1]), LAST_CHECKPOINT, END];
  return concat(
    ul(width, options.p2mSize ?? 2),
    ...chunks,
    u64le(10),
    u64le(11),
    u64le(12),
    u32le(options.contextBytes ?? context.length),
    context,
    options.qemu ?? QEMU_RECORD,
  );
}

export function block(id: string, content: Uint8Array, size = content.length): Uint8Array {
  return concat(ascii(id), u32le(size), content);
}

export const VCPU_BYTES = { 4: 0xaf0, 8: 0x1430 } as const;

/** A vcpu context that can be told from another. */
export function vcpuContext(guestBytes: 4 | 8, seed: number): Uint8Array {
  return new Uint8Array(VCPU_BYTES[guestBytes]).fill(seed);
}

export interface PvOptions {
  readonly width?: Width;
  readonly guestBytes?: 4 | 8;
  readonly p2mSize?: number | bigint;
  readonly signature?: Uint8Array;
  readonly blocks?: readonly Uint8Array[];
  /** Length of all blocks, as claimed. */
  readonly total?: number;
  readonly frames?: readonly number[];
  readonly chunks?: readonly Uint8Array[];
  readonly unmapped?: readonly number[];
  readonly vcpus?: readonly Uint8Array[];
  readonly sharedInfo?: Uint8Array;
}

/** A PV stream; with no options a small good one of one vcpu. */
export function pv(options: PvOptions = {}): Uint8Array {
  const width = options.width ?? 64;
  const guestBytes = options.guestBytes ?? 8;
  const blocks = concat(...(options.blocks ?? [block("vcpu", vcpuContext(guestBytes, 1))]));
  const frames = options.frames ?? [1];
  const unmapped = options.unmapped ?? [];
  const chunks = options.chunks ?? [batch(width, [0]), vcpuInfo(0, 1n), LAST_CHECKPOINT, END];
  return concat(
    ul(width, options.p2mSize ?? 2),
    options.signature ?? new Uint8Array(width / 8).fill(0xff),
    u32le(options.total ?? blocks.length),
    blocks,
    ...frames.map((frame) => ul(width, frame)),
    ...chunks,
    u32le(unmapped.length),
    ...unmapped.map((pfn) => ul(width, pfn)),
    ...(options.vcpus ?? [vcpuContext(guestBytes, 2)]),
    options.sharedInfo ?? zeros(4096),
  );
}
