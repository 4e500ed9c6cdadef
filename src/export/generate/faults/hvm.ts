/** Faults of HVM parameters and of the HVM context. Rules: LC-HVM, HP, VG, HC. */
import {
  HVM_PARAM_BYTES,
  HVM_PARAM_IOREQ_PFN,
  HVM_PARAM_NR_IOREQ_SERVER_PAGES,
  HVM_PARAM_STORE_PFN,
  HVM_PARAM_VM_GENERATION_ID_ADDR,
  HVM_PARAMS_HEAD_BYTES,
  type HvmContextRecord,
  type HvmFields,
  type HvmTypeName,
  REC_TYPE_HVM_CONTEXT,
  REC_TYPE_HVM_PARAMS,
} from "../../../format/index.js";
import {
  concatBytes,
  encodeHvmContext,
  HvmContext,
  hvmRecord,
  readU32,
  writeU16,
  writeU32,
  writeU64,
} from "../../../stream/index.js";
import { libxcRecord } from "../cpu.js";
import type { Item } from "../items.js";
import type { GenerateOptions } from "../options.js";
import { drop, editBody, insertBefore, type Match, recordOf } from "./edits.js";
import type { Edit, FaultNeeds, FaultRow } from "./fault.js";

const HVM: FaultNeeds = { kind: "hvm" };
const DEVICES: FaultNeeds = { guests: ["hvm"] };
const INDEX_UNKNOWN = 39n;
const INDEX_BEYOND_32_BITS = (1n << 32n) + 1n;
const INDEX_NESTED_HVM = 24n;
const INDEX_TIMER_MODE = 10n;
const TIMER_MODE_UNKNOWN = 4n;
/** A page that is always there, in the middle of the special pages. */
const PRESENT_PAGE = 0xfeff0000n;
const HEADER_DESCRIPTOR_BYTES = 8;
const HEADER_BYTES = 32;
const TYPE_UNKNOWN = 21;

const params = recordOf("libxc", REC_TYPE_HVM_PARAMS);
const context = recordOf("libxc", REC_TYPE_HVM_CONTEXT);
/** Every HVM_CONTEXT: only the last one is looked at. */
const contexts = (): Match => (item) =>
  item.kind === "record" && item.layer === "libxc" && item.type === REC_TYPE_HVM_CONTEXT;

export const LIBXC_HVM_FAULTS: readonly FaultRow[] = [
  {
    rule: "LC-HVM-1",
    needs: HVM,
    edit: editBody(params, (body) => {
      writeU32(body, 0, readU32(body, 0) + 1);
      return undefined;
    }),
  },
  {
    rule: "LC-HVM-2",
    needs: HVM,
    edit: insertBefore(params, () => [libxcRecord(REC_TYPE_HVM_PARAMS, new Uint8Array(8))]),
  },
  {
    rule: "LC-HVM-3",
    needs: HVM,
    edit: editBody(params, (body) => {
      writeU32(body, 4, 1);
      return undefined;
    }),
  },
  { rule: "LC-HVM-5", needs: HVM, edit: editBody(context, () => new Uint8Array(0)) },
  { rule: "LC-HVM-7", needs: HVM, edit: drop(contexts) },
  { rule: "HP-1", needs: HVM, edit: addParam(INDEX_UNKNOWN, 1n) },
  { rule: "HP-2", needs: HVM, edit: addParam(INDEX_BEYOND_32_BITS, 1n) },
  { rule: "HP-3", needs: HVM, edit: addParam(INDEX_NESTED_HVM, 1n) },
  { rule: "HP-4", needs: DEVICES, edit: addParam(BigInt(HVM_PARAM_IOREQ_PFN), 1n) },
  {
    rule: "HP-5",
    needs: DEVICES,
    edit: editBody(params, (body) => {
      const first = body.subarray(HVM_PARAMS_HEAD_BYTES, HVM_PARAMS_HEAD_BYTES + HVM_PARAM_BYTES);
      return withEntry(body, first);
    }),
  },
  {
    rule: "HP-6",
    needs: { ...DEVICES, checkpointsMax: 1 },
    edit: setParam(HVM_PARAM_NR_IOREQ_SERVER_PAGES, () => null),
  },
  {
    rule: "HP-7",
    needs: HVM,
    edit: setParam(HVM_PARAM_STORE_PFN, () => 0xfe000n),
  },
  { rule: "HP-8", needs: HVM, edit: setGenerationId(PRESENT_PAGE + 2n) },
  { rule: "HP-10", needs: HVM, edit: addParam(INDEX_TIMER_MODE, TIMER_MODE_UNKNOWN) },
  { rule: "VG-5", needs: HVM, edit: setGenerationId(PRESENT_PAGE + 0xff8n) },
];

export const HVM_CONTEXT_FAULTS: readonly FaultRow[] = [
  { rule: "HC-1", needs: HVM, edit: contextBytes((blob) => blob.fill(TYPE_UNKNOWN, 0, 1)) },
  {
    rule: "HC-2",
    needs: HVM,
    edit: contextBytes((blob) => {
      writeU32(blob, HEADER_DESCRIPTOR_BYTES + 4, 2);
      return blob;
    }),
  },
  { rule: "HC-3", needs: HVM, edit: contextBytes((blob) => concatBytes(blob, new Uint8Array(8))) },
  { rule: "HC-4", needs: HVM, edit: contextBytes((blob) => blob.subarray(0, blob.length - 8)) },
  { rule: "HC-5", needs: HVM, edit: contextBytes(withUnknownType) },
  {
    rule: "HC-6",
    needs: HVM,
    edit: contextBytes((blob) => {
      writeU32(blob, HEADER_BYTES + 4, 0xffff_ffff);
      return blob;
    }),
  },
  {
    rule: "HC-7",
    needs: HVM,
    edit: contextRecords((records) =>
      records.map((record) =>
        record.name === "MTRR" && record.instance === 0
          ? { ...record, name: null, fields: null, body: new Uint8Array(248), bodyBytes: 248 }
          : record,
      ),
    ),
  },
  {
    rule: "HC-8",
    needs: HVM,
    edit: contextRecords((records, { vcpus }) =>
      records.map((record) =>
        record.name === "TSC_ADJUST" && record.instance === 0
          ? { ...record, instance: vcpus }
          : record,
      ),
    ),
  },
  {
    rule: "HC-9",
    needs: HVM,
    edit: contextRecords((records) =>
      records.filter(({ name, instance }) => name !== "CPU" || instance > 0),
    ),
  },
  {
    rule: "HC-10",
    needs: { guests: ["pvh"], containers: ["xl", "libvirt"] },
    edit: contextRecords((records) => {
      const isLapic = ({ name }: HvmContextRecord) => name === "LAPIC";
      const at = records.findIndex(isLapic);
      const pmTimer = hvmRecord("PMTIMER", 0, { tmr_val: 0, pm1a_sts: 0, pm1a_en: 0 });
      return [...records.slice(0, at), pmTimer, ...records.slice(at)];
    }),
  },
  {
    rule: "HC-20",
    needs: HVM,
    edit: changed("CPU", (cpu) => ({ ...cpu, cr0: cpu.cr0 & ~1n })),
  },
  { rule: "HC-21", needs: HVM, edit: changed("CPU", (cpu) => ({ ...cpu, cs_arbytes: 0xa09b })) },
  { rule: "HC-22", needs: DEVICES, edit: changed("PIC", (pic) => ({ ...pic, int_output: 2 })) },
  {
    rule: "HC-23",
    needs: DEVICES,
    edit: changed("PCI_LINK", (link) => ({ ...link, route: [16, 10, 11, 5] })),
  },
  {
    rule: "HC-24",
    needs: DEVICES,
    edit: changed("PIT", (pit) => ({ ...pit, speaker_data_on: 2 })),
  },
  {
    rule: "HC-25",
    needs: HVM,
    edit: changed("MTRR", (mtrr) => ({ ...mtrr, msr_mtrr_cap: 0x509n })),
  },
  {
    rule: "HC-26",
    needs: HVM,
    edit: changed("CPU_XSAVE", (xsave) => ({ ...xsave, area: xsave.area.subarray(0, 640) })),
  },
  {
    rule: "HC-27",
    needs: HVM,
    edit: changed("CPU_MSR", (msrs) => ({ ...msrs, count: msrs.count + 1 })),
  },
];

/** Add an entry to HVM_PARAMS. */
function addParam(index: bigint, value: bigint): Edit {
  return editBody(params, (body) => {
    const entry = new Uint8Array(HVM_PARAM_BYTES);
    writeU64(entry, 0, index);
    writeU64(entry, 8, value);
    return withEntry(body, entry);
  });
}

function withEntry(body: Uint8Array, entry: Uint8Array): Uint8Array {
  const longer = concatBytes(body, entry);
  writeU32(longer, 0, readU32(body, 0) + 1);
  return longer;
}

/** Change the value of an entry of every HVM_PARAMS, or take the entry out. */
function setParam(index: number, value: () => bigint | null): Edit {
  const every = (): Match => (item) => isParams(item);
  return editBody(every, (body) => {
    for (let at = HVM_PARAMS_HEAD_BYTES; at < body.length; at += HVM_PARAM_BYTES) {
      if (readU32(body, at) !== index) continue;
      const changedTo = value();
      if (changedTo !== null) {
        writeU64(body, at + 8, changedTo);
        return undefined;
      }
      const shorter = concatBytes(body.subarray(0, at), body.subarray(at + HVM_PARAM_BYTES));
      writeU32(shorter, 0, readU32(body, 0) - 1);
      return shorter;
    }
    return undefined;
  });
}

/** Give parameter 34 a value, whether the guest has it or not. */
function setGenerationId(address: bigint): Edit {
  const add = addParam(BigInt(HVM_PARAM_VM_GENERATION_ID_ADDR), address);
  const set = setParam(HVM_PARAM_VM_GENERATION_ID_ADDR, () => address);
  return (items, options) => (options.genid === null ? add : set)(items, options);
}

function isParams(item: Item): boolean {
  return item.kind === "record" && item.layer === "libxc" && item.type === REC_TYPE_HVM_PARAMS;
}

/** Change the bytes of every context. */
function contextBytes(change: (blob: Uint8Array) => Uint8Array): Edit {
  return editBody(contexts, change);
}

/** Change the records of every context. */
function contextRecords(
  change: (records: HvmContextRecord[], options: GenerateOptions) => HvmContextRecord[],
): Edit {
  return editBody(contexts, (blob, options) =>
    encodeHvmContext(change([...new HvmContext(blob, 0)], options)),
  );
}

/** Change the fields of the first record of a type. */
function changed<N extends HvmTypeName>(
  name: N,
  change: (fields: HvmFields[N]) => HvmFields[N],
): Edit {
  return contextRecords((records) =>
    records.map((record) => {
      if (record.name !== name || record.instance !== 0 || record.fields === null) return record;
      const fields = change(record.fields as HvmFields[N]);
      return hvmRecord(name, 0, fields) as unknown as HvmContextRecord;
    }),
  );
}

/** A descriptor of a type that no hypervisor loads, in front of END. */
function withUnknownType(blob: Uint8Array): Uint8Array {
  const descriptor = new Uint8Array(HEADER_DESCRIPTOR_BYTES);
  writeU16(descriptor, 0, TYPE_UNKNOWN);
  const endAt = blob.length - HEADER_DESCRIPTOR_BYTES;
  return concatBytes(blob.subarray(0, endAt), descriptor, blob.subarray(endAt));
}
