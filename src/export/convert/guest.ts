/**
 * Converts one guest image while it is read: takes the reader's events, before and after the
 * restorer had them, and writes the target to a sink. It asks for no bytes of its own but in
 * finish(). Whether the source is right is the restorer's to say; nothing may be kept of an output
 * whose source was rejected. Source: legacy conversion, libxl, libxc and container formats.
 */
import {
  LIBXL_OPTION_LEGACY,
  LIBXL_REC_TYPE_CHECKPOINT_STATE,
  XAPI_DEMU,
  XAPI_NAMES,
  XAPI_SWTPM,
  XAPI_SWTPM0,
  XAPI_VARSTORED,
  XL_FLAG_JSON,
} from "../../format/index.js";
import type { Guest } from "../../guest/index.js";
import {
  type BatchEvent,
  type HeaderEvent,
  type Job,
  type MomentEvent,
  nextOffset,
  type RecordEvent,
  type SectionEvent,
  type StreamEvent,
} from "../../stream/index.js";
import type { ByteSink } from "../writers/sink.js";
import { BatchCopy, EntryBuffer, PopulateOnly } from "./batch-copy.js";
import { writeCompactPages } from "./compact.js";
import {
  type ConfigTarget,
  type DomainIdentity,
  identityOf,
  keptConfig,
  madeConfig,
  type ReadyConfig,
  UNKNOWN_DOMAIN,
} from "./config.js";
import { EmulatorState } from "./emulator.js";
import { agreeingConfig, type TargetGenid } from "./genid-config.js";
import { type LibxcForm, LibxcRewriter } from "./libxc-stream.js";
import { MemoryPatch } from "./memory-patch.js";
import type { TakeNote } from "./note.js";
import { beginTarget, endTarget, type GuestTarget, writeTargetCheckpoint } from "./target.js";

/** What is wanted. */
export interface GuestConversion {
  readonly to: GuestTarget;
  readonly form: LibxcForm;
  /** The caller's config; null to take the source's, or make one. */
  readonly config: ReadyConfig | null;
  /** What an earlier look at the image told, for a config that has to be made. */
  readonly identity: DomainIdentity;
  /** The input can be asked for bytes again: pages behind VERIFY can be compared. */
  readonly canReread: boolean;
  /** The id that an earlier look at the image found or was to set; null: none, or none known. */
  readonly genid: TargetGenid | null;
}

/** Sections of a XAPI image that no other target has, and that are not read. */
const XAPI_LOST: ReadonlySet<string | undefined> = new Set(
  [XAPI_VARSTORED, XAPI_SWTPM0, XAPI_SWTPM, XAPI_DEMU].map((type) => XAPI_NAMES.get(type)),
);

/** One conversion. */
export class GuestConverter {
  readonly #sink: ByteSink;
  readonly #want: GuestConversion;
  readonly #note: TakeNote;
  readonly #emulator: EmulatorState;
  readonly #entries = new EntryBuffer();
  readonly #configs: SectionEvent[] = [];
  readonly #patch: MemoryPatch | null;
  #rewriter: LibxcRewriter | null = null;
  #xen = { xenMajor: 0, xenMinor: 0 };
  #converted = false;
  #xlJson = true;
  #confirmedTo = 0;
  #mendedPages = 0;
  #epochs = 0;
  #streams = 0;

  constructor(sink: ByteSink, want: GuestConversion, note: TakeNote) {
    this.#sink = sink;
    this.#want = want;
    this.#note = note;
    this.#emulator = new EmulatorState(note);
    const { genid } = want;
    this.#patch =
      genid !== null && genid.renewed !== null ? new MemoryPatch(genid.address, genid.id) : null;
  }

  /** An event, before the restorer has it. */
  event(event: StreamEvent): void {
    switch (event.event) {
      case "header":
        this.#header(event);
        return;
      case "section":
        this.#section(event);
        return;
      case "record":
        this.#record(event);
        return;
      case "batch":
        this.#rewriter?.pageData();
        return;
      case "moment":
        this.#moment(event);
        return;
    }
  }

  /** A batch that the restorer gave its sink: from now on pages go to the output too. */
  taken(event: BatchEvent, guest: Guest): void {
    if (event.sink === null || this.#want.form === "compact") return;
    const common = { guest, output: this.#sink, entries: this.#entries };
    if (guest.verifying && !this.#comparable(guest)) {
      event.sink = new PopulateOnly(event.sink, common);
      return;
    }
    event.sink = new BatchCopy(event.sink, {
      ...common,
      patch: this.#patch,
      mended: (pages) => {
        this.#mendedPages += pages;
      },
    });
  }

  /** Why what was read cannot be converted though it is right; null if it can. */
  get refusal(): string | null {
    if (this.#streams === 0) return "It holds no guest: there is no libxc or legacy stream.";
    return this.#streams === 1 ? null : "It holds more than one libxc stream.";
  }

  /** The image was read and accepted: write what is left. */
  *finish(guest: Guest): Job<void> {
    if (this.#want.form === "compact") {
      yield* writeCompactPages({ guest, sink: this.#sink, patch: this.#patch });
    }
    this.#rewriter?.end();
    const { records } = this.#emulator;
    // A checkpointed stream is over with its libxc stream: each epoch has its own records (LL-SM-13).
    if (this.#want.form === "epochs" && this.#epochs > 0) return;
    if (guest.kind === "hvm" && records.context === null && this.#want.to !== "libxc") {
      const message = "The source has no state of a device model: right for a PVH guest alone.";
      this.#note({ note: "emulator-missing", message });
    }
    endTarget(this.#sink, this.#want.to, records, this.#note);
    if (this.#mendedPages > 0) {
      const message = `${this.#mendedPages} pages behind VERIFY differed: what is kept was written.`;
      this.#note({ note: "verify-mended", message });
    }
  }

  /** Whether what is sent behind VERIFY can be held against what was sent before. */
  #comparable(guest: Guest): boolean {
    return this.#want.canReread || guest.model === "resident";
  }

  #header({ layer, name, fields, byteOffset }: HeaderEvent): void {
    const { xen_major: xenMajor, xen_minor: xenMinor, options, mandatory_flags: flags } = fields;
    if (typeof xenMajor === "number" && typeof xenMinor === "number") {
      this.#xen = { xenMajor, xenMinor };
    }
    if (layer === "legacy") this.#converted = true;
    if (layer === "libxl" && typeof options === "number") {
      this.#converted = (options & LIBXL_OPTION_LEGACY) !== 0;
    }
    if (layer === "xl" && typeof flags === "number") {
      this.#xlJson = (flags & XL_FLAG_JSON) !== 0;
    }
    if (layer === "xapi" && XAPI_LOST.has(name)) {
      const message = `The section ${name} of the source is dropped.`;
      this.#note({ note: "section-dropped", message, byteOffset });
    }
  }

  #section(event: SectionEvent): void {
    if (event.name === "config" || event.name === "metadata") this.#configs.push(event);
    else this.#emulator.section(event);
  }

  #record(event: RecordEvent): void {
    const { head } = event;
    if (head.layer !== "libxl") {
      this.#rewriter?.record(event);
      return;
    }
    this.#confirmedTo = nextOffset(head);
    if (head.type !== LIBXL_REC_TYPE_CHECKPOINT_STATE) this.#emulator.record(event);
  }

  #moment(event: MomentEvent): void {
    switch (event.moment) {
      case "libxc-begin":
        this.#begin(event);
        return;
      case "epoch-committed":
        this.#confirmedTo = Math.max(this.#confirmedTo, event.byteOffset);
        this.#epochs += 1;
        this.#rewriter?.committed();
        if (this.#want.form === "epochs") {
          writeTargetCheckpoint(this.#sink, this.#want.to, this.#emulator.records);
        }
        return;
      case "failover":
        if (event.byteOffset > this.#confirmedTo) {
          const message = `What follows checkpoint ${event.detail?.epoch} was not committed: dropped.`;
          this.#note({ note: "epoch-dropped", message, byteOffset: this.#confirmedTo });
        }
        return;
    }
  }

  #begin({ detail }: MomentEvent): void {
    this.#streams += 1;
    const { to, form } = this.#want;
    const guest = detail?.guest;
    if (this.#streams > 1 || (guest !== "hvm" && guest !== "pv")) return;
    const chosen = to === "libxc" || to === "libxl" ? null : this.#config(to, guest);
    this.#noteDroppedConfigs(chosen);
    const { genid, config: given } = this.#want;
    const asIs = chosen === null || genid === null || to === "libxc" || to === "libxl";
    const config = asIs ? chosen : agreeingConfig(to, chosen, genid, given !== null, this.#note);
    const converted = this.#converted;
    beginTarget(this.#sink, to, { guest, ...this.#xen, converted, config });
    const checkpointed = detail?.checkpointed === true;
    // A pipe's pages are held for PV alone: without them nothing behind VERIFY can be compared.
    const keepVerify = form !== "compact" && (this.#want.canReread || guest === "pv");
    const options = { form, checkpointed, keepVerify };
    this.#rewriter = new LibxcRewriter(this.#sink, options, this.#note);
  }

  /** The caller's config goes before the source's, any before a made one. */
  #config(to: ConfigTarget, guest: "hvm" | "pv"): ReadyConfig {
    if (this.#want.config !== null) return this.#want.config;
    for (const section of this.#configs) {
      const kept = keptConfig(to, section, this.#xlJson);
      if (kept !== null) return kept;
    }
    const told =
      this.#configs.map(identityOf).find(({ vcpus }) => vcpus !== null) ?? UNKNOWN_DOMAIN;
    const { identity } = this.#want;
    const known = {
      name: told.name ?? identity.name,
      vcpus: told.vcpus ?? identity.vcpus,
      memoryKiB: told.memoryKiB ?? identity.memoryKiB,
    };
    const message = `A minimal ${to} config was made: --config gives a right one.`;
    this.#note({ note: "config-made", message });
    return madeConfig(to, guest, known);
  }

  #noteDroppedConfigs(used: ReadyConfig | null): void {
    const { to } = this.#want;
    for (const section of this.#configs) {
      const kept = used !== null && this.#want.config === null && section.layer === to;
      if (kept) continue;
      const message = `The ${section.layer} ${section.name} of the source is dropped.`;
      this.#note({ note: "config-dropped", message, byteOffset: section.byteOffset });
    }
  }
}
