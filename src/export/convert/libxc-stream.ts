/**
 * Rewrites the records of a stream that a restorer took, as a libxc v3 stream: static part first,
 * then STATIC_DATA_END, then memory and registers in the source's order. A checkpointed source
 * becomes a plain one: pages of later epochs are sent again, the records of an epoch's end are
 * written once, as the last committed epoch has them. Where bytes come from and who frames this
 * stream is not known here. Source: LC-ORD-1..5, LC-CP-2..6, LC-POL-5.
 */
import {
  REC_TYPE_CHECKPOINT,
  REC_TYPE_END,
  REC_TYPE_STATIC_DATA_END,
  REC_TYPE_VERIFY,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_PV_P2M_FRAMES,
  RECORD_NAMES,
} from "../../format/index.js";
import { bodyContext, type RecordEvent } from "../../stream/index.js";
import { writeLibxcMarker } from "../writers/libxc.js";
import { writeRecord } from "../writers/records.js";
import type { ByteSink } from "../writers/sink.js";
import { HeldRecords } from "./held-records.js";
import { normalBody } from "./normal.js";
import type { TakeNote } from "./note.js";

/**
 * `plain`: records as they come, epochs folded; `epochs`: CHECKPOINT records are kept; `compact`:
 * pages are the caller's, registers follow them.
 */
export type LibxcForm = "plain" | "epochs" | "compact";

/** How a stream is rewritten. */
export interface LibxcRewriting {
  readonly form: LibxcForm;
  /** The source is known to be checkpointed before its first CHECKPOINT. */
  readonly checkpointed: boolean;
  /** False: VERIFY and what is compared behind it are left out. */
  readonly keepVerify: boolean;
}

/** Held records beyond this are written early, which is right too: later ones replace them. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;

const STATIC: ReadonlySet<number> = new Set([
  REC_TYPE_X86_PV_INFO,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
]);

/** One libxc stream that is being rewritten; the headers are the caller's. */
export class LibxcRewriter {
  readonly #sink: ByteSink;
  readonly #form: LibxcForm;
  readonly #keepVerify: boolean;
  readonly #note: TakeNote;
  readonly #static = new Map<number, Uint8Array>();
  readonly #held = new HeldRecords();
  #staticEnded = false;
  #memoryBegan = false;
  #ended = false;
  /** Registers stay held until the stream's end: a later epoch may replace them. */
  #folding: boolean;

  constructor(sink: ByteSink, how: LibxcRewriting, note: TakeNote) {
    const { form, checkpointed, keepVerify } = how;
    this.#sink = sink;
    this.#form = form;
    this.#keepVerify = keepVerify;
    this.#note = note;
    this.#folding = form === "compact" || (checkpointed && form === "plain");
  }

  /** Any record but PAGE_DATA. */
  record(event: RecordEvent): void {
    const { head, body } = event;
    const { type, byteOffset } = head;
    if (RECORD_NAMES[type] === undefined || body === null) {
      const message = `Record ${head.recordIndex} (${head.name}) has no place in the output.`;
      this.#note({ note: "record-dropped", message, byteOffset });
      return;
    }
    switch (type) {
      case REC_TYPE_END:
        this.#ended = true;
        return;
      case REC_TYPE_CHECKPOINT:
        return;
      case REC_TYPE_STATIC_DATA_END:
        this.#staticEnded = true;
        return;
      case REC_TYPE_VERIFY:
        this.#verify(byteOffset);
        return;
      case REC_TYPE_X86_PV_P2M_FRAMES:
        this.#beginMemory();
        writeRecord(this.#sink, type, body);
        return;
    }
    const normal = normalBody(type, body, bodyContext(head, null));
    if (normal === null) {
      const message = `Record ${head.recordIndex} (${head.name}) is empty: it is left out.`;
      this.#note({ note: "record-dropped", message, byteOffset });
    } else if (STATIC.has(type)) {
      this.#takeStatic(event, normal);
    } else {
      this.#held.add({ type, body: normal });
      if (this.#memoryBegan && this.#held.bytes > HELD_BYTES_MAX) this.#flush();
    }
  }

  /** A PAGE_DATA record comes now. */
  pageData(): void {
    this.#beginMemory();
    if (!this.#folding) this.#flush();
  }

  /** The epoch that was read is committed. In the form `epochs` its CHECKPOINT is written. */
  committed(): void {
    this.#beginMemory();
    if (this.#form === "epochs") {
      this.#flush();
      writeLibxcMarker(this.#sink, "CHECKPOINT");
      return;
    }
    this.#folding = true;
    this.#held.commit();
  }

  /** The stream is over; in the form `compact` all pages were written. */
  end(): void {
    this.#beginMemory();
    this.#flush();
    // A checkpointed stream that broke off goes on breaking off: nobody sent an END.
    if (this.#form !== "epochs" || this.#ended) writeLibxcMarker(this.#sink, "END");
  }

  /** A policy behind the static part is stored by a restorer and never used (LC-POL-5). */
  #takeStatic(event: RecordEvent, body: Uint8Array): void {
    const { head } = event;
    const late = this.#memoryBegan || (this.#staticEnded && head.type !== REC_TYPE_X86_PV_INFO);
    if (!late) {
      this.#static.set(head.type, body);
      return;
    }
    const message = `${head.name} comes too late to be used: it is left out.`;
    this.#note({ note: "record-dropped", message, byteOffset: head.byteOffset });
  }

  #verify(byteOffset: number): void {
    if (!this.#keepVerify) {
      const message = "VERIFY and the pages behind it, which nobody writes, are left out.";
      this.#note({ note: "verify-dropped", message, byteOffset });
      return;
    }
    this.pageData();
    writeLibxcMarker(this.#sink, "VERIFY");
  }

  /** The static part ends where memory begins, at the latest (LC-ORD-2, LC-ORD-3). */
  #beginMemory(): void {
    if (this.#memoryBegan) return;
    this.#memoryBegan = true;
    for (const [type, body] of this.#static) writeRecord(this.#sink, type, body);
    this.#static.clear();
    writeLibxcMarker(this.#sink, "STATIC_DATA_END");
    // What came before memory stands before it: no page is there yet that it could change.
    if (!this.#folding) this.#flush();
  }

  #flush(): void {
    for (const { type, body } of this.#held.take()) writeRecord(this.#sink, type, body);
  }
}
