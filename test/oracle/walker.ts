/**
 * The oracle: an independent walker over a whole image that says what Xen's restorer makes of it,
 * for bare libxc streams (v2, v3), libxl streams and xl save files. Not a part of the product: it
 * shares no source with src/, is slow where slow is clear, and knows the profile restore alone.
 * Source: libxl-stream sections 1 to 7; the libxc part stands in libxc.ts.
 */
import { BrokenOff, Image, Reject, readRecord, type StreamRecord } from "./image.js";
import { type CheckpointAnswer, LibxcRestore } from "./libxc.js";
import { memorySha256 } from "./memory.js";

/** What the user of a restorer knows beside the image. */
export interface WalkOptions {
  /** A bare libxc stream, or a libxl one before its first CHECKPOINT, is taken for a Remus one. */
  readonly checkpointed?: boolean | undefined;
  /** Vcpus of the new domain; undefined: as many as the stream has. */
  readonly vcpus?: number | undefined;
  readonly sharedInfoFrame?: number;
  readonly storePort?: number;
  readonly consolePort?: number;
}

/** The fault at which the restorer stops. */
export interface FirstFault {
  readonly rule: string;
  /** In the image; the convention stands in this folder's README. */
  readonly byteOffset: number;
}

const XL_MAGIC = "Xen saved domain, xl format\n \0 \r";
const LIBXL_IDENT = "LibxlFmt";
const LIBXL_FRAMING = { tooLong: "LL-REC-4", incomplete: "LL-SM-2" };
const LIBXL_NAMES = [
  "END",
  "LIBXC_CONTEXT",
  "EMULATOR_XENSTORE_DATA",
  "EMULATOR_CONTEXT",
  "CHECKPOINT_END",
  "CHECKPOINT_STATE",
] as const;

/** What became of an image. Memory and counts are as of the moment the restorer stopped. */
export class Judgement {
  firstFault: FirstFault | null = null;
  /** Records of the libxl layer, in the order they were read. */
  readonly libxlRecords: string[] = [];
  /** The last libxc restore begun; null where the image has none. */
  restore: LibxcRestore | null = null;
  /** Offset behind what the restorer has read. */
  consumedBytes = 0;

  get verdict(): "accept" | "reject" {
    return this.firstFault === null ? "accept" : "reject";
  }

  /** Names of the libxc records, in the order they were read. */
  get records(): readonly string[] {
    return this.restore?.recordNames ?? [];
  }

  /** Entries by page type ("0xf"), of the PAGE_DATA records that were applied. */
  get typeCounts(): Record<string, number> {
    const counts = [...(this.restore?.typeCounts ?? [])].sort(([a], [b]) => a - b);
    return Object.fromEntries(counts.map(([type, count]) => [`0x${type.toString(16)}`, count]));
  }

  /** Page type recorded last, by pfn. */
  get types(): ReadonlyMap<number, number> {
    return this.restore?.types ?? new Map();
  }

  /** Restored memory: page by populated pfn. */
  get populated(): ReadonlyMap<number, Uint8Array> {
    return this.restore?.memory.restored ?? new Map();
  }

  /** Stream memory: page by populated pfn, without the restorer's fix-ups. */
  get streamPages(): ReadonlyMap<number, Uint8Array> {
    return this.restore?.memory.stream ?? new Map();
  }

  get params(): ReadonlyMap<number, bigint> {
    return this.restore?.params ?? new Map();
  }

  get streamSha256(): string {
    return memorySha256(this.streamPages);
  }

  get restoredSha256(): string {
    return memorySha256(this.populated);
  }
}

/**
 * Walk a whole image as Xen's restorer would.
 * @throws {RangeError} for an xl file around a legacy stream, which this walker does not know
 */
export function walk(bytes: Uint8Array, options: WalkOptions = {}): Judgement {
  const walker = new Walker(new Image(bytes), options);
  try {
    walker.whole();
  } catch (fault) {
    if (!(fault instanceof Reject)) throw fault;
    walker.judgement.firstFault = { rule: fault.rule, byteOffset: fault.byteOffset };
  }
  return walker.judgement;
}

class Walker {
  readonly judgement = new Judgement();
  /** The stream is a Remus one: told so, or seen inside a libxl stream. */
  private checkpointed: boolean;
  /** Emulator records met before the type of the guest was known. */
  private readonly earlyEmulatorRecords: number[] = [];

  constructor(
    private readonly image: Image,
    private readonly options: WalkOptions,
  ) {
    this.checkpointed = options.checkpointed ?? false;
  }

  whole(): void {
    let end: number;
    if (this.textAt(0, XL_MAGIC)) end = this.xl();
    else if (this.textAt(0, LIBXL_IDENT)) end = this.libxl(0);
    else end = this.libxc(0, (record) => this.bareCheckpoint(record));
    this.judgement.consumedBytes = end;
  }

  private textAt(at: number, text: string): boolean {
    if (!this.image.holds(at, text.length)) return false;
    for (let i = 0; i < text.length; i += 1) {
      if (this.image.u8(at + i) !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  private xl(): number {
    const image = this.image;
    if (!image.holds(0, 0x30)) throw new Reject("XL-1", 0);
    if (image.u32(0x20) !== 0x0102_0304) throw new Reject("XL-2", 0x20);
    const flags = image.u32(0x24);
    if ((flags & ~3) !== 0) throw new Reject("XL-3", 0x24);
    const optionalBytes = image.u32(0x2c);
    const stream = 0x30 + optionalBytes;
    if (!image.holds(0x30, optionalBytes)) throw new Reject("XL-5", 0x2c);
    if (optionalBytes > 0) {
      if (optionalBytes < 4) throw new Reject("XL-5", 0x2c);
      const configBytes = image.u32(0x30);
      if (configBytes > optionalBytes - 4) throw new Reject("XL-5", 0x30);
      const config = image.bytes.subarray(0x34, 0x34 + configBytes);
      if ((flags & 1) === 1 && configBytes > 0 && !isJsonObject(config)) {
        throw new Reject("XL-7", 0x34);
      }
    }
    const isLibxl = this.textAt(stream, LIBXL_IDENT);
    const isLibxc = this.textAt(stream, "\xff\xff\xff\xff\xff\xff\xff\xffXENF");
    const saysV2 = (flags & 2) === 2;
    if (saysV2 && !image.holds(stream, 16)) throw new Reject("LL-HDR-1", stream);
    const contradicts = saysV2 ? !isLibxl : isLibxl || isLibxc;
    if (contradicts) throw new Reject("XL-9", 0x24);
    if (!saysV2) throw new RangeError("an xl file around a legacy stream");
    return this.libxl(stream);
  }

  private libxl(at: number): number {
    const image = this.image;
    if (!image.holds(at, 16)) throw new Reject("LL-HDR-1", at);
    if (!this.textAt(at, LIBXL_IDENT)) throw new Reject("LL-HDR-1", at);
    if (image.u32be(at + 8) !== 2) throw new Reject("LL-HDR-2", at + 8);
    if ((image.u32be(at + 12) & 1) === 1) throw new Reject("LL-HDR-3", at + 12);
    let next = at + 16;
    for (;;) {
      const record = this.libxlRecord(next);
      next = record.next;
      switch (record.type) {
        case 0:
          return next;
        case 1:
          next = this.libxc(next, (inner, isFirst) => this.libxlCheckpoint(inner, isFirst));
          // The stream of a checkpointed domain ends with its libxc part (LL-SM-13).
          if (this.checkpointed) return next;
          break;
        case 4:
          throw new Reject("LL-SM-10", record.at);
        default:
          this.libxlContent(record);
      }
    }
  }

  private libxlRecord(at: number): StreamRecord {
    const record = readRecord(this.image, at, LIBXL_FRAMING);
    this.judgement.libxlRecords.push(LIBXL_NAMES[record.type] ?? `0x${record.type.toString(16)}`);
    return record;
  }

  /** A record that carries something, or that has no business here. */
  private libxlContent(record: StreamRecord): void {
    if (record.type === 5) throw new Reject("LL-CS-2", record.at);
    if (record.type !== 2 && record.type !== 3) throw new Reject("LL-REC-2", record.at);
    const restore = this.judgement.restore;
    if (restore === null) this.earlyEmulatorRecords.push(record.at);
    else if (restore.guest === "pv") throw new Reject("LL-EMU-3", record.at);
    if (record.length < 8) throw new Reject("LL-EMU-1", record.at);
    if (record.type === 2) this.xenstoreStrings(record.body + 8, record.body + record.length);
  }

  /** Pairs of key and value, each ended by a NUL. */
  private xenstoreStrings(start: number, end: number): void {
    const stringEnd = (at: number): number => {
      const nul = this.image.bytes.subarray(at, end).indexOf(0);
      if (nul < 0) throw new Reject("LL-XS-1", at);
      return at + nul + 1;
    };
    for (let key = start; key < end; ) {
      const value = stringEnd(key);
      const first = this.image.u8(key);
      if (first === 0 || first === 0x2f) throw new Reject("LL-XS-2", key);
      if (value === end) throw new Reject("LL-XS-1", key);
      key = stringEnd(value);
    }
  }

  private libxc(
    at: number,
    confirm: (record: StreamRecord, isFirst: boolean) => CheckpointAnswer,
  ): number {
    const { vcpus, sharedInfoFrame = 0x7ff0, storePort = 101, consolePort = 102 } = this.options;
    const domain = { vcpus, sharedInfoFrame, storePort, consolePort };
    const restore = new LibxcRestore(this.image, domain, confirm);
    const records = restore.headers(at);
    this.judgement.restore = restore;
    const early = this.earlyEmulatorRecords[0];
    if (restore.guest === "pv" && early !== undefined) throw new Reject("LL-EMU-3", early);
    return restore.records(records);
  }

  private bareCheckpoint(record: StreamRecord): CheckpointAnswer {
    if (!this.checkpointed) throw new Reject("LC-CP-1", record.at);
    return { go: "on", next: record.next };
  }

  /**
   * What follows a checkpoint is a libxl record, and no libxc one: the small type numbers of both
   * layers overlap, 2 to 4 belong to PV guests in libxc, and a vcpu's record (4) has its length.
   */
  private libxlFollows(at: number): boolean {
    if (!this.image.holds(at, 8)) return false;
    const type = this.image.u32(at);
    if (this.judgement.restore?.guest === "hvm") return type >= 2 && type <= 4;
    return type === 4 && ![8 + 0x1430, 8 + 0xaf0].includes(this.image.u32(at + 4));
  }

  /** libxl's part of a checkpoint: read up to CHECKPOINT_END first, then process it all. */
  private libxlCheckpoint(checkpoint: StreamRecord, isFirst: boolean): CheckpointAnswer {
    if (!this.checkpointed && !this.libxlFollows(checkpoint.next)) {
      throw new Reject("LC-CP-1", checkpoint.at);
    }
    this.checkpointed = true;
    const queue: StreamRecord[] = [];
    let at = checkpoint.next;
    try {
      for (;;) {
        const record = this.libxlRecord(at);
        at = record.next;
        if (record.type === 4) break;
        queue.push(record);
      }
    } catch (fault) {
      if (!(fault instanceof BrokenOff)) throw fault;
      if (isFirst) throw new Reject("LL-SM-8", fault.byteOffset);
      return { go: "failover", at: fault.byteOffset };
    }
    for (const record of queue) {
      if (record.type <= 1) throw new Reject("LL-SM-11", record.at);
      this.libxlContent(record);
    }
    return { go: "on", next: at };
  }
}

/** Is it one JSON object, up to its trailing NUL? (XL-7) */
function isJsonObject(config: Uint8Array): boolean {
  const nul = config.indexOf(0);
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const value: unknown = JSON.parse(decoder.decode(nul < 0 ? config : config.subarray(0, nul)));
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    // What does not decode or parse is the answer "no", whatever the reason.
    return false;
  }
}
