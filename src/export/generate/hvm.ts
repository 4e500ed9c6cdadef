/**
 * A synthetic HVM or PVH guest: where its memory and its special pages lie, its parameters, and
 * what a restorer makes of the special pages. Source: libxc stream document; LC-SIM-4; the memory
 * layout of Xen's HVM guests (facts).
 *
 *   RAM 0.. | VGA a0..bf | RAM c0.. | generation id fc00a | special feff0..fefff | RAM 100000..
 */
import {
  CONSOLE_READY_OFFSET,
  HVM_PARAM_ACPI_IOPORTS_LOCATION,
  HVM_PARAM_BUFIOREQ_PFN,
  HVM_PARAM_CONSOLE_EVTCHN,
  HVM_PARAM_CONSOLE_PFN,
  HVM_PARAM_IDENT_PT,
  HVM_PARAM_IOREQ_PFN,
  HVM_PARAM_IOREQ_SERVER_PFN,
  HVM_PARAM_NR_IOREQ_SERVER_PAGES,
  HVM_PARAM_STORE_EVTCHN,
  HVM_PARAM_STORE_PFN,
  HVM_PARAM_VM_GENERATION_ID_ADDR,
  HVM_PARAM_VM86_TSS_SIZED,
  HVM_PARAMS_SAVE_ORDER,
  PAGE_BYTES,
  PAGE_TYPE_NOTAB,
  PAGE_TYPE_XTAB,
} from "../../format/index.js";
import { EntryTable, HVM_PARAM, RECORD_CODECS } from "../../stream/index.js";
import { libxcRecord, policyRecords, tscRecord } from "./cpu.js";
import { makeHvmContext } from "./hvm-context.js";
import type { RecordItem } from "./items.js";
import { MemoryMap, NO_ROLE, type Segment } from "./memory.js";
import { type GuestModel, NEW_DOMAIN } from "./model.js";
import { type GenerateOptions, lastPassOf } from "./options.js";
import { PageMaker } from "./pages.js";
import { saltOf, seedOf } from "./random.js";

const VGA_FIRST = 0xa0;
const VGA_END = 0xc0;
/** RAM that does not fit below this pfn goes on at RAM_HIGH. */
const RAM_LOW_END = 0xf0000;
const RAM_HIGH = 0x100000;
const SPECIAL_FIRST = 0xfeff0;
const SPECIAL_END = 0xff000;
const IOREQ_SERVER_PAGES = 8;
const STORE = 0xfeffc;
const BUFIOREQ = 0xfeffd;
const IOREQ = 0xfeffe;
const CONSOLE = 0xfefff;
const GENID = 0xfc00a;
const GENID_OFFSET = 0x10;
const IDENT_PT = 0xfc000n << 12n;
/** Least size of a task state segment with its I/O bitmap. */
const VM86_TSS = (0x2088n << 32n) | (0xfc001n << 12n);
const PURPOSE_CONTEXT = 32;

/** An HVM guest, or a PVH one: without devices and without a device model. */
export class HvmModel implements GuestModel {
  readonly kind = "hvm";
  readonly memory: MemoryMap;
  readonly restoredParams: readonly (readonly [index: number, value: bigint])[];
  readonly #params: readonly (readonly [index: number, value: bigint])[];
  readonly #options: GenerateOptions;
  readonly #pages: PageMaker;
  readonly #pvh: boolean;

  constructor(options: GenerateOptions) {
    const seed = seedOf(options.seed);
    this.#options = options;
    this.#pvh = options.guest === "pvh";
    this.#pages = new PageMaker(seed, options.zeroPercent, options.repeatPercent);
    const pvh = this.#pvh;
    this.memory = new MemoryMap(seed, lastPassOf(options), segmentsOf(options), (pfn) => {
      if (pfn >= VGA_FIRST && pfn < VGA_END) return pvh ? NO_ROLE : PAGE_TYPE_XTAB;
      if (pfn >= SPECIAL_FIRST && pfn < SPECIAL_END) return PAGE_TYPE_NOTAB;
      return pfn === GENID ? PAGE_TYPE_NOTAB : NO_ROLE;
    });
    this.#params = paramsOf(options);
    this.restoredParams = [
      ...this.#params,
      [HVM_PARAM_STORE_EVTCHN, BigInt(NEW_DOMAIN.storePort)],
      [HVM_PARAM_CONSOLE_EVTCHN, BigInt(NEW_DOMAIN.consolePort)],
    ];
  }

  page(pfn: number, version: number, into: Uint8Array): void {
    this.#pages.make(pfn, version, into);
    const { genid } = this.#options;
    if (pfn === GENID && genid !== null) into.set(genid, GENID_OFFSET);
  }

  fixUp(pfn: number, page: Uint8Array): boolean {
    const touched = this.#pvh ? [STORE, CONSOLE] : [STORE, IOREQ, BUFIOREQ, CONSOLE];
    if (!touched.includes(pfn)) return false;
    page.fill(0);
    if (pfn === CONSOLE) page[CONSOLE_READY_OFFSET] = 1;
    return true;
  }

  staticRecords(): RecordItem[] {
    return policyRecords();
  }

  recordsBeforePages(): RecordItem[] {
    return [];
  }

  recordsBehindPages(): RecordItem[] {
    const { seed, vcpus } = this.#options;
    const salt = saltOf(seedOf(seed), PURPOSE_CONTEXT);
    const context = RECORD_CODECS.HVM_CONTEXT;
    const params = RECORD_CODECS.HVM_PARAMS;
    const entries = this.#params.map(([index, value]) => ({ index: BigInt(index), value }));
    const table = EntryTable.of(HVM_PARAM, entries);
    return [
      tscRecord(),
      libxcRecord(context.type, makeHvmContext(salt, vcpus, this.#pvh)),
      libxcRecord(params.type, params.codec.encode({ reserved: 0, params: table })),
    ];
  }
}

function segmentsOf(options: GenerateOptions): Segment[] {
  const pages = options.sizeBytes / PAGE_BYTES;
  const segments = [{ first: 0, end: Math.min(pages, RAM_LOW_END) }];
  if (options.genid !== null) segments.push({ first: GENID, end: GENID + 1 });
  segments.push({ first: SPECIAL_FIRST, end: SPECIAL_END });
  if (pages > RAM_LOW_END) {
    segments.push({ first: RAM_HIGH, end: RAM_HIGH + pages - RAM_LOW_END });
  }
  return segments;
}

function paramsOf(options: GenerateOptions): (readonly [number, bigint])[] {
  const values = new Map<number, bigint>([
    [HVM_PARAM_STORE_PFN, BigInt(STORE)],
    [HVM_PARAM_CONSOLE_PFN, BigInt(CONSOLE)],
    [HVM_PARAM_IDENT_PT, IDENT_PT],
  ]);
  if (options.guest === "hvm") {
    values.set(HVM_PARAM_IOREQ_PFN, BigInt(IOREQ));
    values.set(HVM_PARAM_BUFIOREQ_PFN, BigInt(BUFIOREQ));
    values.set(HVM_PARAM_VM86_TSS_SIZED, VM86_TSS);
    values.set(HVM_PARAM_ACPI_IOPORTS_LOCATION, 1n);
    values.set(HVM_PARAM_IOREQ_SERVER_PFN, BigInt(SPECIAL_FIRST));
    values.set(HVM_PARAM_NR_IOREQ_SERVER_PAGES, BigInt(IOREQ_SERVER_PAGES));
  }
  if (options.genid !== null) {
    const address = BigInt(GENID) * BigInt(PAGE_BYTES) + BigInt(GENID_OFFSET);
    values.set(HVM_PARAM_VM_GENERATION_ID_ADDR, address);
  }
  return HVM_PARAMS_SAVE_ORDER.flatMap((index) => {
    const value = values.get(index);
    return value === undefined ? [] : [[index, value] as const];
  });
}
