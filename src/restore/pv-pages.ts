/**
 * The pages of a PV guest that completion reads and writes: start info, console, p2m. Where they are
 * and whether they may be used is pv.ts's. Source: LC-PV-20, LC-PV-25; LC-SIM-6.
 */
import { type GuestWidth, PAGE_BYTES, PV_START_INFO_LAYOUT } from "../format/index.js";
import type { Guest } from "../guest/index.js";
import type { RestoreOptions } from "./options.js";

const CONSOLE_CONNECTION = 0xc10;

/** The pages that start info names. */
export function readStartInfo(
  page: Uint8Array,
  width: GuestWidth,
): { readonly storePfn: number; readonly consolePfn: number } {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_BYTES);
  const fields = PV_START_INFO_LAYOUT[width];
  const word = (offset: number) =>
    width === 8 ? Number(view.getBigUint64(offset, true)) : view.getUint32(offset, true);
  return { storePfn: word(fields.storeMfn), consolePfn: word(fields.consoleMfn) };
}

/** Write what the new domain decides into start info. */
export function writeStartInfo(
  page: Uint8Array,
  width: GuestWidth,
  pageCount: number,
  {
    sharedInfoFrame,
    storePort,
    consolePort,
  }: Pick<RestoreOptions, "sharedInfoFrame" | "storePort" | "consolePort">,
): void {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_BYTES);
  const fields = PV_START_INFO_LAYOUT[width];
  const word = (offset: number, value: number) => {
    if (width === 8) view.setBigUint64(offset, BigInt(value), true);
    else view.setUint32(offset, value, true);
  };
  word(fields.nrPages, pageCount);
  word(fields.sharedInfo, sharedInfoFrame * PAGE_BYTES);
  view.setUint32(fields.flags, 0, true);
  view.setUint32(fields.storePort, storePort, true);
  view.setUint32(fields.consolePort, consolePort, true);
}

/** Tell the guest in its console page that it has to connect anew. */
export function markConsole(page: Uint8Array): void {
  page[CONSOLE_CONNECTION] = 1;
}

/** Write one page of the guest's p2m: the frame of each pfn, all ones where there is none. */
export function writeP2mPage(
  page: Uint8Array,
  guest: Guest,
  firstPfn: number,
  width: GuestWidth,
): void {
  const view = new DataView(page.buffer, page.byteOffset, PAGE_BYTES);
  const count = Math.min(PAGE_BYTES / width, guest.maxPfn + 1 - firstPfn);
  for (let i = 0; i < count; i += 1) {
    const pfn = firstPfn + i;
    const populated = guest.isPopulated(pfn);
    if (width === 8) view.setBigUint64(i * 8, populated ? BigInt(pfn) : 2n ** 64n - 1n, true);
    else view.setUint32(i * 4, populated ? pfn : 0xffff_ffff, true);
  }
}
