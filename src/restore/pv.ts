/**
 * PV completion after END, in Xen's order: start info, gdt frames, cr3 and cr1, pins, the guest's
 * p2m. Frames are identity (frame = pfn), so what is written back is what was there, but for what
 * the new domain decides. Source: LC-PV-17, LC-PV-20..25; LC-SIM-6.
 */
import type { Fault, FieldSpan, Place } from "../findings/index.js";
import {
  PAGE_BYTES,
  PAGE_TYPE_NAMES,
  PV_VCPU_LAYOUT,
  VCPU_BASIC_BYTES_32,
  VCPU_BASIC_BYTES_64,
  VCPU_HEAD_BYTES,
  type GuestWidth as Width,
} from "../format/index.js";
import type { Guest } from "../guest/index.js";
import { type Job, placeOf } from "../stream/index.js";
import type { DomainFacts, KeptRecord } from "./facts.js";
import type { RestoreOptions } from "./options.js";
import { fieldOffset, readWord, tablePfn } from "./pv-context.js";
import { extendedFaults } from "./pv-extended.js";
import { markConsole, readStartInfo, writeP2mPage, writeStartInfo } from "./pv-pages.js";
import { listPins } from "./pv-pins.js";

const GDT_ENTS_MAX = 7168;
const GDT_ENTS_PER_FRAME = 512;

type Breach = Pick<Fault, "rule" | "byteOffset"> & Partial<Fault>;

/** Judge and apply everything that follows the END of a PV stream. */
export function* completePv(
  options: RestoreOptions,
  domain: DomainFacts,
  guest: Guest,
  closing: Place,
): Job<void> {
  yield* new PvCompletion(options, domain, guest, closing).run();
}

class PvCompletion {
  readonly #options: RestoreOptions;
  readonly #domain: DomainFacts;
  readonly #guest: Guest;
  readonly #closing: Place;

  constructor(options: RestoreOptions, domain: DomainFacts, guest: Guest, closing: Place) {
    this.#options = options;
    this.#domain = domain;
    this.#guest = guest;
    this.#closing = closing;
  }

  *run(): Job<void> {
    const domain = this.#domain;
    const width = domain.pvWidth;
    if (width === null || domain.p2mRecords === 0) {
      this.#missing(width === null ? "X86_PV_INFO" : "X86_PV_P2M_FRAMES");
      return;
    }
    if (domain.vcpus.get(0)?.basic === undefined) this.#vcpu0Missing();
    this.#judgeVcpuCount();
    const ids = [...domain.vcpus.keys()].sort((a, b) => a - b);
    for (const id of ids) {
      const basic = domain.vcpus.get(id)?.basic;
      if (basic === undefined || !this.#basicFits(basic, width)) continue;
      if (id === 0) yield* this.#startInfo(basic, width);
      this.#descriptorTable(id, basic, width);
      this.#baseTables(id, basic, width);
    }
    for (const fault of extendedFaults(domain)) this.#options.report(fault);
    listPins(domain, this.#guest);
    this.#p2m(width);
  }

  /** LC-PV-15 of a record that came before X86_PV_INFO, and was measured as a 32-bit guest's. */
  #basicFits(kept: KeptRecord, width: Width): boolean {
    const bytes = (width === 8 ? VCPU_BASIC_BYTES_64 : VCPU_BASIC_BYTES_32) + VCPU_HEAD_BYTES;
    const fits = kept.head.bodyBytes === bytes;
    if (!fits) {
      const expected = `${bytes} bytes, as the guest's width asks for`;
      const actual = `${kept.head.bodyBytes} bytes`;
      this.#options.report({ ...this.#closing, rule: "LC-PV-15", expected, actual });
    }
    return fits;
  }

  /** PV_INFO or P2M_FRAMES never came: nothing behind them can be judged (LC-ORD-9). */
  #missing(name: string): void {
    if (this.#domain.refused.has(name)) this.#options.suppress();
    else this.#reportAtEnd("LC-ORD-9", `The stream has no ${name} record.`);
  }

  #vcpu0Missing(): void {
    if (this.#domain.refused.has("X86_PV_VCPU_BASIC")) this.#options.suppress();
    else this.#reportAtEnd("LC-PV-17", "Vcpu 0 has no X86_PV_VCPU_BASIC record with content.");
  }

  /** LC-PV-14: where nobody told the domain's vcpus, the stream's are taken. */
  #judgeVcpuCount(): void {
    const count = this.#domain.vcpuCount;
    if (this.#options.vcpus !== null || count === 0) return;
    const message = `Nothing tells the domain's vcpus: ${count} are taken, by the highest id.`;
    this.#options.report({ ...this.#closing, rule: "LC-PV-14", ruleCase: "assumed", message });
  }

  #reportAtEnd(rule: string, message: string): void {
    this.#options.report({ ...this.#closing, rule, message });
  }

  /** A fault of a page's state is left out where a refused batch may have brought that page. */
  #reportPage(kept: KeptRecord, breach: Breach): void {
    const fault = { ...placeOf(kept.head), ...breach };
    if (this.#guest.refusedBatches > 0) this.#options.suppress();
    else this.#options.report(fault);
  }

  /** A pfn outside the guest is one whatever batches held; only refused p2m frames may excuse it. */
  #reportRange(kept: KeptRecord, breach: Breach): void {
    if (this.#domain.refused.has("X86_PV_P2M_FRAMES")) this.#options.suppress();
    else this.#options.report({ ...placeOf(kept.head), ...breach });
  }

  /** Pfn in range, of plain type, populated. Returns false, and says so, if not. */
  #plainPage(kept: KeptRecord, at: number, rule: string, what: string, pfn: number): boolean {
    // Of a p2m page the record is named, not the entry; all else is a word of the guest's width.
    const field = this.#wordOf(kept);
    const breach = this.#pageBreach(pfn, "plain");
    if (breach === null) return true;
    const message = `The ${what} is not a usable page.`;
    const told = { rule, byteOffset: at, message, field, ...breach };
    if (pfn > this.#guest.maxPfn) this.#reportRange(kept, told);
    else this.#reportPage(kept, told);
    return false;
  }

  /** A native word at the place of a fault. */
  #wordOf(kept: KeptRecord): FieldSpan | null {
    const { pvWidth } = this.#domain;
    return kept.body.length === 0 || pvWidth === null ? null : { at: 0, bytes: pvWidth };
  }

  #pageBreach(pfn: number, kind: "any" | "plain"): { expected: string; actual: string } | null {
    const guest = this.#guest;
    const name = `pfn 0x${pfn.toString(16)}`;
    if (pfn > guest.maxPfn) {
      return { expected: `pfn at most 0x${guest.maxPfn.toString(16)}`, actual: name };
    }
    const type = guest.engine.pageType(pfn);
    if (kind === "plain" && type !== 0) {
      return { expected: "type NOTAB", actual: `${name} of type ${PAGE_TYPE_NAMES[type]}` };
    }
    if (guest.isPopulated(pfn)) return null;
    return { expected: "a populated page", actual: `${name} is not populated` };
  }

  /** LC-PV-20. */
  *#startInfo(kept: KeptRecord, width: Width): Job<void> {
    const layout = PV_VCPU_LAYOUT[width];
    const at = fieldOffset(kept, layout.edx);
    const pfn = Number(readWord(kept, layout.edx, width));
    if (!this.#plainPage(kept, at, "LC-PV-20", "start info page", pfn)) return;
    const page = yield* this.#guest.readPage(pfn, "restored");
    const { storePfn, consolePfn } = readStartInfo(page, width);
    for (const [what, linked] of [
      ["store page that start info names", storePfn],
      ["console page that start info names", consolePfn],
    ] as const) {
      const breach = this.#pageBreach(linked, "any");
      if (breach === null) continue;
      const message = `The ${what} is not a usable page.`;
      this.#reportPage(kept, { rule: "LC-PV-20", byteOffset: at, message, field: null, ...breach });
      return;
    }
    this.#guest.fixUp(pfn, "part", (bytes) =>
      writeStartInfo(bytes, width, this.#guest.maxPfn + 1, this.#options),
    );
    this.#step("LC-PV-20", pfn, "start info rewritten for the new domain");
    this.#guest.fixUp(consolePfn, "part", markConsole);
    this.#step("LC-PV-20", consolePfn, "console page marked for connection");
  }

  /** LC-PV-21. */
  #descriptorTable(vcpuId: number, kept: KeptRecord, width: Width): void {
    const layout = PV_VCPU_LAYOUT[width];
    const entries = Number(readWord(kept, layout.gdtEnts, width));
    if (entries > GDT_ENTS_MAX) {
      this.#options.report({
        ...placeOf(kept.head),
        rule: "LC-PV-21",
        byteOffset: fieldOffset(kept, layout.gdtEnts),
        expected: `at most ${GDT_ENTS_MAX} entries`,
        actual: `${entries}`,
        field: this.#wordOf(kept),
      });
      return;
    }
    const frames = Math.ceil(entries / GDT_ENTS_PER_FRAME);
    for (let i = 0; i < frames; i += 1) {
      const at = layout.gdtFrames + i * width;
      const pfn = Number(readWord(kept, at, width));
      const what = `gdt frame ${i} of vcpu ${vcpuId}`;
      this.#plainPage(kept, fieldOffset(kept, at), "LC-PV-21", what, pfn);
    }
  }

  /** LC-PV-22 and LC-PV-23. */
  #baseTables(vcpuId: number, kept: KeptRecord, width: Width): void {
    const layout = PV_VCPU_LAYOUT[width];
    const cr3 = readWord(kept, layout.cr3, width);
    this.#baseTable(kept, layout.cr3, "LC-PV-22", `cr3 of vcpu ${vcpuId}`, tablePfn(cr3, width));
    if (width === 4) return;
    const cr1 = readWord(kept, layout.cr1, width);
    if ((cr1 & 1n) === 0n) return;
    const what = `user page table (cr1) of vcpu ${vcpuId}`;
    this.#baseTable(kept, layout.cr1, "LC-PV-23", what, Number(cr1 >> 12n));
  }

  #baseTable(kept: KeptRecord, field: number, rule: string, what: string, pfn: number): void {
    const guest = this.#guest;
    const levels = this.#domain.pvLevels;
    const byteOffset = fieldOffset(kept, field);
    const name = `pfn 0x${pfn.toString(16)}`;
    const message = `The ${what} is not a top-level page table.`;
    const told = { rule, byteOffset, message, field: this.#wordOf(kept) };
    if (pfn > guest.maxPfn) {
      const expected = `pfn at most 0x${guest.maxPfn.toString(16)}`;
      this.#reportRange(kept, { ...told, expected, actual: name });
      return;
    }
    const type = guest.engine.pageType(pfn);
    if ((type & 7) === levels) return;
    const expected = `a page table of level ${levels}`;
    const actual = `${name} of type ${PAGE_TYPE_NAMES[type]}`;
    this.#reportPage(kept, { ...told, expected, actual });
  }

  /** LC-PV-25. */
  #p2m(width: Width): void {
    const domain = this.#domain;
    const guest = this.#guest;
    const head = domain.p2mHead;
    if (head === null) return;
    const perFrame = PAGE_BYTES / width;
    const frames = Math.floor(guest.maxPfn / perFrame) + 1;
    const kept = { head, body: new Uint8Array(0) };
    const rule = head.layer === "legacy" ? "LG-PV-5" : "LC-PV-25";
    for (let i = 0; i < frames; i += 1) {
      const pfn = domain.p2mFrames[i];
      if (pfn === undefined) {
        this.#p2mPageMissing(kept, i);
        return;
      }
      // The reader of a legacy stream told of frames outside the guest.
      if (rule === "LG-PV-5" && pfn > guest.maxPfn) return;
      if (!this.#plainPage(kept, head.byteOffset, rule, `p2m page ${i}`, pfn)) return;
    }
    for (let i = 0; i < frames; i += 1) {
      const firstPfn = i * perFrame;
      // A full page of the p2m leaves nothing of what lay there, be it that of another frame.
      const scope = firstPfn + perFrame <= guest.maxPfn + 1 ? "whole" : "part";
      guest.fixUp(domain.p2mFrames[i] as number, scope, (page) =>
        writeP2mPage(page, guest, firstPfn, width),
      );
    }
    this.#step("LC-PV-25", domain.p2mFrames[0], `${frames} p2m pages rewritten`);
  }

  /** LC-PV-25: no P2M_FRAMES record named this page; the restorer then has no frame for it. */
  #p2mPageMissing(kept: KeptRecord, index: number): void {
    const message = `No P2M_FRAMES record names p2m page ${index} of the guest.`;
    const actual = `none for p2m page ${index}`;
    const expected = `frames of all p2m pages up to pfn 0x${this.#guest.maxPfn.toString(16)}`;
    const { byteOffset } = kept.head;
    this.#reportRange(kept, { rule: "LC-PV-25", byteOffset, message, expected, actual });
  }

  #step(step: string, pfn: number | undefined, what: string): void {
    this.#domain.completion.push({ step, ...(pfn === undefined ? {} : { pfn }), what });
  }
}
