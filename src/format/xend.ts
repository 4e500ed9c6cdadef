/**
 * Numbers of the xend save file. Numbers only.
 *
 *   "LinuxGuestRecord" | config length u32 BE | config | legacy stream, QEMU state to the end
 *
 * Source: Xen 4.4 XendCheckpoint.py (facts).
 */

export const XEND_MAGIC = "LinuxGuestRecord";
export const XEND_MAGIC_BYTES = 16;
export const XEND_HEADER_BYTES = 20;
