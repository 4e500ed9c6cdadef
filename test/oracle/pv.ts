/**
 * What the oracle knows of PV guests: their static and vcpu records, the frames behind page table
 * entries, and the steps that complete the domain after the last record.
 * Frames are pfns (LC-SIM-6): translation changes nothing, its checks and side effects remain.
 * Source: libxc-stream section 6 (LC-PV-*), section 11 (LC-SIM-5, LC-PV-20..25).
 */
import { type Image, Reject, type StreamRecord } from "./image.js";
import { type Memory, PAGE_BYTES } from "./memory.js";

/** What only the new domain knows (LC-SIM-6). */
export interface NewDomain {
  /** Number of vcpus; undefined: as many as the stream has. */
  readonly vcpus?: number | undefined;
  readonly sharedInfoFrame: number;
  readonly storePort: number;
  readonly consolePort: number;
}

const BASIC = 0x04;
const EXTENDED = 0x05;
const XSAVE = 0x06;

/** Where the fields lie that completion needs: BASIC blob first, start info page after it. */
interface Layout {
  readonly wordBytes: 4 | 8;
  readonly basicBytes: number;
  readonly edx: number;
  readonly gdtFrames: number;
  readonly gdtEntries: number;
  readonly cr1: number;
  readonly cr3: number;
  readonly sharedInfo: number;
  readonly flags: number;
  readonly storeMfn: number;
  readonly storePort: number;
  readonly consoleMfn: number;
  readonly consolePort: number;
}

const LAYOUT_64: Layout = {
  wordBytes: 8,
  basicBytes: 0x1430,
  edx: 0x268,
  gdtFrames: 0x12e0,
  gdtEntries: 0x1360,
  cr1: 0x1380,
  cr3: 0x1390,
  sharedInfo: 0x28,
  flags: 0x30,
  storeMfn: 0x38,
  storePort: 0x40,
  consoleMfn: 0x48,
  consolePort: 0x50,
};

const LAYOUT_32: Layout = {
  wordBytes: 4,
  basicBytes: 0xaf0,
  edx: 0x20c,
  gdtFrames: 0xa50,
  gdtEntries: 0xa90,
  cr1: 0xaa0,
  cr3: 0xaa8,
  sharedInfo: 0x24,
  flags: 0x28,
  storeMfn: 0x2c,
  storePort: 0x30,
  consoleMfn: 0x34,
  consolePort: 0x38,
};

const START_INFO_NR_PAGES = 0x20;
const CONSOLE_READY = 0xc10;
const GDT_ENTRIES_MAX = 7168n;

/** A PV guest while it is being restored. */
export class PvGuest {
  /** Bytes of a guest word; 0 until X86_PV_INFO. */
  width = 0;
  levels = 0;
  maxPfn = 0;
  sawFrames = false;
  /** Index of a p2m page -> the pfn that holds it. */
  private readonly p2mFrames = new Map<number, bigint>();
  /** vcpu id -> its last BASIC record with a blob. */
  private readonly basics = new Map<number, StreamRecord>();
  /** The same for EXTENDED: a hypervisor sees none but the last. */
  private readonly extended = new Map<number, StreamRecord>();

  constructor(
    private readonly image: Image,
    private readonly memory: Memory,
    private readonly types: ReadonlyMap<number, number>,
    private readonly domain: NewDomain,
  ) {}

  info(record: StreamRecord): void {
    if (this.width !== 0) throw new Reject("LC-PV-4", record.at);
    if (record.length < 8) throw new Reject("LC-PV-2", record.at);
    const width = this.image.u8(record.body);
    const levels = this.image.u8(record.body + 1);
    const known = (width === 4 && levels === 3) || (width === 8 && levels === 4);
    if (!known) throw new Reject("LC-PV-1", record.body);
    this.width = width;
    this.levels = levels;
  }

  frames(record: StreamRecord): void {
    if (this.width === 0) throw new Reject("LC-PV-7", record.at);
    if (record.length < 8) throw new Reject("LC-PV-6", record.at);
    const start = this.image.u32(record.body);
    const end = this.image.u32(record.body + 4);
    if (start > end) throw new Reject("LC-PV-5", record.body);
    const perFrame = PAGE_BYTES / this.width;
    const first = Math.floor(start / perFrame);
    const count = Math.floor(end / perFrame) - first + 1;
    if (record.length !== 8 + 8 * count) throw new Reject("LC-PV-6", record.at);
    if (end === 0 && !this.sawFrames) throw new Reject("LC-PV-9", record.body + 4);
    for (let k = 0; k < count; k += 1) {
      this.p2mFrames.set(first + k, this.image.u64(record.body + 8 + 8 * k));
    }
    this.maxPfn = Math.max(this.maxPfn, end);
    this.sawFrames = true;
  }

  sharedInfo(record: StreamRecord): void {
    if (this.width === 0) throw new Reject("LC-PV-11", record.at);
    if (record.length !== PAGE_BYTES) throw new Reject("LC-PV-10", record.at);
  }

  vcpu(record: StreamRecord): void {
    if (record.length < 8) throw new Reject("LC-PV-12", record.at);
    if (record.length === 8) return;
    const id = this.image.u32(record.body);
    if (this.domain.vcpus !== undefined && id >= this.domain.vcpus) {
      throw new Reject("LC-PV-14", record.body);
    }
    const blobBytes = record.length - 8;
    if (!this.blobSizeFits(record.type, blobBytes)) throw new Reject("LC-PV-15", record.at);
    if (record.type === EXTENDED) this.extended.set(id, record);
    if (record.type === BASIC) this.basics.set(id, record);
  }

  private blobSizeFits(type: number, blobBytes: number): boolean {
    if (type === BASIC) return blobBytes === this.layout().basicBytes;
    if (type === EXTENDED) return blobBytes <= 128;
    if (type === XSAVE) return blobBytes >= 16;
    return blobBytes % 16 === 0;
  }

  /** An EXTENDED blob tells its own size; what the record lacks of it is zero to a hypervisor. */
  private extendedSize(record: StreamRecord): void {
    const blobBytes = record.length - 8;
    const at = record.body + 12;
    let size = 0;
    for (let i = 0; i < 4 && 4 + i < blobBytes; i += 1) size += this.image.u8(at + i) * 256 ** i;
    if (size < 32) throw new Reject("LC-PV-15", blobBytes > 4 ? at : record.at);
  }

  private layout(): Layout {
    return this.width === 8 ? LAYOUT_64 : LAYOUT_32;
  }

  /** The entries of a page table: what they point to is populated, or lies outside the guest. */
  localise(pageAt: number): void {
    for (let at = pageAt; at < pageAt + PAGE_BYTES; at += 8) {
      if ((this.image.u8(at) & 1) === 0) continue;
      const pfn = Number((this.image.u64(at) >> 12n) & 0xff_ffff_ffffn);
      if (pfn > this.maxPfn) throw new Reject("LC-SIM-5", at);
      this.memory.populate(pfn);
    }
  }

  /** Everything that happens after the last record. `at` is where that is. */
  complete(at: number): void {
    if (this.width === 0 || !this.sawFrames) throw new Reject("LC-ORD-9", at);
    if (!this.basics.has(0)) throw new Reject("LC-PV-17", at);
    for (const id of [...this.basics.keys()].sort((a, b) => a - b)) {
      const basic = this.basics.get(id) as StreamRecord;
      // A blob that came before X86_PV_INFO was measured as that of a 32-bit guest.
      if (basic.length - 8 !== this.layout().basicBytes) throw new Reject("LC-PV-15", at);
      if (id === 0) this.completeStartInfo(basic.body + 8, at);
      this.checkVcpu(basic.body + 8, at);
    }
    for (const record of this.extended.values()) this.extendedSize(record);
    this.writeP2m(at);
  }

  private word(at: number): bigint {
    return this.width === 8 ? this.image.u64(at) : BigInt(this.image.u32(at));
  }

  /** A pfn that must be a populated ordinary page at the end of the stream. */
  private ordinary(pfn: bigint, rule: string, at: number): number {
    const type = this.types.get(Number(pfn)) ?? 0;
    if (pfn > BigInt(this.maxPfn) || type !== 0 || !this.memory.has(Number(pfn))) {
      throw new Reject(rule, at);
    }
    return Number(pfn);
  }

  private completeStartInfo(blob: number, at: number): void {
    const layout = this.layout();
    const page = this.memory.patch(this.ordinary(this.word(blob + layout.edx), "LC-PV-20", at));
    const word = (offset: number): bigint =>
      this.width === 8 ? page.getBigUint64(offset, true) : BigInt(page.getUint32(offset, true));
    const setWord = (offset: number, value: bigint): void => {
      if (this.width === 8) page.setBigUint64(offset, value, true);
      else page.setUint32(offset, Number(value & 0xffff_ffffn), true);
    };
    setWord(START_INFO_NR_PAGES, BigInt(this.maxPfn) + 1n);
    setWord(layout.sharedInfo, BigInt(this.domain.sharedInfoFrame) << 12n);
    page.setUint32(layout.flags, 0, true);
    page.setUint32(layout.storePort, this.domain.storePort, true);
    page.setUint32(layout.consolePort, this.domain.consolePort, true);
    for (const offset of [layout.storeMfn, layout.consoleMfn]) {
      const pfn = word(offset);
      if (pfn > BigInt(this.maxPfn) || !this.memory.has(Number(pfn))) {
        throw new Reject("LC-PV-20", at);
      }
    }
    this.memory.patch(Number(word(layout.consoleMfn))).setUint8(CONSOLE_READY, 1);
  }

  private checkVcpu(blob: number, at: number): void {
    const layout = this.layout();
    const gdtEntries = this.word(blob + layout.gdtEntries);
    if (gdtEntries > GDT_ENTRIES_MAX) throw new Reject("LC-PV-21", at);
    const gdtFrames = Math.ceil(Number(gdtEntries) / 512);
    for (let k = 0; k < gdtFrames; k += 1) {
      this.ordinary(this.word(blob + layout.gdtFrames + layout.wordBytes * k), "LC-PV-21", at);
    }
    const cr3 = this.word(blob + layout.cr3);
    const top = this.width === 8 ? cr3 >> 12n : ((cr3 >> 12n) | (cr3 << 20n)) & 0xffff_ffffn;
    this.checkTopTable(top, "LC-PV-22", at);
    const cr1 = this.word(blob + layout.cr1);
    if (this.width === 8 && (cr1 & 1n) === 1n) this.checkTopTable(cr1 >> 12n, "LC-PV-23", at);
  }

  private checkTopTable(pfn: bigint, rule: string, at: number): void {
    const type = this.types.get(Number(pfn)) ?? 0;
    if (pfn > BigInt(this.maxPfn) || (type & 7) !== this.levels) throw new Reject(rule, at);
  }

  /** Overwrite the guest's own p2m: frame of each pfn, all ones where there is none. */
  private writeP2m(at: number): void {
    const perFrame = PAGE_BYTES / this.width;
    const frames: number[] = [];
    for (let k = 0; k <= Math.floor(this.maxPfn / perFrame); k += 1) {
      const pfn = this.p2mFrames.get(k);
      if (pfn === undefined) throw new Reject("LC-PV-25", at);
      frames.push(this.ordinary(pfn, "LC-PV-25", at));
    }
    for (const [k, frame] of frames.entries()) {
      const page = this.memory.patch(frame);
      const first = k * perFrame;
      for (let i = 0; i < perFrame && first + i <= this.maxPfn; i += 1) {
        const value = this.memory.has(first + i) ? BigInt(first + i) : 0xffff_ffff_ffff_ffffn;
        if (this.width === 8) page.setBigUint64(8 * i, value, true);
        else page.setUint32(4 * i, Number(value & 0xffff_ffffn), true);
      }
    }
  }
}
