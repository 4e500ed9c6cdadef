/**
 * A synthetic PV guest of 64 or 32 bits: its pages with a role, its records, and what the restorer
 * writes into its pages once the stream has ended (LC-PV-20, LC-PV-25), told anew from the
 * document. Source: libxc stream document; Xen public xen.h for start info (facts).
 */
import {
  CONSOLE_READY_OFFSET,
  PAGE_BYTES,
  PAGE_TYPE_BROKEN,
  PAGE_TYPE_XALLOC,
} from "../../format/index.js";
import { latin1Bytes, writeU32 } from "../../stream/index.js";
import { policyRecords, tscRecord } from "./cpu.js";
import type { RecordItem } from "./items.js";
import { MemoryMap } from "./memory.js";
import { type GuestModel, NEW_DOMAIN } from "./model.js";
import { type GenerateOptions, lastPassOf } from "./options.js";
import { PageMaker } from "./pages.js";
import { CONSOLE_PFN, GDT_FIRST_PFN, PvLayout, START_INFO_PFN, STORE_PFN } from "./pv-layout.js";
import { p2mFramesRecord, pvInfoRecord, sharedInfoRecord, vcpuRecords } from "./pv-records.js";
import { mix, saltOf, seedOf } from "./random.js";

const PURPOSE_VCPUS = 48;
const PURPOSE_FRAMES = 49;

/** Start info fields by guest width; the words are of that width, the rest u32. */
const START_INFO = {
  8: {
    nrPages: 0x20,
    sharedInfo: 0x28,
    flags: 0x30,
    store: 0x38,
    storePort: 0x40,
    console: 0x48,
    consolePort: 0x50,
    cmdLine: 0x80,
  },
  4: {
    nrPages: 0x20,
    sharedInfo: 0x24,
    flags: 0x28,
    store: 0x2c,
    storePort: 0x30,
    console: 0x34,
    consolePort: 0x38,
    cmdLine: 0x60,
  },
} as const;

const START_MAGIC = { 8: "xen-3.0-x86_64", 4: "xen-3.0-x86_32p" } as const;
const SAVED = { sharedInfoFrame: 0x1234, flags: 0, storePort: 1, consolePort: 2 } as const;
const COMMAND_LINE = "root=/dev/xvda1 console=hvc0";
/** Flat segments of a kernel. */
const GDT_ENTRIES: readonly (readonly [low: number, high: number])[] = [
  [0, 0],
  [0xffff, 0x00af9b00],
  [0xffff, 0x00cf9300],
];

/** A PV guest. */
export class PvModel implements GuestModel {
  readonly kind = "pv";
  readonly memory: MemoryMap;
  readonly restoredParams = [];
  readonly layout: PvLayout;
  readonly #options: GenerateOptions;
  readonly #pages: PageMaker;
  readonly #frameSalt: number;

  constructor(options: GenerateOptions) {
    const seed = seedOf(options.seed);
    const layout = new PvLayout(options);
    this.#options = options;
    this.layout = layout;
    this.#pages = new PageMaker(seed, options.zeroPercent, options.repeatPercent);
    this.#frameSalt = saltOf(seed, PURPOSE_FRAMES);
    const segments = [{ first: 0, end: layout.pageCount }];
    this.memory = new MemoryMap(seed, lastPassOf(options), segments, (pfn) =>
      layout.fixedType(pfn),
    );
  }

  page(pfn: number, version: number, into: Uint8Array): void {
    const { layout } = this;
    if (layout.isTable(pfn)) {
      layout.writeTable(pfn, into, (named) => this.#isPresent(named));
    } else if (pfn >= layout.p2m && pfn < layout.end) {
      this.#writeSavedP2m(pfn - layout.p2m, into);
    } else if (pfn === START_INFO_PFN) {
      this.#writeStartInfo(into);
    } else if (pfn >= GDT_FIRST_PFN && pfn < layout.top) {
      into.fill(0);
      GDT_ENTRIES.forEach(([low, high], index) => {
        writeU32(into, index * 8, low);
        writeU32(into, index * 8 + 4, high);
      });
    } else {
      this.#pages.make(pfn, version, into);
    }
  }

  fixUp(pfn: number, page: Uint8Array, isPopulated: (pfn: number) => boolean): boolean {
    const { layout } = this;
    if (pfn === CONSOLE_PFN) {
      page[CONSOLE_READY_OFFSET] = 1;
    } else if (pfn === START_INFO_PFN) {
      const fields = START_INFO[layout.width];
      this.#writeWord(page, fields.nrPages, layout.pageCount);
      this.#writeWord(page, fields.sharedInfo, NEW_DOMAIN.sharedInfoFrame * PAGE_BYTES);
      writeU32(page, fields.flags, 0);
      writeU32(page, fields.storePort, NEW_DOMAIN.storePort);
      writeU32(page, fields.consolePort, NEW_DOMAIN.consolePort);
    } else if (pfn >= layout.p2m && pfn < layout.end) {
      const first = (pfn - layout.p2m) * layout.p2mEntries;
      for (let i = 0; i < layout.p2mEntries && first + i < layout.pageCount; i++) {
        this.#writeFrame(page, i, isPopulated(first + i) ? first + i : null);
      }
    } else {
      return false;
    }
    return true;
  }

  staticRecords(): RecordItem[] {
    return [pvInfoRecord(this.layout), ...policyRecords()];
  }

  recordsBeforePages(): RecordItem[] {
    return [p2mFramesRecord(this.layout)];
  }

  recordsBehindPages(): RecordItem[] {
    const { seed, vcpus } = this.#options;
    const salt = saltOf(seedOf(seed), PURPOSE_VCPUS);
    const ids = Array.from({ length: vcpus }, (_, id) => id);
    return [
      tscRecord(),
      sharedInfoRecord(this.layout),
      ...ids.flatMap((id) => vcpuRecords(this.layout, id, salt)),
    ];
  }

  /** Tables name only what is populated in the end: nothing comes to be by their naming it. */
  #isPresent(pfn: number): boolean {
    const type = this.memory.finalType(pfn);
    return type < PAGE_TYPE_BROKEN || type === PAGE_TYPE_XALLOC;
  }

  /** The saved guest's own p2m: machine frames of the old host, which mean nothing any more. */
  #writeSavedP2m(index: number, into: Uint8Array): void {
    const { layout } = this;
    for (let i = 0; i < layout.p2mEntries; i++) {
      const frame = mix(this.#frameSalt, index * layout.p2mEntries + i) >>> 8;
      this.#writeFrame(into, i, frame);
    }
  }

  #writeFrame(page: Uint8Array, index: number, frame: number | null): void {
    const { width } = this.layout;
    const offset = index * width;
    writeU32(page, offset, frame ?? 0xffff_ffff);
    if (width === 8) writeU32(page, offset + 4, frame === null ? 0xffff_ffff : 0);
  }

  #writeStartInfo(into: Uint8Array): void {
    const { width, pageCount } = this.layout;
    const fields = START_INFO[width];
    into.fill(0);
    into.set(latin1Bytes(START_MAGIC[width]));
    this.#writeWord(into, fields.nrPages, pageCount);
    this.#writeWord(into, fields.sharedInfo, SAVED.sharedInfoFrame * PAGE_BYTES);
    writeU32(into, fields.flags, SAVED.flags);
    this.#writeWord(into, fields.store, STORE_PFN);
    writeU32(into, fields.storePort, SAVED.storePort);
    this.#writeWord(into, fields.console, CONSOLE_PFN);
    writeU32(into, fields.consolePort, SAVED.consolePort);
    into.set(latin1Bytes(COMMAND_LINE), fields.cmdLine);
  }

  #writeWord(page: Uint8Array, offset: number, value: number): void {
    writeU32(page, offset, value);
    if (this.layout.width === 8) writeU32(page, offset + 4, Math.floor(value / 2 ** 32));
  }
}
