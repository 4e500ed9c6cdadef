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
  PAGE_BYTES,
} from "../format/index.js";
import type { Guest, MemoryState } from "../guest/index.js";
import {
  hexOfBytes,
  type Job,
  parseJsonConfig,
  readU64,
  type SectionEvent,
} from "../stream/index.js";
import type { DomainFacts } from "./facts.js";

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
/** Type of a guest in libxl's JSON whose part may hold the id, by release. */
const CONFIG_PARTS = ["type.hvm", "type.pvh"] as const;

/** The id as Xenstore has it: two decimal words with a colon between (VG-1). */
export function xenstoreGenid(id: Uint8Array): string {
  return `${readU64(id, 0)}:${readU64(id, 8)}`;
}

/**
 * Read the id, and lay a new one over the guest's memory.
 *
 * @param change  16 bytes, not all zero; null to keep what is there
 * @param report  takes VG-20 or VG-21 where a change was asked for and cannot be
 * @returns null where the guest has no id, or none that can be read; memory is untouched then
 */
export function* applyGenid(
  domain: DomainFacts,
  guest: Guest,
  change: Uint8Array | null,
  report: (fault: Fault) => void,
  byteOffset: number,
): Job<GenidFacts | null> {
  const buffer = bufferOf(domain, guest);
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

/** VG-25: the id of xl's JSON config against the one in memory, where both are there. */
export function* compareConfiguredGenid(
  domain: DomainFacts,
  guest: Guest,
  sections: readonly SectionEvent[],
  report: (fault: Fault) => void,
): Job<void> {
  const configured = sections.map((section) => ({ section, id: configuredGenid(section) }));
  const found = configured.find(({ id }) => id !== null);
  const buffer = bufferOf(domain, guest);
  if (found === undefined || found.id === null || buffer.at !== "address") return;
  const held = yield* readGenid(guest, buffer.address, "stream");
  if (hexOfBytes(held) === hexOfBytes(found.id)) return;
  const { layer, byteOffset } = found.section;
  const expected = `${hexOfBytes(held)} as in memory`;
  report({ rule: "VG-25", layer, byteOffset, expected, actual: hexOfBytes(found.id) });
}

function bufferOf(domain: DomainFacts, guest: Guest): Buffer16 {
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
    // A pfn that was populated without contents holds nothing that a guest would look at.
    if (guest.isPopulated(pfn) && guest.lastCopyOffset(pfn) >= 0) continue;
    return { at: "bad", why: `address ${name}, but no page 0x${pfn.toString(16)} with data` };
  }
  return { at: "address", address };
}

function unreachable(buffer: Exclude<Buffer16, { at: "address" }>, byteOffset: number): Fault {
  const place = { layer: "libxc", byteOffset } as const;
  if (buffer.at === "none") return { ...place, rule: "VG-20" };
  const expected = "16 bytes below 4 GiB, 8-aligned, in pages of the image";
  return { ...place, rule: "VG-21", expected, actual: buffer.why };
}

function* readGenid(guest: Guest, address: number, state: MemoryState): Job<Uint8Array> {
  const pages = new Uint8Array(2 * PAGE_BYTES);
  const first = Math.floor(address / PAGE_BYTES);
  const inPage = address % PAGE_BYTES;
  const count = inPage + GENERATION_ID_BYTES > PAGE_BYTES ? 2 : 1;
  yield* guest.readPages(first, count, pages.subarray(0, count * PAGE_BYTES), state);
  return pages.slice(inPage, inPage + GENERATION_ID_BYTES);
}

/** The id in libxl's JSON, an array of 16 bytes; null where there is none, or it is all zero. */
function configuredGenid(section: SectionEvent): Uint8Array | null {
  if (section.name !== "config" || section.layer !== "xl" || section.body === null) return null;
  const parsed = parseJsonConfig(section.body);
  if (!parsed.ok) return null;
  const build = objectOf(parsed.config.b_info);
  const parts = [build, ...CONFIG_PARTS.map((name) => objectOf(build[name]))];
  for (const { ms_vm_genid: id } of parts) {
    if (!Array.isArray(id) || id.length !== GENERATION_ID_BYTES) continue;
    const isByte = (byte: unknown) => Number.isInteger(byte) && Number(byte) >> 8 === 0;
    if (id.every(isByte) && id.some((byte) => byte !== 0)) return Uint8Array.from(id as number[]);
  }
  return null;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
