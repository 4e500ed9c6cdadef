/**
 * The two kinds of conversion as jobs: an image is run through its reader and restorer, and what
 * comes by is given to export/, which writes. Once the source is rejected nothing more is written,
 * unless for faults that are gone from what is written.
 */
import {
  convertXenstoreRecord,
  type GuestConversion,
  GuestConverter,
  type TakeNote,
  type XenstoreVersion,
} from "../export/index.js";
import { UsageError } from "../findings/index.js";
import type { XenstoreHeader } from "../format/index.js";
import {
  decodeXenstoreRecord,
  encodeXenstoreHeader,
  type Job,
  type StreamEvent,
  xenstoreHeaderOf,
} from "../stream/index.js";
import { type Image, READ_HERE } from "./image.js";
import type { Output } from "./output.js";

/** Watches are written in the document's form, whatever form they come in. */
const XENSTORE_MENDED: ReadonlySet<string> = new Set(["XS-WEX-3"]);

/** Whether an image has no errors but those that its conversion mends. */
export function isConvertible({ collector }: Image, into: "guest" | "xenstore"): boolean {
  return !collector.rejectsBeyond(into === "xenstore" ? XENSTORE_MENDED : READ_HERE);
}

/** What a job works with. */
export interface Conversion {
  readonly image: Image;
  readonly output: Output;
  readonly note: TakeNote;
}

/** A guest image into a container of guests. */
export class GuestJob {
  readonly #conversion: Conversion;
  readonly #converter: GuestConverter;

  constructor(conversion: Conversion, want: GuestConversion) {
    this.#conversion = conversion;
    this.#converter = new GuestConverter(conversion.output, want, conversion.note);
  }

  /** Why the source, though right, was not converted. */
  get refusal(): string | null {
    return accepted(this.#conversion.image) ? this.#converter.refusal : null;
  }

  *run(): Job<void> {
    const { image } = this.#conversion;
    const converter = this.#converter;
    yield* image.run(
      (event) => {
        if (event.event === "container" && event.name === "xenstore") {
          throw otherKind("a Xenstore stream", "xenstore-v1 or xenstore-v2");
        }
        if (accepted(image)) converter.event(event);
      },
      (event) => {
        const { guest } = image.restorer;
        if (event.event === "batch" && guest !== null && accepted(image)) {
          converter.taken(event, guest);
        }
      },
    );
    const { guest } = image.restorer;
    if (guest === null || converter.refusal !== null || !accepted(image)) return;
    yield* converter.finish(guest);
  }
}

/** A Xenstore stream into one of a version. */
export class XenstoreJob {
  readonly refusal = null;
  readonly #conversion: Conversion;
  readonly #version: XenstoreVersion;
  #header: XenstoreHeader | null = null;

  constructor(conversion: Conversion, version: XenstoreVersion) {
    this.#conversion = conversion;
    this.#version = version;
  }

  *run(): Job<void> {
    const { image } = this.#conversion;
    yield* image.run((event) => {
      if (event.event === "container" && event.name !== "xenstore") {
        throw otherKind(`a ${event.name} image`, "libxc, libxl, xl, libvirt or xapi");
      }
      if (isConvertible(image, "xenstore")) this.#write(event);
    });
  }

  #write(event: StreamEvent): void {
    const { output, note } = this.#conversion;
    if (event.event === "header") {
      this.#header = xenstoreHeaderOf(event) ?? this.#header;
      if (this.#header !== null) {
        output.write(encodeXenstoreHeader(this.#version, this.#header.byteOrder));
      }
    } else if (event.event === "record" && this.#header !== null) {
      const record = decodeXenstoreRecord(event, this.#header);
      const { bytes, notes } = convertXenstoreRecord(record, this.#header, this.#version);
      output.write(bytes);
      for (const { note: kind, message, byteOffset } of notes) {
        note({ note: kind, message, byteOffset });
      }
    }
  }
}

const accepted = (image: Image): boolean => isConvertible(image, "guest");

function otherKind(what: string, allowed: string): UsageError {
  return new UsageError(`the input is ${what}`, { option: "--to", allowed });
}
