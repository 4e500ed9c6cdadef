/**
 * The restorer's state machine: stream events in, a guest and its faults out. One machine serves
 * verify, restore and extract, so that verdict and memory cannot disagree. Each record is handled
 * in libxc-records.ts or libxl-records.ts, what follows END in hvm.ts and pv.ts.
 * Source: libxc and libxl stream documents; Xen xg_sr_restore.c and libxl_stream_read.c (facts).
 */
import { Guest } from "../guest/index.js";
import type {
  ContainerEvent,
  Job,
  MomentEvent,
  SectionEvent,
  StreamEvent,
} from "../stream/index.js";
import { DomainFacts } from "./facts.js";
import { completeHvm, completeParams } from "./hvm.js";
import { LibxcRecords } from "./libxc-records.js";
import { LibxlRecords } from "./libxl-records.js";
import type { RestoreOptions } from "./options.js";
import { completePv } from "./pv.js";

/** Consumes the events of one image; a job may ask for bytes of the input. */
export class Restorer {
  readonly options: RestoreOptions;
  /** Formats met, outermost first. */
  readonly container: ContainerEvent["name"][] = [];
  /** Configs and other sections of the containers, bodies as read. */
  readonly sections: SectionEvent[] = [];
  readonly libxl: LibxlRecords;
  /** The domain and its guest; null until a libxc (or legacy) stream began. */
  domain: DomainFacts | null = null;
  guest: Guest | null = null;
  /** Where reading ended, and what stands behind. */
  endOffset = 0;
  #libxc: LibxcRecords | null = null;
  #version = 0;
  #xen = "";
  #frozen = false;

  constructor(options: RestoreOptions) {
    this.options = options;
    this.libxl = new LibxlRecords(options);
  }

  /** Take one event. */
  *accept(event: StreamEvent): Job<void> {
    switch (event.event) {
      case "container":
        this.container.push(event.name);
        return;
      case "fault":
        this.options.report(event.fault);
        return;
      case "section":
        this.sections.push(event);
        return;
      case "header":
        this.#header(event.fields);
        return;
      case "batch":
        if (!this.#frozen) this.#libxc?.batch(event);
        return;
      case "record":
        if (event.head.layer === "libxl") this.libxl.record(event, this.domain?.guest ?? null);
        else if (!this.#frozen) this.#libxc?.record(event);
        return;
      case "moment":
        yield* this.#moment(event);
        return;
    }
  }

  #header(fields: Readonly<Record<string, unknown>>): void {
    if (typeof fields.version === "number") this.#version = fields.version;
    if (typeof fields.xenMajor === "number") this.#xen = `${fields.xenMajor}.${fields.xenMinor}`;
  }

  *#moment(event: MomentEvent): Job<void> {
    switch (event.moment) {
      case "libxc-begin":
        this.#begin(event);
        return;
      case "epoch-committed":
        this.#committed();
        return;
      case "failover":
        this.#libxc?.brokeOff(event.byteOffset);
        this.domain?.completion.push({
          step: "LC-CP-6",
          what: `records since checkpoint ${event.detail?.epoch} dropped: ${event.detail?.why}`,
        });
        return;
      case "libxc-end":
        yield* this.#complete(event.byteOffset);
        return;
      case "end":
        this.endOffset = event.byteOffset;
        return;
      case "epoch-begin":
        this.#libxc?.params.beginEpoch();
        return;
    }
  }

  #begin(event: MomentEvent): void {
    const kind = event.detail?.guest === "pv" ? "pv" : "hvm";
    const known = event.detail?.guest !== null;
    const { options } = this;
    this.guest = new Guest(options.engine, {
      kind,
      model: options.model,
      limits: options.limits,
      readData: options.readData,
      report: options.report,
      onBatch: options.onBatch,
    });
    this.domain = new DomainFacts(known ? kind : null, this.#version, this.#xen);
    this.#libxc = new LibxcRecords(options, this.domain, this.guest);
    this.#frozen = false;
    if (known) this.libxl.guestKnown(kind);
  }

  #committed(): void {
    if (this.domain === null || this.#frozen) return;
    this.domain.checkpoints += 1;
    if (this.domain.checkpoints === this.options.checkpoint) this.#frozen = true;
  }

  /** What a restorer does once the stream is read: LC-HVM-7 and the context, or PV completion. */
  *#complete(byteOffset: number): Job<void> {
    const { domain, guest } = this;
    if (domain === null || guest === null) return;
    this.endOffset = byteOffset;
    domain.completed = true;
    const libxc = this.#libxc;
    const closing = libxc?.closingPlace ?? { layer: "libxc" as const, byteOffset };
    if (domain.guest === "hvm") {
      if (libxc !== null) completeParams(this.options, libxc.params, guest);
      completeHvm(this.options, domain, closing);
    }
    if (domain.guest === "pv") yield* completePv(this.options, domain, guest, closing);
  }
}
