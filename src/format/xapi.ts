/**
 * Numbers of the XAPI (xenopsd) suspend image, structured and old. Numbers only.
 *
 *   structured: "XenSavedDomv2-" LF | { type u64 | length u64 | record } ... End_of_image
 *   old:        "XenSavedDomain" LF | legacy stream of a 32-bit toolstack | HVM: QEMU record
 *
 * Source: xen-api suspend_image.ml (facts).
 */

export const XAPI_SIGNATURE = "XenSavedDomv2-\n";
export const XAPI_SIGNATURE_OLD = "XenSavedDomain\n";
export const XAPI_SIGNATURE_BYTES = 15;
export const XAPI_HEADER_BYTES = 16;

export const XAPI_XENOPS = 0x000f;
export const XAPI_LIBXC = 0x00f0;
export const XAPI_LIBXL = 0x00f1;
export const XAPI_LIBXC_LEGACY = 0x00f2;
export const XAPI_QEMU_TRAD = 0x0f00;
export const XAPI_QEMU_XEN = 0x0f01;
export const XAPI_DEMU = 0x0f10;
export const XAPI_VARSTORED = 0x0f11;
export const XAPI_SWTPM0 = 0x0f12;
export const XAPI_SWTPM = 0x0f13;
export const XAPI_END_OF_IMAGE = 0xffff;

/** Names by type number, as xen-api spells them. */
export const XAPI_NAMES: ReadonlyMap<number, string> = new Map([
  [XAPI_XENOPS, "Xenops"],
  [XAPI_LIBXC, "Libxc"],
  [XAPI_LIBXL, "Libxl"],
  [XAPI_LIBXC_LEGACY, "Libxc_legacy"],
  [XAPI_QEMU_TRAD, "Qemu_trad"],
  [XAPI_QEMU_XEN, "Qemu_xen"],
  [XAPI_DEMU, "Demu"],
  [XAPI_VARSTORED, "Varstored"],
  [XAPI_SWTPM0, "Swtpm0"],
  [XAPI_SWTPM, "Swtpm"],
  [XAPI_END_OF_IMAGE, "End_of_image"],
]);

export const XAPI_QEMU_BYTES_MAX = 0x10_0000;
/** Keys that a Xenops record must have. */
export const XAPI_XENOPS_KEYS_REQUIRED = ["time", "word_size"] as const;
