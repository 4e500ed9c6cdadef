/**
 * The oracle's libxc restorer: headers, records in order, epochs of a checkpointed stream, and the
 * completion of the domain. Judges as Xen's restorer does (profile restore), and stops there.
 * Source: libxc-stream sections 1 to 11.
 */
import { applyHvmParams, checkHvmContext } from "./hvm.js";
import { BrokenOff, type Image, Reject, readRecord, type StreamRecord } from "./image.js";
import { Memory, PAGE_BYTES } from "./memory.js";
import { type NewDomain, PvGuest } from "./pv.js";

const NAMES = new Map<number, string>([
  [0x00, "END"],
  [0x01, "PAGE_DATA"],
  [0x02, "X86_PV_INFO"],
  [0x03, "X86_PV_P2M_FRAMES"],
  [0x04, "X86_PV_VCPU_BASIC"],
  [0x05, "X86_PV_VCPU_EXTENDED"],
  [0x06, "X86_PV_VCPU_XSAVE"],
  [0x07, "SHARED_INFO"],
  [0x08, "X86_TSC_INFO"],
  [0x09, "HVM_CONTEXT"],
  [0x0a, "HVM_PARAMS"],
  [0x0b, "TOOLSTACK"],
  [0x0c, "X86_PV_VCPU_MSRS"],
  [0x0d, "VERIFY"],
  [0x0e, "CHECKPOINT"],
  [0x0f, "CHECKPOINT_DIRTY_PFN_LIST"],
  [0x10, "STATIC_DATA_END"],
  [0x11, "X86_CPUID_POLICY"],
  [0x12, "X86_MSR_POLICY"],
]);

const END = 0x00;
const CHECKPOINT = 0x0e;
const FRAMING = { tooLong: "LC-REC-4", incomplete: "LC-REC-5" };
const PV_ONLY = new Set([0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0c]);
const HVM_ONLY = new Set([0x09, 0x0a]);
/** First pfn that an HVM guest cannot have populated (LC-PG-8). */
const HVM_PFN_END = 2 ** 36;

/** What the layer around libxc makes of a CHECKPOINT: where libxc goes on, or that it must not. */
export type CheckpointAnswer =
  | { readonly go: "on"; readonly next: number }
  | { readonly go: "failover"; readonly at: number };

/** One libxc stream on its way into one domain. */
export class LibxcRestore {
  readonly memory = new Memory();
  readonly types = new Map<number, number>();
  readonly typeCounts = new Map<number, number>();
  readonly params = new Map<number, bigint>();
  readonly recordNames: string[] = [];
  /** Checkpoints whose epoch is in the guest. */
  checkpoints = 0;
  guest: "hvm" | "pv" = "hvm";
  readonly pv: PvGuest;
  private version = 0;
  private sawStaticDataEnd = false;
  private verifying = false;
  private context: StreamRecord | null = null;
  private buffered: StreamRecord[] | null = null;

  constructor(
    private readonly image: Image,
    private readonly domain: NewDomain,
    /** Asked at each CHECKPOINT; throws where the stream is a plain one. */
    private readonly confirm: (record: StreamRecord, isFirst: boolean) => CheckpointAnswer,
  ) {
    this.pv = new PvGuest(image, this.memory, this.types, domain);
  }

  /** Check both headers at `at`. Returns where the first record stands. */
  headers(at: number): number {
    const image = this.image;
    if (!image.holds(at, 24)) throw new Reject("LC-HDR-1", at);
    if (image.u64be(at) !== 0xffff_ffff_ffff_ffffn) throw new Reject("LC-HDR-2", at);
    if (image.u32be(at + 8) !== 0x5845_4e46) throw new Reject("LC-HDR-3", at + 8);
    this.version = image.u32be(at + 12);
    if (this.version !== 2 && this.version !== 3) throw new Reject("LC-HDR-4", at + 12);
    if ((image.u16be(at + 16) & 1) === 1) throw new Reject("LC-HDR-5", at + 16);
    const domain = at + 24;
    if (!image.holds(domain, 16)) throw new Reject("LC-DOM-1", domain);
    const type = image.u32(domain);
    if (type !== 1 && type !== 2) throw new Reject("LC-DOM-1", domain);
    // The restorer shifts a 32-bit one, and x86 shifts modulo 32.
    if (image.u16(domain + 4) % 32 !== 12) throw new Reject("LC-DOM-2", domain + 4);
    this.guest = type === 1 ? "pv" : "hvm";
    return domain + 16;
  }

  /** Restore the records from `start` on. Returns the offset behind the stream. */
  records(start: number): number {
    let at = start;
    for (;;) {
      let record: StreamRecord;
      try {
        record = readRecord(this.image, at, FRAMING);
      } catch (fault) {
        if (!(fault instanceof BrokenOff) || this.buffered === null) throw fault;
        this.complete(at);
        return this.image.length;
      }
      this.recordNames.push(NAMES.get(record.type) ?? `0x${record.type.toString(16)}`);
      at = record.next;
      if (record.type === END) {
        this.complete(record.at);
        return at;
      }
      if (record.type === CHECKPOINT) {
        const answer = this.confirm(record, this.buffered === null);
        if (answer.go === "failover") {
          this.complete(answer.at);
          return this.image.length;
        }
        at = answer.next;
        this.commit();
      } else if (this.buffered === null) {
        const unknown = this.apply(record);
        if (unknown !== null && record.type < 0x8000_0000) throw new Reject(unknown, record.at);
      } else {
        this.buffered.push(record);
      }
    }
  }

  /** A checkpoint was confirmed: what was buffered since the last one is applied now. */
  private commit(): void {
    for (const record of this.buffered ?? []) {
      const unknown = this.apply(record);
      if (unknown === null) continue;
      // Unknown in a buffer fails even where it would be skipped outside of one (LC-CP-7).
      throw new Reject(record.type < 0x8000_0000 ? unknown : "LC-CP-7", record.at);
    }
    this.buffered = [];
    this.checkpoints += 1;
  }

  /** Apply one record. Returns null, or the rule that an unhandled record breaks if mandatory. */
  private apply(record: StreamRecord): string | null {
    const isPv = this.guest === "pv";
    if ((isPv ? HVM_ONLY : PV_ONLY).has(record.type)) return "LC-TYP-1";
    switch (record.type) {
      case 0x01:
        this.pageData(record);
        break;
      case 0x02:
        this.pv.info(record);
        break;
      case 0x03:
        this.beginMemory(record);
        this.pv.frames(record);
        break;
      case 0x04:
      case 0x05:
      case 0x06:
      case 0x0c:
        this.pv.vcpu(record);
        break;
      case 0x07:
        this.pv.sharedInfo(record);
        break;
      case 0x08:
        if (record.length !== 24) throw new Reject("LC-TSC-1", record.at);
        if (this.image.u32(record.body) > 2) throw new Reject("LC-TSC-3", record.body);
        break;
      case 0x09:
        if (record.length < 1) throw new Reject("LC-HVM-5", record.at);
        this.context = record;
        break;
      case 0x0a:
        applyHvmParams(this.image, record, this.memory, this.params);
        break;
      case 0x0d:
        this.verifying = true;
        break;
      case 0x10:
        if (this.sawStaticDataEnd) throw new Reject("LC-ORD-4", record.at);
        this.sawStaticDataEnd = true;
        break;
      case 0x11:
      case 0x12: {
        const entryBytes = record.type === 0x11 ? 24 : 16;
        const whole = record.length >= 1 && record.length % entryBytes === 0;
        if (!whole) throw new Reject("LC-POL-1", record.at);
        break;
      }
      case 0x0b:
        return "LC-TYP-2";
      case 0x0f:
        return "LC-TYP-3";
      default:
        return "LC-REC-2";
    }
    return null;
  }

  /** The static part must be over; a v2 stream does not say so, it is taken to be. */
  private beginMemory(record: StreamRecord): void {
    if (this.version === 2) this.sawStaticDataEnd = true;
    if (!this.sawStaticDataEnd) throw new Reject("LC-ORD-2", record.at);
  }

  private pageData(record: StreamRecord): void {
    this.beginMemory(record);
    if (this.guest === "pv" && !this.pv.sawFrames) throw new Reject("LC-ORD-5", record.at);
    if (record.length < 8) throw new Reject("LC-PG-1", record.at);
    const count = this.image.u32(record.body);
    if (count === 0) throw new Reject("LC-PG-2", record.body);
    if (record.length < 8 + 8 * count) throw new Reject("LC-PG-3", record.at);
    const entries: { pfn: number; type: number }[] = [];
    let dataPages = 0;
    for (let i = 0; i < count; i += 1) {
      const entry = this.entry(record.body + 8 + 8 * i);
      entries.push(entry);
      if (entry.type < 0xd) dataPages += 1;
    }
    if (record.length !== 8 + 8 * count + PAGE_BYTES * dataPages) {
      throw new Reject("LC-PG-4", record.at);
    }
    this.place(entries, record.body + 8 + 8 * count);
  }

  private entry(at: number): { pfn: number; type: number } {
    const raw = this.image.u64(at);
    const type = Number(raw >> 60n);
    const pfn = Number(raw & 0xf_ffff_ffff_ffffn);
    if (this.guest === "pv" && pfn > this.pv.maxPfn) throw new Reject("LC-PG-8", at);
    if (type >= 5 && type <= 8) throw new Reject("LC-PG-5", at);
    const populates = type !== 0xd && type !== 0xf;
    if (this.guest === "hvm" && populates && pfn >= HVM_PFN_END) throw new Reject("LC-PG-8", at);
    return { pfn, type };
  }

  private place(entries: readonly { pfn: number; type: number }[], firstPage: number): void {
    for (const { pfn, type } of entries) {
      if (type !== 0xd && type !== 0xf) this.memory.populate(pfn);
      this.types.set(pfn, type);
      this.typeCounts.set(type, (this.typeCounts.get(type) ?? 0) + 1);
    }
    let at = firstPage;
    for (const { pfn, type } of entries) {
      if (type >= 0xd) continue;
      if (this.guest === "pv" && type !== 0) this.pv.localise(at);
      if (!this.verifying) this.memory.write(pfn, this.image.bytes.subarray(at, at + PAGE_BYTES));
      at += PAGE_BYTES;
    }
  }

  /** Finish the domain; `at` is the END record, or where a checkpointed stream broke off. */
  private complete(at: number): void {
    if (this.guest === "pv") {
      this.pv.complete(at);
      return;
    }
    if (this.context === null) throw new Reject("LC-HVM-7", at);
    checkHvmContext(this.image, this.context);
    this.params.set(2, BigInt(this.domain.storePort));
    this.params.set(18, BigInt(this.domain.consolePort));
  }
}
