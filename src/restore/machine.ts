/**
 * The restorer's state machine: stream events in, a guest and its faults out. One machine serves
 * verify, restore and extract, so that verdict and memory cannot disagree. Each record is handled
 * in libxc-records.ts or libxl-records.ts, what follows END in hvm.ts and pv.ts.
 * Source: libxc and libxl stream documents; Xen xg_sr_restore.c and libxl_stream_read.c (facts).
 */
import { XenstoreChecks } from "../checks/index.js";
import { type GuestKind, IMAGE_HEADER_BYTES, type XenstoreHeader } from "../format/index.js";
import { Guest } from "../guest/index.js";
import {
  type ContainerEvent,
  decodeHvmContext,
  decodeXenstoreRecord,
  type HeaderEvent,
  type Job,
  type MomentEvent,
  type RecordEvent,
  type SectionEvent,
  type StreamEvent,
  xenstoreHeaderOf,
} from "../stream/index.js";
import { domainConfigOf } from "./config.js";
import { DomainFacts } from "./facts.js";
import { compareConfiguredGenid } from "./genid.js";
import type { HostFit } from "./host-fit.js";
import {
  completeCleared,
  completeHvm,
  completeParams,
  completePorts,
  judgeHvmRecords,
} from "./hvm.js";
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
  /** A checkpointed stream ended in the middle of an epoch: what is left of it is told of already. */
  brokenOff = false;
  #libxc: LibxcRecords | null = null;
  #version = 0;
  #xen = "";
  #frozen = false;
  #vcpus: number | null;
  #domainOptions: RestoreOptions;
  /** Null where no host was named. */
  readonly hostFit: HostFit | null;
  #xenstore: { readonly header: XenstoreHeader; readonly checks: XenstoreChecks } | null = null;

  constructor(options: RestoreOptions) {
    this.options = options;
    this.#domainOptions = options;
    this.#vcpus = options.vcpus;
    this.libxl = new LibxlRecords(options);
    this.hostFit = options.host?.(options.report) ?? null;
  }

  /** Take one event. A moment may leave a job that has to be done before the next event. */
  accept(event: StreamEvent): Job<void> | null {
    if (!this.#frozen) this.hostFit?.observe(event);
    switch (event.event) {
      case "container":
        this.container.push(event.name);
        return null;
      case "fault":
        this.options.report(event.fault);
        return null;
      case "section":
        this.#section(event);
        return null;
      case "header":
        this.#header(event);
        return null;
      case "batch":
        if (!this.#frozen) this.#libxc?.batch(event);
        return null;
      case "record":
        this.#record(event);
        return null;
      case "moment":
        return this.#moment(event);
    }
  }

  /** The image is over, by its end or because framing was lost: what only then is certain. */
  finish(): void {
    this.hostFit?.finish({ domain: this.domain, guest: this.guest, vcpus: this.#vcpus });
    if (this.#xenstore === null) return;
    for (const fault of this.#xenstore.checks.finish()) this.options.report(fault);
    for (let left = this.#xenstore.checks.suppressed; left > 0; left -= 1) this.options.suppress();
  }

  #record(event: RecordEvent): void {
    switch (event.head.layer) {
      case "libxl":
        this.libxl.record(event, this.domain?.guest ?? null);
        return;
      case "xenstore": {
        if (this.#xenstore === null) return;
        const { header, checks } = this.#xenstore;
        const record = decodeXenstoreRecord(event, header);
        for (const fault of checks.record(record)) this.options.report(fault);
        return;
      }
      default:
        if (!this.#frozen) this.#libxc?.record(event);
    }
  }

  #section(section: SectionEvent): void {
    this.sections.push(section);
    const { vcpus, type } = domainConfigOf(section);
    this.#vcpus ??= vcpus;
    this.libxl.domainType ??= type;
    this.libxl.section(section);
    if (section.name !== "hvm-context" || section.body === null) return;
    const { layer, byteOffset } = section;
    const place = { layer, byteOffset };
    const context = decodeHvmContext(section.body, { ...place, bodyByteOffset: byteOffset });
    judgeHvmRecords(this.options, context, { vcpus: this.#vcpus, place });
  }

  #header(event: HeaderEvent): void {
    const { fields } = event;
    const xenstore = xenstoreHeaderOf(event);
    if (xenstore !== null) {
      const checks = new XenstoreChecks(xenstore, this.options.limits);
      this.#xenstore = { header: xenstore, checks };
      return;
    }
    if (typeof fields.version === "number") this.#version = fields.version;
    if (typeof fields.xen_major === "number") this.#xen = `${fields.xen_major}.${fields.xen_minor}`;
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
        this.brokenOff = event.detail?.why === "broken off";
        this.#libxc?.brokeOff(event.byteOffset);
        this.#dropped(event);
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
        this.#libxc?.beginEpoch();
        return;
    }
  }

  /** LC-CP-3, LC-CP-5, LC-CP-6, LL-SM-8: what became of the records behind the last checkpoint. */
  #dropped({ byteOffset, detail }: MomentEvent): void {
    const epoch = `epoch ${Number(detail?.epoch) + 1}`;
    const records = Number(detail?.records);
    const from = Number(detail?.epochByteOffset);
    if (detail?.why === "not confirmed") {
      const message = `Checkpoint ${Number(detail?.epoch) + 1} is not confirmed: its ${records} records are dropped.`;
      const fault = { rule: "LL-SM-8", ruleCase: "later", layer: "libxl", byteOffset } as const;
      this.options.report({ ...fault, message });
    } else if (detail?.why === "END") {
      if (records === 0) return;
      const message = `${records} records of ${epoch} stand before END: they are dropped.`;
      this.options.report({ rule: "LC-CP-5", layer: "libxc", byteOffset: from, message });
    } else if (byteOffset === from && detail?.present === 0) {
      this.options.report({ rule: "LC-CP-3", layer: "libxc", byteOffset });
    } else {
      const message = `The stream breaks off at ${byteOffset}: ${epoch} with its ${records} whole records is dropped.`;
      this.options.report({ rule: "LC-CP-6", layer: "libxc", byteOffset: from, message });
    }
  }

  #begin(event: MomentEvent): void {
    const kind = event.detail?.guest === "pv" ? "pv" : "hvm";
    const known = event.detail?.guest !== null;
    // What the config tells counts where the caller told nothing.
    const options = { ...this.options, vcpus: this.#vcpus };
    this.#domainOptions = options;
    this.guest = new Guest(options.engine, {
      kind,
      model: typeof options.model === "function" ? options.model(kind) : options.model,
      fillLater: options.fillLater,
      limits: options.limits,
      readData: options.readData,
      report: options.report,
      onBatch: options.onBatch,
    });
    this.domain = new DomainFacts(known ? kind : null, this.#version, this.#xen);
    this.domain.pvh = this.libxl.domainType === "pvh";
    this.#libxc = new LibxcRecords(options, this.domain, this.guest);
    this.#frozen = false;
    if (!known) return;
    this.#judgeKind(kind, event);
    this.libxl.guestKnown(kind);
  }

  /**
   * LC-DOM-1: the config says what domain is to be filled, and of what kind a converter is to take
   * a legacy stream for.
   */
  #judgeKind(kind: GuestKind, { layer, byteOffset }: MomentEvent): void {
    const type = this.libxl.domainType;
    if (type === null || (kind === "pv") === (type === "pv")) return;
    const expected = `a stream of ${type === "pv" ? "a PV" : "an HVM"} guest`;
    const actual = `one of ${kind === "pv" ? "a PV" : "an HVM"} guest`;
    const message = `The config asks for a ${type.toUpperCase()} domain: the stream is ${actual}.`;
    // A legacy stream has no field for it.
    const place =
      layer === "libxc"
        ? { layer, byteOffset: byteOffset + IMAGE_HEADER_BYTES }
        : { layer, byteOffset, field: null };
    this.options.report({ rule: "LC-DOM-1", ...place, message, expected, actual });
  }

  #committed(): void {
    if (this.domain === null || this.#frozen) return;
    this.domain.checkpoints += 1;
    this.libxl.epochCommitted();
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
      if (libxc !== null) completeParams(this.#domainOptions, libxc.params, guest);
      completePorts(this.#domainOptions, domain);
      completeCleared(domain);
      completeHvm(this.#domainOptions, domain, closing);
      yield* compareConfiguredGenid(domain, guest, this.sections, this.options.report);
    }
    if (domain.guest === "pv") yield* completePv(this.#domainOptions, domain, guest, closing);
  }
}
