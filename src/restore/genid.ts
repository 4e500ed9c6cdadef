/**
 * The VM Generation ID: found by parameter 34, compared with the container's config, and renewed
 * as a toolstack does after the stream was applied. Where the new id comes from is the caller's.
 * Source: VG-20..25, HP-8; Microsoft's Virtual Machine Generation ID (facts).
 */
import type { Fault } from "../findings/index.js";
import {
  GENERATION_ID_ALIGN,
  GENERATION_ID_BYTES,
  HVM_PARAM_VM_GENERATION_ID_ADDR,
  type Layer,
  PAGE_BYTES,
} from "../format/index.js";
import type { Guest, MemoryState } from "../guest/index.js";
import {
  configuredGenids,
  hexOfBytes,
  isGenid,
  type Job,
  type SectionEvent,
} from "../stream/index.js";
import type { DomainFacts } from "./facts.js";

/** VG-20: a new id was asked for, and the guest has none. */
export function noGenidDevice(byteOffset: number): Fault {
  return { rule: "VG-20", layer: "libxc", byteOffset };
}

/** The id of a guest that has one. */
export interface GenidFacts {
  /** Guest-physical, of the first byte. */
  readonly address: number;
  /** 16 bytes as the stream left them. */
  readonly old: Uint8Array;
  /** 16 bytes as they are now; equal to `old` where nothing was to be changed. */
  readonly new: Uint8Array;
}

/** Where a guest's id is: nowhere, at an address that cannot be, or at a sound one. */
type Buffer16 =
  | { readonly at: "none" }
  | { readonly at: "bad"; readonly why: string }
  | { readonly at: "address"; readonly address: number };

const ADDRESS_END = 2n ** 32n;

/** What a config with another id means where it is not libxl that reads it. */
const DIFFERENCE_HINTS: ReadonlyMap<Layer, string> = new Map([
  ["libvirt", "Memory keeps its id unless libvirt hands the configured one on: let both agree."],
  ["xapi", "XAPI writes the id of its database: this record may be of another VM or save."],
]);

/** A change of the id that is asked for. */
export interface GenidRequest {
  /** 16 bytes, not all zero; null to keep what is there. */
  readonly id: Uint8Array | null;
  /** Memory as a restore leaves it, or a stream: its restore must not clear the page again. */
  readonly into: MemoryState;
  /** Where faults are told to be. */
  readonly byteOffset: number;
}

/**
 * Read the id, and lay a new one over the guest's memory.
 *
 * @param report  takes VG-20 or VG-21 where a change was asked for and cannot be
 * @returns null where the guest has no id, or none that can be read; memory is untouched then
 */
export function* applyGenid(
  domain: DomainFacts,
  guest: Guest,
  { id: change, into, byteOffset }: GenidRequest,
  report: (fault: Fault) => void,
): Job<GenidFacts | null> {
  const buffer = bufferOf(domain, guest, change === null ? "restored" : into);
  if (buffer.at !== "address") {
    if (change !== null) report(unreachable(buffer, byteOffset));
    return null;
  }
  const { address } = buffer;
  const old = yield* readGenid(guest, address, "restored");
  if (change === null) return { address, old, new: old };
  // The 16 bytes may lie over a page end (VG-5): each page gets its part.
  const first = Math.floor(address / PAGE_BYTES);
  const inPage = address % PAGE_BYTES;
  const head = Math.min(GENERATION_ID_BYTES, PAGE_BYTES - inPage);
  guest.fixUp(first, "part", (page) => page.set(change.subarray(0, head), inPage));
  if (head < GENERATION_ID_BYTES) {
    guest.fixUp(first + 1, "part", (page) => page.set(change.subarray(head), 0));
  }
  const what = `generation id at 0x${address.toString(16)} renewed`;
  domain.completion.push({ step: "VG-22", pfn: first, what });
  return { address, old, new: yield* readGenid(guest, address, "restored") };
}

/**
 * The id of a container's config: VG-9 where xl's pins one for all restores, VG-25 where memory,
 * which has one too, holds another. A config that has the toolstack draw one agrees with all.
 */
export function* compareConfiguredGenid(
  domain: DomainFacts,
  guest: Guest,
  sections: readonly SectionEvent[],
  report: (fault: Fault) => void,
): Job<void> {
  for (const { name, layer, body, byteOffset } of sections) {
    if ((name !== "config" && name !== "metadata") || body === null) continue;
    const ids = configuredGenids(layer, body).filter((id) => id !== "drawn");
    const [first] = ids;
    if (first === undefined) continue;
    if (layer === "xl") report({ rule: "VG-9", layer, byteOffset, actual: hexOfBytes(first) });
    const buffer = bufferOf(domain, guest);
    if (buffer.at !== "address") return;
    const held = yield* readGenid(guest, buffer.address, "stream");
    const other = ids.find((id) => !isGenid(id, held));
    if (other === undefined) return;
    const expected = `${hexOfBytes(held)} as in memory`;
    const hint = DIFFERENCE_HINTS.get(layer);
    report({ rule: "VG-25", layer, byteOffset, expected, actual: hexOfBytes(other), hint });
    return;
  }
}

function bufferOf(domain: DomainFacts, guest: Guest, into: MemoryState = "restored"): Buffer16 {
  const value = domain.hvmParams.get(HVM_PARAM_VM_GENERATION_ID_ADDR) ?? 0n;
  if (value === 0n) return { at: "none" };
  const name = `0x${value.toString(16)}`;
  const aligned = value % BigInt(GENERATION_ID_ALIGN) === 0n;
  if (!aligned || value + BigInt(GENERATION_ID_BYTES) > ADDRESS_END) {
    return { at: "bad", why: `address ${name}` };
  }
  const address = Number(value);
  const last = Math.floor((address + GENERATION_ID_BYTES - 1) / PAGE_BYTES);
  for (let pfn = Math.floor(address / PAGE_BYTES); pfn <= last; pfn += 1) {
    const page = `page 0x${pfn.toString(16)}`;
    if (into === "stream" && guest.fixUpOf(pfn) !== undefined) {
      return { at: "bad", why: `address ${name}, but a restore changes ${page}` };
    }
    // A pfn that was populated without contents holds nothing that a guest would look at.
    if (guest.isPopulated(pfn) && guest.lastCopyOffset(pfn) >= 0) continue;
    return { at: "bad", why: `address ${name}, but no ${page} with data` };
  }
  return { at: "address", address };
}

function unreachable(buffer: Exclude<Buffer16, { at: "address" }>, byteOffset: number): Fault {
  if (buffer.at === "none") return noGenidDevice(byteOffset);
  const expected = "16 bytes below 4 GiB, 8-aligned, in pages of the image";
  return { rule: "VG-21", layer: "libxc", byteOffset, expected, actual: buffer.why };
}

function* readGenid(guest: Guest, address: number, state: MemoryState): Job<Uint8Array> {
  const pages = new Uint8Array(2 * PAGE_BYTES);
  const first = Math.floor(address / PAGE_BYTES);
  const inPage = address % PAGE_BYTES;
  const count = inPage + GENERATION_ID_BYTES > PAGE_BYTES ? 2 : 1;
  yield* guest.readPages(first, count, pages.subarray(0, count * PAGE_BYTES), state);
  return pages.slice(inPage, inPage + GENERATION_ID_BYTES);
}
