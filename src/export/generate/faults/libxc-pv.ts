/** Faults of PV records and of what completing a PV guest looks at. Rules: LC-PV. */
import {
  type GuestWidth,
  PAGE_BYTES,
  PAGE_SHIFT,
  PV_VCPU_LAYOUT,
  REC_TYPE_SHARED_INFO,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_P2M_FRAMES,
  REC_TYPE_X86_PV_VCPU_BASIC,
  REC_TYPE_X86_PV_VCPU_EXTENDED,
  REC_TYPE_X86_PV_VCPU_XSAVE,
  VCPU_HEAD_BYTES,
  type VcpuOffsets,
} from "../../../format/index.js";
import { readU32, writeU32 } from "../../../stream/index.js";
import { libxcRecord } from "../cpu.js";
import type { RecordItem } from "../items.js";
import type { GenerateOptions } from "../options.js";
import { PvLayout, START_INFO_PFN } from "../pv-layout.js";
import { p2mFramesRecord, sharedInfoRecord } from "../pv-records.js";
import { drop, editBody, insertAfter, insertBefore, recordOf } from "./edits.js";
import type { Edit, FaultNeeds, FaultRow } from "./fault.js";

const GDT_ENTS_TOO_MANY = 8000;
const PV: FaultNeeds = { kind: "pv" };
const PV64: FaultNeeds = { guests: ["pv64"] };

const libxc = (type: number, skip = 0) => recordOf("libxc", type, skip);
const info = libxc(REC_TYPE_X86_PV_INFO);
const p2m = libxc(REC_TYPE_X86_PV_P2M_FRAMES);
const basic = libxc(REC_TYPE_X86_PV_VCPU_BASIC);

export const LIBXC_PV_FAULTS: readonly FaultRow[] = [
  {
    rule: "LC-PV-1",
    needs: PV,
    edit: editBody(info, (body) => {
      body[1] = 7 - (body[1] ?? 0); // the levels of the other width
      return undefined;
    }),
  },
  { rule: "LC-PV-2", needs: PV, edit: editBody(info, (body) => body.subarray(0, 4)) },
  {
    rule: "LC-PV-3",
    needs: PV,
    edit: editBody(info, (body) => body.fill(1, 2, 3)),
  },
  { rule: "LC-PV-4", needs: PV, edit: insertAfter(info, (_, item) => [item]) },
  {
    rule: "LC-PV-5",
    needs: PV,
    edit: editWord(p2m, 0, ({ sizeBytes }) => sizeBytes / PAGE_BYTES),
  },
  { rule: "LC-PV-6", needs: PV, edit: editBody(p2m, (body) => body.subarray(0, body.length - 8)) },
  {
    rule: "LC-PV-7",
    needs: { kind: "pv", version: 2 },
    edit: insertBefore(info, (options) => [p2mFramesRecord(new PvLayout(options))]),
  },
  {
    rule: "LC-PV-9",
    needs: PV,
    edit: insertBefore(p2m, () => [libxcRecord(REC_TYPE_X86_PV_P2M_FRAMES, new Uint8Array(16))]),
  },
  {
    rule: "LC-PV-10",
    needs: PV,
    edit: editBody(libxc(REC_TYPE_SHARED_INFO), (body) => body.subarray(0, body.length - 8)),
  },
  {
    rule: "LC-PV-11",
    needs: { kind: "pv", version: 2 },
    edit: insertBefore(info, (options) => [sharedInfoRecord(new PvLayout(options))]),
  },
  {
    rule: "LC-PV-12",
    needs: PV,
    edit: insertBefore(basic, () => [libxcRecord(REC_TYPE_X86_PV_VCPU_BASIC, new Uint8Array(4))]),
  },
  { rule: "LC-PV-13", needs: PV, edit: editWord(basic, 4, () => 1) },
  {
    rule: "LC-PV-14",
    needs: PV,
    edit: insertAfter(libxc(REC_TYPE_X86_PV_VCPU_EXTENDED), ({ vcpus }, item) => {
      const record = item as RecordItem;
      const body = record.body.slice();
      writeU32(body, 0, vcpus);
      return [{ ...record, body }];
    }),
  },
  {
    rule: "LC-PV-15",
    needs: PV,
    edit: editBody(libxc(REC_TYPE_X86_PV_VCPU_XSAVE), (body) => {
      return body.subarray(0, VCPU_HEAD_BYTES + 8);
    }),
  },
  { rule: "LC-PV-16", needs: PV, edit: insertAfter(basic, (_, item) => [item]) },
  { rule: "LC-PV-17", needs: { ...PV, checkpointsMax: 1 }, edit: drop(basic) },
  { rule: "LC-PV-20", needs: PV, edit: editContext("edx", outside) },
  { rule: "LC-PV-21", needs: PV, edit: editContext("gdtEnts", () => GDT_ENTS_TOO_MANY) },
  { rule: "LC-PV-22", needs: PV, edit: editContext("cr3", () => START_INFO_PFN << PAGE_SHIFT) },
  {
    rule: "LC-PV-23",
    needs: PV64,
    edit: editContext("cr1", (options) => outside(options) * PAGE_BYTES + 1),
  },
  {
    rule: "LC-PV-25",
    needs: PV,
    edit: editWord(p2m, 8, (options) => new PvLayout(options).top),
  },
];

/** Write a u32 into a chosen record's body. */
function editWord(
  match: ReturnType<typeof libxc>,
  offset: number,
  value: (options: GenerateOptions) => number,
): Edit {
  return editBody(match, (body, options) => {
    writeU32(body, offset, value(options));
    return undefined;
  });
}

/** Write a word of every vcpu 0's context: an epoch's record replaces that of the one before. */
function editContext(field: keyof VcpuOffsets, value: (options: GenerateOptions) => number): Edit {
  const isVcpu0 = () => (item: unknown) => {
    const record = item as RecordItem;
    const right = record.kind === "record" && record.type === REC_TYPE_X86_PV_VCPU_BASIC;
    return right && record.layer === "libxc" && readU32(record.body, 0) === 0;
  };
  return editBody(isVcpu0, (body, options) => {
    const width = widthOf(options);
    const offset = VCPU_HEAD_BYTES + PV_VCPU_LAYOUT[width][field];
    const word = value(options);
    writeU32(body, offset, word % 2 ** 32);
    if (width === 8) writeU32(body, offset + 4, Math.floor(word / 2 ** 32));
    return undefined;
  });
}

function widthOf({ guest }: GenerateOptions): GuestWidth {
  return guest === "pv32" ? 4 : 8;
}

/** max_pfn + 1. */
function outside({ sizeBytes }: GenerateOptions): number {
  return sizeBytes / PAGE_BYTES;
}
