/**
 * Rows of the libxl stream and its state machine: LL.
 */
import { ascii, concat, u8, u32le, zeros } from "../../builders/bytes.js";
import { qemuState } from "../../builders/hvm.js";
import { toolstackBlob, VIDEO } from "../../builders/legacy.js";
import { checkpoint, end, pageData, REC } from "../../builders/libxc.js";
import {
  checkpointEnd,
  emulatorContext,
  emulatorXenstore,
  LIBXL_REC,
  libxcContext,
  libxlEnd,
  libxlHeader,
  libxlStream,
} from "../../builders/libxl.js";
import { join, libxlRecord, type Part } from "../../builders/parts.js";
import { hvm, instead, pv, type RuleRow, row } from "./row.js";

const good = (...emulator: Part[]): Part[] => libxlStream(hvm(), emulator);
const header = (fields: Parameters<typeof libxlHeader>[0]): Part[] => [
  libxlHeader(fields),
  ...good().slice(1),
];
const HEAD = concat(u32le(2), u32le(0));
const context = (padding: number): Part =>
  libxlRecord(LIBXL_REC.EMULATOR_CONTEXT, concat(HEAD, qemuState()), {
    padding: new Uint8Array((8 - (qemuState().length % 8)) % 8).fill(padding),
  });
const emulator = (body: Uint8Array, length = body.length): Part =>
  libxlRecord(LIBXL_REC.EMULATOR_CONTEXT, body, { length });
const control = (body: Uint8Array): Part => libxlRecord(LIBXL_REC.CHECKPOINT_STATE, body);
/** A Remus stream: the sound HVM stream, then what stands behind each of its checkpoints. */
const remus = (...behind: Part[]): Part[] => [
  libxlHeader(),
  libxcContext(),
  ...instead(hvm(), REC.END, checkpoint(), ...behind),
];
const epoch = (): Part[] => [pageData([{ pfn: 1 }]), checkpoint()];
const qemu = (magic: string, last: number): Uint8Array =>
  concat(ascii(magic), u8(0), u8(0), u8(0), u8(3), u8(last));
const CHECKPOINTED = { checkpointed: true };

export const LIBXL: readonly RuleRow[] = [
  row(
    "LL-HDR-1",
    "a header of 15 bytes",
    () => join(good()).subarray(0, 15),
    () => good(),
  ),
  row(
    "LL-HDR-2",
    "version 3",
    () => header({ version: 3 }),
    () => header({ version: 2 }),
  ),
  row(
    "LL-HDR-3",
    "a big-endian body",
    () => header({ options: 1 }),
    () => header({ options: 2 }),
  ),
  row(
    "LL-HDR-4",
    "option bit 2",
    () => header({ options: 4 }),
    () => header({ options: 2 }),
  ),
  row(
    "LL-REC-2",
    "type 0x80000000",
    () => good(libxlRecord(0x8000_0000)),
    () => good(),
  ),
  row(
    "LL-REC-3",
    "padding of ones",
    () => good(context(1)),
    () => good(context(0)),
  ),
  row(
    "LL-REC-4",
    "a length of 128 MiB and a byte",
    () => good(emulator(HEAD, 0x0800_0001)),
    () => good(emulator(HEAD, 0x0800_0000)),
  ),
  row(
    "LL-REC-5",
    "END with a body",
    () => [...good().slice(0, -1), libxlRecord(LIBXL_REC.END, zeros(8))],
    () => good(),
  ),
  row(
    "LL-EMU-1",
    "7 bytes",
    () => good(emulator(zeros(7))),
    () => good(emulator(zeros(8))),
  ),
  row(
    "LL-EMU-2",
    "emulator id 3",
    () => good(emulatorContext(qemuState(), 3)),
    () => good(emulatorContext(qemuState(), 1)),
  ),
  row(
    "LL-EMU-3",
    "emulator state of a PV guest",
    () => libxlStream(pv(), [emulatorContext()]),
    () => good(emulatorContext()),
  ),
  row(
    "LL-EMU-4",
    "two EMULATOR_CONTEXT",
    () => good(emulatorContext(), emulatorContext()),
    () => good(emulatorContext()),
  ),
  row(
    "LL-XS-1",
    "a value without its NUL",
    () => good(emulatorXenstore("a\0b")),
    () => good(emulatorXenstore("a\0b\0")),
  ),
  row(
    "LL-XS-2",
    "a key with a slash in front",
    () => good(emulatorXenstore("/a\0b\0")),
    () => good(emulatorXenstore("a/\0b\0")),
  ),
  row(
    "LL-XS-3",
    "a key with a space",
    () => good(emulatorXenstore("a b\0c\0")),
    () => good(emulatorXenstore("a-b\0c d\0")),
  ),
  row(
    "LL-XS-6",
    "the toolstack blob in place of strings",
    () => good(libxlRecord(LIBXL_REC.EMULATOR_XENSTORE_DATA, toolstackBlob(64, VIDEO))),
    () => good(emulatorXenstore("physmap/f0000000/name\0vga.vram\0")),
  ),
  row(
    "LL-QE-2",
    "magic QEVN",
    () => good(emulatorContext(qemu("QEVN", 0))),
    () => good(emulatorContext(qemu("QEVM", 0))),
  ),
  row(
    "LL-QE-3",
    "a last byte of 4",
    () => good(emulatorContext(qemu("QEVM", 4))),
    () => good(emulatorContext(qemu("QEVM", 0))),
  ),
  row(
    "LL-POS-4",
    "emulator state first",
    () => [libxlHeader(), emulatorContext(), ...good().slice(1)],
    () => good(emulatorContext()),
  ),
  row(
    "LL-POS-4/missing",
    "no LIBXC_CONTEXT",
    () => [libxlHeader(), emulatorContext(), libxlEnd()],
    () => good(emulatorContext()),
  ),
  row(
    "LL-POS-4/repeated",
    "two LIBXC_CONTEXT",
    () => [libxlHeader(), libxcContext(), ...hvm(), libxcContext(), ...hvm(), libxlEnd()],
    () => good(),
  ),
  row(
    "LL-POS-5/trailing",
    "a stray byte",
    () => concat(join(good()), zeros(1)),
    () => good(),
  ),
  row(
    "LL-CS-1",
    "CHECKPOINT_STATE without a body",
    () => remus(checkpointEnd(), control(zeros(0)), end()),
    () => remus(checkpointEnd(), control(zeros(4)), end()),
    CHECKPOINTED,
  ),
  row(
    "LL-CS-2",
    "CHECKPOINT_STATE",
    () => good(control(zeros(4))),
    () => good(),
  ),
  row(
    "LL-SM-2",
    "no END",
    () => good().slice(0, -1),
    () => good(),
  ),
  row(
    "LL-SM-8",
    "a break behind the first libxc CHECKPOINT",
    () => remus(),
    () => remus(checkpointEnd()),
    CHECKPOINTED,
  ),
  row(
    "LL-SM-8/later",
    "a break behind the second libxc CHECKPOINT",
    () => remus(checkpointEnd(), ...epoch()),
    () => remus(checkpointEnd(), ...epoch(), checkpointEnd()),
    CHECKPOINTED,
  ),
  row(
    "LL-SM-10",
    "CHECKPOINT_END in a plain stream",
    () => good(checkpointEnd()),
    () => remus(checkpointEnd()),
  ),
  row(
    "LL-SM-11",
    "END inside a checkpoint",
    () => remus(libxlEnd(), checkpointEnd(), end()),
    () => remus(checkpointEnd(), end()),
    CHECKPOINTED,
  ),
];
