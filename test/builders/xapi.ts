/**
 * Builds XAPI suspend images, structured and old, from the layout of the specification page.
 * Nothing here comes from src/.
 */
import { ascii, concat, u32be, u64le } from "./bytes.js";

export const SIGNATURE = ascii("XenSavedDomv2-\n");
export const SIGNATURE_OLD = ascii("XenSavedDomain\n");

export const TYPE = {
  xenops: 0x000f,
  libxc: 0x00f0,
  libxl: 0x00f1,
  libxcLegacy: 0x00f2,
  qemuTrad: 0x0f00,
  qemuXen: 0x0f01,
  demu: 0x0f10,
  varstored: 0x0f11,
  swtpm: 0x0f13,
  end: 0xffff,
} as const;

export function section(
  type: number | bigint,
  body: Uint8Array,
  length: number | bigint = body.length,
): Uint8Array {
  return concat(u64le(type), u64le(length), body);
}

/** A section of a stream: its length says nothing. */
export function streamSection(stream: Uint8Array, type: number = TYPE.libxc): Uint8Array {
  return section(type, stream, 0);
}

export const XENOPS_TEXT = '((time 20261121T06:58:00Z)(word_size 64)(vm_str "((id \\"7\\"))"))';
export const XENOPS = section(TYPE.xenops, ascii(XENOPS_TEXT));
export const END = section(TYPE.end, new Uint8Array(0));

export function image(...sections: readonly Uint8Array[]): Uint8Array {
  return concat(SIGNATURE, ...sections);
}

/** The QEMU record that xenopsd put behind a legacy stream. */
export function lineFeedRecord(state: Uint8Array): Uint8Array {
  return concat(ascii("QemuDeviceModelRecord\n"), u32be(state.length), state);
}
