/**
 * Watches the order in which the sections of a XAPI image come. xenopsd takes any order, so what it
 * says are remarks, but for one thing: an image without a stream restores nothing.
 * Source: xen-api suspend_image.ml, domain.ml (facts); XA-4.
 */
import type { Fault } from "../../findings/index.js";
import {
  XAPI_DEMU,
  XAPI_END_OF_IMAGE,
  XAPI_LIBXC,
  XAPI_LIBXC_LEGACY,
  XAPI_QEMU_TRAD,
  XAPI_SWTPM,
  XAPI_SWTPM0,
  XAPI_VARSTORED,
  XAPI_XENOPS,
} from "../../format/index.js";
import type { Section } from "./sections.js";

/** Place of each type in an image as xenopsd writes it; equal places have no order among them. */
const PLACE_BY_TYPE: ReadonlyMap<number, number> = new Map([
  [XAPI_XENOPS, 0],
  [XAPI_LIBXC, 1],
  [XAPI_LIBXC_LEGACY, 1],
  [XAPI_DEMU, 2],
  [XAPI_VARSTORED, 3],
  [XAPI_SWTPM0, 3],
  [XAPI_SWTPM, 3],
  [XAPI_QEMU_TRAD, 4],
  [XAPI_END_OF_IMAGE, 5],
]);
const STREAM_PLACE = 1;

/** One image's order so far. */
export class OrderWatch {
  #place = -1;
  #before = "the signature";
  #streams = 0;

  /** Take note of the next section. Returns what its coming here breaches. */
  next(section: Section): Fault[] {
    const faults: Fault[] = [];
    const place = PLACE_BY_TYPE.get(section.type) ?? this.#place;
    const at = {
      rule: "XA-4",
      layer: "xapi",
      byteOffset: section.byteOffset,
      recordType: section.name,
    } as const;
    if (place === STREAM_PLACE) this.#streams += 1;
    if (place < this.#place || (place === STREAM_PLACE && this.#streams > 1)) {
      faults.push({ ...at, message: `${section.name} stands behind ${this.#before}.` });
    } else if (this.#place === -1 && place !== 0) {
      faults.push({ ...at, message: `The image begins with ${section.name}, not with Xenops.` });
    }
    if (section.type === XAPI_END_OF_IMAGE && this.#streams === 0) {
      const message = "The image ends without a Libxc record: there is no domain to restore.";
      faults.push({ ...at, ruleCase: "no-stream", message });
    }
    this.#place = Math.max(this.#place, place);
    this.#before = section.name;
    return faults;
  }
}
