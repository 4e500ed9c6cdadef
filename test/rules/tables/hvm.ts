/**
 * Rows of HVM parameters and of the HVM context: HP, HC, VG.
 */
import {
  ascii,
  concat,
  patternPage,
  poke,
  u8,
  u16le,
  u32le,
  u64le,
  zeros,
} from "../../builders/bytes.js";
import { contextHeader, contextRecord, hvmContextBlob, hvmStream } from "../../builders/hvm.js";
import { libvirt } from "../../builders/libvirt.js";
import type { HvmParam } from "../../builders/libxc.js";
import { libxlStream, xlHeader } from "../../builders/libxl.js";
import { join } from "../../builders/parts.js";
import {
  section,
  streamSection,
  TYPE,
  END as XAPI_END,
  image as xapi,
} from "../../builders/xapi.js";
import { hvm, pv, type Reading, type RuleRow, row } from "./row.js";

const params = (...list: HvmParam[]) => hvm(list);
/** A stream with these records in its context, and with these bytes for one. */
const of = (...records: Uint8Array[]) => hvm([], hvmContextBlob(...records));
const blob = (...pieces: Uint8Array[]) => hvm([], concat(...pieces));

/** Content of a record: zeros but for some bytes. */
const content = (bytes: number, ...changes: [at: number, value: Uint8Array][]): Uint8Array =>
  changes.reduce((body, [at, value]) => poke(body, at, ...value), zeros(bytes));
const CPU = (...changes: [at: number, value: Uint8Array][]) =>
  content(1032, [0x290, u8(0x10)], ...changes);
const cpu = (...changes: [at: number, value: Uint8Array][]) => contextRecord(2, 0, CPU(...changes));
const pic = (instance: number, master: number) =>
  contextRecord(3, instance, content(8, [5, u8(master)]));
const link = (route: number) => contextRecord(9, 0, content(8, [0, u8(route)]));
const pit = (gate: number) => contextRecord(10, 0, content(56, [15, u8(gate)], [31, u8(1)]));
const lapic = (base: number) => contextRecord(5, 0, content(32, [0, u32le(base)]));
const xsave = (bytes: number) => contextRecord(16, 0, content(bytes, [16, u8(3)]));
const msr = (index: number) =>
  contextRecord(20, 0, concat(u32le(1), u32le(0), u32le(index), u32le(0), u64le(1)));
const typed = (type: string) =>
  concat(
    xlHeader({ config: `{"c_info":{"type":"${type}"}}\0` }).bytes,
    join(libxlStream(of(cpu(), pic(0, 0x40)))),
  );
const ONE: Reading = { vcpus: 1 };
const RENEWED: Reading = { genid: "new" };
/** An xl file around a guest whose only page has an id of zeros and 0xa5 at 0x1000. */
const configured = (config: string, flags = 3) =>
  concat(
    xlHeader({ config: `${config}\0`, mandatoryFlags: flags }).bytes,
    join(libxlStream(GUEST())),
  );
const ID_PAGE = poke(patternPage(1), 0, ...zeros(15), 0xa5);
const pinned = (last: number) =>
  `{"b_info":{"type.hvm":{"ms_vm_genid":[${[...zeros(15), last]}]}}}`;
const GUEST = () => hvmStream({ batches: [[{ pfn: 1, page: ID_PAGE }]], params: [[34, 0x1000]] });
/** The same guest in a libvirt file, and in a XAPI image. */
const inLibvirt = (uuid: string) =>
  libvirt(join(libxlStream(GUEST())), {
    xml: ascii(`<domain><genid>${uuid}</genid></domain>\0`),
  });
const inXapi = (pair: string) => {
  const keys = `(xs_subtree ((/local/domain/3/platform/generation-id ${pair})))`;
  const record = ascii(`((time t)(word_size 64)${keys})`);
  return xapi(section(TYPE.xenops, record), streamSection(join(GUEST())), XAPI_END);
};
const END = contextRecord(0, 0, zeros(0));

const PARAMS: readonly RuleRow[] = [
  row(
    "HP-1",
    "index 39",
    () => params([39, 1]),
    () => params([38, 1]),
  ),
  row(
    "HP-2",
    "index 2^32 + 3",
    () => params([0x1_0000_0003n, 1]),
    () => params([3, 1]),
  ),
  row(
    "HP-3",
    "index 24",
    () => params([24, 1]),
    () => params([19, 1]),
  ),
  row(
    "HP-3/pae",
    "index 4",
    () => params([4, 1]),
    () => params([3, 1]),
  ),
  row(
    "HP-4",
    "index 9 changes",
    () => params([9, 1], [9, 3]),
    () => params([9, 1], [9, 1]),
  ),
  row(
    "HP-5",
    "index 1 twice",
    () => params([1, 1], [1, 1]),
    () => params([1, 1], [17, 1]),
  ),
  row(
    "HP-6",
    "index 32 alone",
    () => params([32, 1]),
    () => params([32, 1], [33, 1]),
  ),
  row(
    "HP-6/zero-count",
    "no ioreq server pages",
    () => params([32, 1], [33, 0]),
    () => params([32, 1], [33, 1]),
  ),
  row(
    "HP-7",
    "a store page that is not there",
    () => params([1, 2]),
    () => params([1, 1]),
  ),
  row(
    "HP-8",
    "an address off by 4",
    () => params([34, 0x1004]),
    () => params([34, 0x1008]),
  ),
  row(
    "HP-10",
    "timer mode 4",
    () => params([10, 4]),
    () => params([10, 3]),
  ),
  row(
    "VG-5",
    "a buffer over a page end",
    () => params([34, 0x1ff8]),
    () => params([34, 0x1ff0]),
  ),
  row(
    "VG-9",
    "an id in JSON",
    () => configured(pinned(0xa5)),
    () => configured('generation_id = "generate"', 2),
  ),
  row(
    "VG-20",
    "a new id for a guest without a device",
    () => params([34, 0]),
    () => params([34, 0x1000]),
    RENEWED,
  ),
  row(
    "VG-20",
    "a new id for a PV guest",
    () => pv(),
    () => pv(),
    RENEWED,
    {},
  ),
  row(
    "VG-21",
    "a new id for a buffer in no page",
    () => params([34, 0x1ff8]),
    () => params([34, 0x1ff0]),
    RENEWED,
  ),
  row(
    "VG-25",
    "another id in JSON",
    () => configured(pinned(0xa6)),
    () => configured(pinned(0xa5)),
  ),
  row(
    "VG-25",
    "another id in libvirt's XML",
    () => inLibvirt("00000000-0000-0000-0000-0000000000a6"),
    () => inLibvirt("00000000-0000-0000-0000-0000000000a5"),
  ),
  row(
    "VG-25",
    "another pair in XAPI's Xenstore keys",
    () => inXapi(`0:${0xa6n << 56n}`),
    () => inXapi(`0:${0xa5n << 56n}`),
  ),
  row(
    "VG-25",
    "another id in text",
    () => configured('generation_id = "00000000-0000-0000-0000-0000000000a6"', 2),
    () => configured('generation_id = "00000000-0000-0000-0000-0000000000a5"', 2),
  ),
];

const CONTEXT: readonly RuleRow[] = [
  row(
    "HC-1",
    "a first record of type 2",
    () => blob(cpu(), END),
    () => of(cpu()),
    ONE,
  ),
  row(
    "HC-2",
    "version 2",
    () => blob(contextHeader({ version: 2 }), cpu(), END),
    () => of(cpu()),
    ONE,
  ),
  row(
    "HC-3",
    "bytes behind END",
    () => blob(hvmContextBlob(cpu()), zeros(8)),
    () => of(cpu()),
    ONE,
  ),
  row(
    "HC-4",
    "no END",
    () => blob(contextHeader(), cpu()),
    () => of(cpu()),
    ONE,
  ),
  row(
    "HC-5",
    "typecode 21",
    () => of(cpu(), contextRecord(21, 0, zeros(8))),
    () => of(cpu(), contextRecord(19, 0, zeros(8))),
    ONE,
  ),
  row(
    "HC-6",
    "a record beyond the context",
    () => blob(contextHeader(), u16le(19), u16le(0), u32le(9), zeros(8)),
    () => blob(contextHeader(), u16le(19), u16le(0), u32le(8), zeros(8), END),
    ONE,
  ),
  row(
    "HC-7",
    "a CPU record of 1040 bytes",
    () => of(contextRecord(2, 0, concat(CPU(), zeros(8)))),
    () => of(cpu()),
    ONE,
  ),
  row(
    "HC-8",
    "vcpu 1 of 1",
    () => of(cpu(), contextRecord(19, 1, zeros(8))),
    () => of(cpu(), contextRecord(19, 0, zeros(8))),
    ONE,
  ),
  row(
    "HC-8/assumed",
    "nobody tells the vcpus",
    () => of(cpu()),
    () => of(cpu()),
    { vcpus: null },
    ONE,
  ),
  row(
    "HC-9",
    "vcpu 1 has no CPU record",
    () => of(cpu()),
    () => of(cpu()),
    { vcpus: 2 },
    ONE,
  ),
  row(
    "HC-10",
    "a PIC of a PVH guest",
    () => typed("pvh"),
    () => typed("hvm"),
    ONE,
  ),
  row(
    "HC-20",
    "cr0 without ET",
    () => of(cpu([0x290, u8(0)])),
    () => of(cpu()),
    ONE,
  ),
  row(
    "HC-21",
    "access rights of VMX",
    () => of(cpu([0x378, u32le(0xc09b)])),
    () => of(cpu([0x378, u32le(0xc9b)])),
    ONE,
  ),
  row(
    "HC-22",
    "a master that is none",
    () => of(cpu(), pic(0, 0)),
    () => of(cpu(), pic(0, 0x40)),
    ONE,
  ),
  row(
    "HC-23",
    "route 16",
    () => of(cpu(), link(16)),
    () => of(cpu(), link(15)),
    ONE,
  ),
  row(
    "HC-24",
    "gate 0 closed",
    () => of(cpu(), pit(0)),
    () => of(cpu(), pit(1)),
    ONE,
  ),
  row(
    "HC-25",
    "x2APIC that is not enabled",
    () => of(cpu(), lapic(0xfee0_0400)),
    () => of(cpu(), lapic(0xfee0_0c00)),
    ONE,
  ),
  row(
    "HC-26",
    "599 bytes",
    () => of(cpu(), xsave(599)),
    () => of(cpu(), xsave(600)),
    ONE,
  ),
  row(
    "HC-27",
    "MSR 0x10",
    () => of(cpu(), msr(0x10)),
    () => of(cpu(), msr(0x48)),
    ONE,
  ),
];

export const HVM: readonly RuleRow[] = [...PARAMS, ...CONTEXT];
