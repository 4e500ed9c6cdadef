/**
 * What the tests of the legacy reader share: reading a stream from memory, and lists of what it gave.
 */
import { DEFAULT_LIMITS, type Limits } from "../../../src/findings/index.js";
import { legacyShapeOf } from "../../../src/stream/legacy/probe.js";
import { readLegacy } from "../../../src/stream/legacy/reader.js";
import type { Wrapper } from "../../../src/stream/nested.js";
import { concat } from "../../builders/bytes.js";
import { type DriveOptions, drive } from "../drive.js";

/** How a stream is read; as a bare one of a 32-bit toolstack if nothing is said. */
export interface Read extends DriveOptions {
  readonly width?: 32 | 64;
  readonly wrapper?: Wrapper | null;
  readonly limits?: Partial<Limits>;
}

/** Read a stream told to be of a width; the kind of guest is seen from the bytes. */
export function read(bytes: Uint8Array, options: Read = {}) {
  const shape = legacyShapeOf(bytes, options.width ?? 32);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const reader = readLegacy(0, { shape, wrapper: options.wrapper ?? null, limits });
  return drive(reader, bytes, options);
}

/** Records and batches in the order given: name and body (of a batch, its entries). */
export function records(driven: ReturnType<typeof read>) {
  return driven.events.flatMap((event) => {
    if (event.event === "record") {
      return [{ name: event.head.name, body: event.body }];
    }
    if (event.event !== "batch") return [];
    const seen = driven.batches.find((batch) => batch.event === event);
    return [{ name: event.head.name, body: concat(...(seen?.entries ?? [])) }];
  });
}

/** Names of records and batches in the order given. */
export function names(driven: ReturnType<typeof read>) {
  return records(driven).map(({ name }) => name);
}

/** Sections in the order given. */
export function sections(driven: ReturnType<typeof read>) {
  return driven.events.flatMap((event) => (event.event === "section" ? [event] : []));
}
