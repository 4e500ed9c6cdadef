/**
 * What a synthetic HVM guest's device model leaves behind: QEMU state that is framed as QEMU's, and
 * the Xenstore entries that libxl saves with it. What the devices' sections hold is noise.
 * Sources: QEMU's migration documentation; libxl stream document, LL-XS-5.
 */
import {
  EMULATOR_QEMU_UPSTREAM,
  QEMU_MAGIC,
  QEMU_SECTION_EOF,
  QEMU_SECTION_FULL,
  QEMU_VERSION_MAX,
} from "../../format/index.js";
import {
  concatBytes,
  LIBXL_RECORD_CODECS,
  latin1Bytes,
  packXenstorePairs,
  writeU32BE,
} from "../../stream/index.js";
import type { RecordItem } from "./items.js";
import { Random, saltOf, seedOf } from "./random.js";

const PURPOSE_EMULATOR = 64;
const SECTION_ID = "xen-platform";
/** Odd in all, so that the record is padded. */
const SECTION_BYTES = 1500;

/** Key and value pairs, in the threes in which libxl writes them. */
export const PHYSMAP: readonly (readonly [key: string, value: string])[] = [
  ["physmap/f0000000/start_addr", "f0000000"],
  ["physmap/f0000000/size", "800000"],
  ["physmap/f0000000/name", "vga.vram"],
];

/** QEMU's state: magic, version, one section, the end byte. */
export function qemuState(seed: number): Uint8Array {
  const head = new Uint8Array(8);
  writeU32BE(head, 0, QEMU_MAGIC);
  writeU32BE(head, 4, QEMU_VERSION_MAX);
  const id = latin1Bytes(SECTION_ID);
  const section = new Uint8Array(6 + id.length + 8);
  section[0] = QEMU_SECTION_FULL;
  section[5] = id.length;
  section.set(id, 6);
  writeU32BE(section, 6 + id.length + 4, 1);
  const data = new Uint8Array(SECTION_BYTES);
  new Random(saltOf(seedOf(seed), PURPOSE_EMULATOR), 0).fill(data);
  return concatBytes(head, section, data, Uint8Array.of(QEMU_SECTION_EOF));
}

/** EMULATOR_XENSTORE_DATA and EMULATOR_CONTEXT. */
export function emulatorRecords(seed: number): RecordItem[] {
  const head = { emulatorId: EMULATOR_QEMU_UPSTREAM, index: 0 };
  const { EMULATOR_XENSTORE_DATA: xenstore, EMULATOR_CONTEXT: context } = LIBXL_RECORD_CODECS;
  const data = packXenstorePairs(PHYSMAP);
  return [
    libxlRecord(xenstore.type, xenstore.codec.encode({ ...head, data })),
    libxlRecord(context.type, context.codec.encode({ ...head, context: qemuState(seed) })),
  ];
}

/** A libxl record of a body that is already encoded. */
export function libxlRecord(type: number, body: Uint8Array): RecordItem {
  return { kind: "record", layer: "libxl", type, body };
}
