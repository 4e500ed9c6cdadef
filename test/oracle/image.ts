/**
 * Reading numbers out of an image, and the one way to refuse it: the ground the oracle stands on.
 * Shares nothing with src/, so that a mistake must be made twice to go unseen.
 */

/** The restorer gives up here. `byteOffset` follows the project's convention for findings. */
export class Reject extends Error {
  constructor(
    readonly rule: string,
    readonly byteOffset: number,
  ) {
    super(`${rule} at ${byteOffset}`);
  }
}

/** The input broke off inside what begins at `byteOffset`: in a buffered epoch a failover. */
export class BrokenOff extends Reject {}

/** A whole image in memory. Integers are little-endian unless the name says otherwise. */
export class Image {
  readonly bytes: Uint8Array;
  readonly length: number;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.length = bytes.length;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(at: number): number {
    return this.view.getUint8(at);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  u16be(at: number): number {
    return this.view.getUint16(at);
  }

  u32be(at: number): number {
    return this.view.getUint32(at);
  }

  u64be(at: number): bigint {
    return this.view.getBigUint64(at);
  }

  /** True if `count` bytes from `at` on are there. */
  holds(at: number, count: number): boolean {
    return at + count <= this.length;
  }
}

/** A record of a libxc or libxl stream that is wholly there. */
export interface StreamRecord {
  readonly type: number;
  /** Of the record header. */
  readonly at: number;
  /** Of the body. */
  readonly body: number;
  /** Length of the body without padding. */
  readonly length: number;
  /** Of what follows body and padding. */
  readonly next: number;
}

/** Rules that a record's framing can breach: they differ between the two layers. */
export interface FramingRules {
  readonly tooLong: string;
  readonly incomplete: string;
}

/** Longest body: a rule of libxc (LC-REC-4), the suggested limit for libxl (LL-REC-4). */
const BODY_BYTES_MAX = 0x0800_0000;

/**
 * Read the record at `at`: u32 type, u32 length, body, padding to a multiple of 8.
 * @throws {BrokenOff} if it is not wholly there or longer than any reader takes
 */
export function readRecord(image: Image, at: number, rules: FramingRules): StreamRecord {
  if (!image.holds(at, 8)) throw new BrokenOff(rules.incomplete, at);
  const length = image.u32(at + 4);
  if (length > BODY_BYTES_MAX) throw new BrokenOff(rules.tooLong, at);
  const paddedBytes = Math.ceil(length / 8) * 8;
  if (!image.holds(at + 8, paddedBytes)) throw new BrokenOff(rules.incomplete, at);
  return { type: image.u32(at), at, body: at + 8, length, next: at + 8 + paddedBytes };
}
