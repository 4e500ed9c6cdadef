/** Faults of a libxl stream: header, records, emulator data, order, checkpoints. Rules: LL. */
import {
  EMULATOR_HEAD_BYTES,
  LEGACY_TOOLSTACK_ENTRY_BYTES,
  LEGACY_TOOLSTACK_HEAD_BYTES,
  LEGACY_TOOLSTACK_VERSION,
  LIBXL_REC_TYPE_CHECKPOINT_END,
  LIBXL_REC_TYPE_CHECKPOINT_STATE,
  LIBXL_REC_TYPE_EMULATOR_CONTEXT,
  LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA,
  LIBXL_REC_TYPE_END,
  LIBXL_REC_TYPE_LIBXC_CONTEXT,
} from "../../../format/index.js";
import { concatBytes, packXenstorePairs, writeU32, writeU32BE } from "../../../stream/index.js";
import { emulatorRecords, libxlRecord } from "../emulator.js";
import type { RecordItem } from "../items.js";
import {
  CUT,
  cutHeader,
  editBody,
  editHeader,
  insertAfter,
  insertBefore,
  recordOf,
  replace,
} from "./edits.js";
import type { Edit, FaultNeeds, FaultRow } from "./fault.js";

const CONTAINERS = ["libxl", "xl", "libvirt"] as const;
const LIBXL: FaultNeeds = { containers: CONTAINERS };
const PLAIN: FaultNeeds = { containers: CONTAINERS, checkpointsMax: 0 };
const EMULATOR: FaultNeeds = { containers: CONTAINERS, guests: ["hvm"] };
const REMUS: FaultNeeds = { containers: CONTAINERS, guests: ["hvm"], checkpointsMin: 2 };
const UNKNOWN = 0x8000_0000;
const LENGTH_TOO_LONG = 0xffff_fff9;
const NO_BODY = new Uint8Array(0);

const libxl = (type: number, skip = 0) => recordOf("libxl", type, skip);
const end = libxl(LIBXL_REC_TYPE_END);
const qemu = libxl(LIBXL_REC_TYPE_EMULATOR_CONTEXT);
const store = libxl(LIBXL_REC_TYPE_EMULATOR_XENSTORE_DATA);
const checkpointEnd = libxl(LIBXL_REC_TYPE_CHECKPOINT_END);

export const LIBXL_FAULTS: readonly FaultRow[] = [
  { rule: "LL-HDR-1", needs: { containers: ["libxl"] }, edit: cutHeader("libxl header", 12) },
  { rule: "LL-HDR-2", needs: LIBXL, edit: headerWord(8, 3) },
  { rule: "LL-HDR-3", needs: LIBXL, edit: headerWord(12, 1) },
  { rule: "LL-HDR-4", needs: LIBXL, edit: headerWord(12, 4) },
  { rule: "LL-REC-2", needs: PLAIN, edit: insertBefore(end, () => [marker(UNKNOWN)]) },
  {
    rule: "LL-REC-3",
    needs: EMULATOR,
    edit: replace(qemu, (item) => [{ ...(item as RecordItem), padding: 1 }]),
  },
  {
    rule: "LL-REC-4",
    needs: PLAIN,
    edit: insertBefore(end, () => [{ ...marker(UNKNOWN), claimedBytes: LENGTH_TOO_LONG }, CUT]),
  },
  { rule: "LL-REC-5", needs: PLAIN, edit: editBody(end, () => new Uint8Array(8)) },
  { rule: "LL-EMU-1", needs: EMULATOR, edit: editBody(qemu, (body) => body.subarray(0, 4)) },
  {
    rule: "LL-EMU-2",
    needs: EMULATOR,
    edit: editBody(qemu, (body) => {
      writeU32(body, 0, 3);
      return undefined;
    }),
  },
  {
    rule: "LL-EMU-3",
    needs: { ...PLAIN, kind: "pv" },
    edit: insertBefore(end, ({ seed }) => emulatorRecords(seed).slice(1)),
  },
  { rule: "LL-EMU-4", needs: EMULATOR, edit: insertAfter(qemu, (_, item) => [item]) },
  { rule: "LL-XS-1", needs: EMULATOR, edit: storeData(Uint8Array.of(0x61, 0)) },
  { rule: "LL-XS-2", needs: EMULATOR, edit: storeData(packXenstorePairs([["/physmap", "1"]])) },
  { rule: "LL-XS-3", needs: EMULATOR, edit: storeData(packXenstorePairs([["a b", "1"]])) },
  { rule: "LL-XS-6", needs: EMULATOR, edit: editBody(store, toolstackBlob) },
  {
    rule: "LL-QE-2",
    needs: EMULATOR,
    edit: editBody(qemu, (body) => {
      writeU32BE(body, EMULATOR_HEAD_BYTES, 0x5145564e);
      return undefined;
    }),
  },
  {
    rule: "LL-QE-3",
    needs: EMULATOR,
    edit: editBody(qemu, (body) => body.fill(4, body.length - 1)),
  },
  {
    rule: "LL-POS-4",
    needs: EMULATOR,
    edit: insertBefore(libxl(LIBXL_REC_TYPE_LIBXC_CONTEXT), ({ seed }) =>
      emulatorRecords(seed).slice(0, 1),
    ),
  },
  { rule: "LL-POS-5", needs: PLAIN, edit: insertAfter(end, () => [marker(LIBXL_REC_TYPE_END)]) },
  {
    rule: "LL-CS-1",
    needs: REMUS,
    edit: insertAfter(checkpointEnd, () => [marker(LIBXL_REC_TYPE_CHECKPOINT_STATE)]),
  },
  {
    rule: "LL-CS-2",
    needs: PLAIN,
    edit: insertBefore(end, () => [
      libxlRecord(LIBXL_REC_TYPE_CHECKPOINT_STATE, new Uint8Array(4)),
    ]),
  },
  { rule: "LL-SM-2", needs: PLAIN, edit: replace(end, () => [CUT]) },
  { rule: "LL-SM-8", needs: REMUS, edit: replace(checkpointEnd, () => [CUT]) },
  {
    rule: "LL-SM-10",
    needs: PLAIN,
    edit: insertBefore(end, () => [marker(LIBXL_REC_TYPE_CHECKPOINT_END)]),
  },
  {
    rule: "LL-SM-11",
    needs: { containers: CONTAINERS, guests: ["hvm"], checkpointsMin: 1 },
    edit: insertBefore(checkpointEnd, () => [marker(LIBXL_REC_TYPE_END)]),
  },
];

function marker(type: number): RecordItem {
  return libxlRecord(type, NO_BODY);
}

function headerWord(offset: number, value: number): Edit {
  return editHeader("libxl header", (bytes) => {
    writeU32BE(bytes, offset, value);
    return undefined;
  });
}

/** The legacy blob of a 32-bit toolstack with one region, at page 0, without a name. */
function toolstackBlob(): Uint8Array {
  const body = new Uint8Array(LEGACY_TOOLSTACK_HEAD_BYTES + LEGACY_TOOLSTACK_ENTRY_BYTES + 1);
  writeU32(body, 0, LEGACY_TOOLSTACK_VERSION);
  writeU32(body, 4, 1);
  writeU32(body, body.length - 5, 1);
  return body;
}

/** Give EMULATOR_XENSTORE_DATA other strings. */
function storeData(data: Uint8Array): Edit {
  return editBody(store, (body) => concatBytes(body.subarray(0, EMULATOR_HEAD_BYTES), data));
}
