/**
 * Rows of what stands around a stream: XL, LV, XA, DT.
 */
import { ascii, concat, zeros } from "../../builders/bytes.js";
import * as legacy from "../../builders/legacy.js";
import { libvirt, XML } from "../../builders/libvirt.js";
import { libxlStream, xlHeader } from "../../builders/libxl.js";
import { join } from "../../builders/parts.js";
import * as xapi from "../../builders/xapi.js";
import * as xend from "../../builders/xend.js";
import { hvm, type RuleRow, row } from "./row.js";

const libxl = () => join(libxlStream(hvm()));
const xl = (fields: Parameters<typeof xlHeader>[0] = {}) => concat(xlHeader(fields).bytes, libxl());
const lv = (options: Parameters<typeof libvirt>[1] = {}) => libvirt(libxl(), options);
const libxc = () => xapi.streamSection(join(hvm()));
const { section, image, TYPE, XENOPS, END } = xapi;
const good = () => image(XENOPS, libxc(), END);
const qemu = (bytes: number) =>
  section(TYPE.qemuTrad, concat(legacy.QEMU, zeros(bytes - legacy.QEMU.length)));
const narrow = (width: 32 | 64) =>
  image(XENOPS, xapi.streamSection(legacy.hvm({ width }), TYPE.libxcLegacy), END);
const XAPI = { formatHint: "xapi" };

export const CONTAINERS: readonly RuleRow[] = [
  row("XL-1", "a header of 40 bytes", () => xl().subarray(0, 40), xl),
  row("XL-2", "a big-endian header", () => xl({ byteorder: 0x0403_0201 }), xl),
  row("XL-3", "mandatory flag bit 2", () => xl({ mandatoryFlags: 7 }), xl),
  row("XL-4", "an optional flag", () => xl({ optionalFlags: 1 }), xl),
  row("XL-5", "a config longer than the data", () => xl({ configBytes: 4 }), xl),
  row("XL-5/cut", "optional data that is cut", () => xl().subarray(0, 50), xl),
  row("XL-6", "bytes behind the config", () => xl({ rest: zeros(16) }), xl),
  row("XL-6/no-config", "no config", () => xl({ config: null }), xl),
  row("XL-7", "half a JSON object", () => xl({ config: "{\0" }), xl),
  row("XL-9", "the v2 flag clear", () => xl({ mandatoryFlags: 1 }), xl),
  row("LV-1", "a header of 63 bytes", () => lv().subarray(0, 63), lv),
  row("LV-2", "version 3", () => lv({ version: 3 }), lv),
  row(
    "LV-3",
    "no XML",
    () => lv({ xmlLen: 0 }),
    () => lv({ xmlLen: XML.length }),
  ),
  row("LV-6", "version 1 and a libxl stream", () => lv({ version: 1 }), lv),
  row("LV-8", "a big-endian header", () => lv({ version: 0x0200_0000 }), lv),
  row("XA-1", "14 bytes of a signature", () => good().subarray(0, 14), good, XAPI),
  row("XA-2", "a Libxl record", () => image(XENOPS, section(0xf1, zeros(8)), END), good),
  row(
    "XA-3",
    "a Libxc record with a length",
    () => image(XENOPS, section(TYPE.libxc, join(hvm()), 4096), END),
    good,
  ),
  row(
    "XA-4",
    "QEMU before Libxc",
    () => image(XENOPS, qemu(16), libxc(), END),
    () => image(XENOPS, libxc(), qemu(16), END),
  ),
  row("XA-4/no-stream", "no Libxc", () => image(XENOPS, END), good),
  row(
    "XA-5",
    "a Demu record",
    () => image(XENOPS, libxc(), section(TYPE.demu, zeros(8)), END),
    good,
  ),
  row(
    "XA-8",
    "a stream of 64-bit tools",
    () => narrow(64),
    () => narrow(32),
  ),
  row(
    "XA-10",
    "no word_size",
    () => image(section(TYPE.xenops, ascii("((time 20260801T00:00:00Z))")), libxc(), END),
    good,
  ),
  row("XA-11", "no End_of_image", () => image(XENOPS, libxc()), good),
  row(
    "XA-12",
    "QEMU state of 1 MiB and a byte",
    () => image(XENOPS, libxc(), qemu(0x10_0001), END),
    () => image(XENOPS, libxc(), qemu(0x10_0000), END),
  ),
  row(
    "DT-8",
    "a xend file cut inside its config",
    () => xend.xend(legacy.hvm()).subarray(0, 30),
    () => xend.xend(legacy.hvm()),
  ),
  row("DT-13", "gzip inside gzip", () => concat(Uint8Array.of(0x1f, 0x8b, 8, 0), zeros(60)), hvm),
  row("DT-14", "no format", () => ascii("MZ and what follows it"), hvm),
  row("DT-15", "xl inside libvirt", () => libvirt(xl()), lv),
];
