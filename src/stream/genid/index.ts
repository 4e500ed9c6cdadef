/**
 * The VM Generation ID outside of memory: where the config or the metadata of a container holds it,
 * read, and written without touching anything else. The id in memory is restore/'s; a bare libxl or
 * libxc stream has no such place, for libxl's Xenstore entries are those of the device model alone.
 * Source: VG-1, VG-9, VG-10, VG-25.
 */
import type { Layer } from "../../format/index.js";
import { hexOfBytes } from "../bytes.js";
import { domainXmlGenid, withDomainXmlGenid } from "./domain-xml.js";
import type { ConfiguredGenid } from "./text.js";
import { withXenopsGenid, xenopsGenids } from "./xenops.js";
import { withXlGenid, xlGenid } from "./xl-config.js";

export { type ConfiguredGenid, uuidOfGenid, xenstoreGenid } from "./text.js";

/**
 * The ids that a config gives its guest: one at most, but for XAPI's record, which may tell it in
 * several places. An id of zeros is none.
 *
 * @param layer   xl, libvirt or xapi; no other has an id
 * @param config  with or without its NUL; one that cannot be read has none
 */
export function configuredGenids(layer: Layer, config: Uint8Array): readonly ConfiguredGenid[] {
  if (layer === "xapi") return xenopsGenids(config);
  if (layer !== "xl" && layer !== "libvirt") return [];
  const text = untilNul(config);
  const id = layer === "xl" ? xlGenid(text) : domainXmlGenid(text);
  return id === null ? [] : [id];
}

/**
 * The config with another id in every place that has one; xl's gets one where it has none, because
 * libxl would take an absent one for zeros. All else stays byte for byte.
 *
 * @param config  with or without its NUL; it stays as it is
 * @param id      16 bytes in memory order
 * @returns null if there is no place for one, or the config cannot be read
 */
export function withConfiguredGenid(
  layer: Layer,
  config: Uint8Array,
  id: Uint8Array,
): Uint8Array | null {
  const changed = changedConfig(layer, config, id);
  if (changed === null) return null;
  // Read again: an edit of text is not to be trusted with a config of any form.
  const held = configuredGenids(layer, changed);
  const agrees = held.length > 0 && held.every((other) => isGenid(other, id));
  return agrees ? changed : null;
}

/** Whether a config's id is this one. */
export function isGenid(configured: ConfiguredGenid, id: Uint8Array): boolean {
  return configured !== "drawn" && hexOfBytes(configured) === hexOfBytes(id);
}

function changedConfig(layer: Layer, config: Uint8Array, id: Uint8Array): Uint8Array | null {
  if (layer === "xapi") return withXenopsGenid(config, id);
  if (layer !== "xl" && layer !== "libvirt") return null;
  const text = untilNul(config);
  const changed = layer === "xl" ? withXlGenid(text, id) : withDomainXmlGenid(text, id);
  if (changed === null) return null;
  const bytes = new Uint8Array(changed.length + config.length - text.length);
  bytes.set(changed);
  bytes.set(config.subarray(text.length), changed.length);
  return bytes;
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const nul = bytes.indexOf(0);
  return nul === -1 ? bytes : bytes.subarray(0, nul);
}
