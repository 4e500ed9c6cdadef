/**
 * Builds xend save files from the layout of the specification page. Nothing here comes from src/.
 */
import { ascii, concat, u32be } from "./bytes.js";

export const MAGIC = ascii("LinuxGuestRecord");
export const CONFIG = ascii("(domain (domid 3) (name n))");

/** A file with the given legacy stream in it. */
export function xend(stream: Uint8Array, config = CONFIG, configBytes = config.length): Uint8Array {
  return concat(MAGIC, u32be(configBytes), config, stream);
}

/** The QEMU state that ends the stream of a xend file. */
export function qemuTail(state: Uint8Array): Uint8Array {
  return concat(ascii("QemuDeviceModelRecord"), state);
}
