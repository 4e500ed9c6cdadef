/**
 * One image from its first request to its verdict: the reader, the restorer and the collector put
 * together as one job that only asks for bytes. Every command is made of this.
 */
import type { MemoryModel, PageEngine } from "../engine/index.js";
import { FindingCollector, type Limits, type Profile, StreamError } from "../findings/index.js";
import type { GuestKind, Layer } from "../format/index.js";
import type { BatchFacts } from "../guest/index.js";
import {
  DOMAIN_DEFAULTS,
  type HostCheck,
  type RestoreOptions,
  Restorer,
} from "../restore/index.js";
import {
  type ImageEnd,
  isRequest,
  type Job,
  readImage,
  type StreamEvent,
} from "../stream/index.js";

/** What a caller decides about reading an image. */
export interface ReadingOptions {
  readonly profile: Profile;
  readonly checkpointed: boolean;
  readonly formatHint: string | null;
  readonly vcpus: number | null;
  readonly limits: Limits;
  readonly readData: boolean;
  /** May depend on the guest, whose kind is known when its stream begins. */
  readonly model: MemoryModel | ((guest: GuestKind) => MemoryModel);
  /** Resident: contents come later, by fillGuest(). */
  readonly fillLater?: boolean | undefined;
  readonly sharedInfoFrame: number;
  readonly storePort: number;
  readonly consolePort: number;
  readonly checkpoint: number | null;
  /** The host that the image is checked against, too (hostCheck()). */
  readonly host?: HostCheck | null | undefined;
  /** Is told of every PAGE_DATA record that was taken over. */
  readonly onBatch?: ((facts: BatchFacts) => void) | undefined;
}

/**
 * Errors that stop Xen's readers, not ours: a wrapper that sends its stream to the wrong reader. An
 * image without others has all that it should; what is written of it is right.
 */
export const READ_HERE: ReadonlySet<string> = new Set(["XL-9", "LV-6"]);

/** Everything by default: Xen's own verdict, a plain stream, detection by bytes. */
export const READING_DEFAULTS = {
  profile: "restore",
  checkpointed: false,
  formatHint: null,
  vcpus: null,
  readData: false,
  checkpoint: null,
  ...DOMAIN_DEFAULTS,
} as const satisfies Partial<ReadingOptions>;

/** One image while it is read, and what is known of it afterwards. */
export class Image {
  /** Its own until the next image takes it. */
  readonly engine: PageEngine;
  readonly options: ReadingOptions;
  readonly collector: FindingCollector;
  readonly restorer: Restorer;
  /** How the outermost stream ended; null where its framing was lost. */
  end: ImageEnd | null = null;

  constructor(engine: PageEngine, options: ReadingOptions) {
    this.engine = engine;
    this.options = options;
    this.collector = new FindingCollector(options.profile, options.limits);
    const restore: RestoreOptions = {
      engine,
      model: options.model,
      fillLater: options.fillLater,
      limits: options.limits,
      readData: options.readData,
      vcpus: options.vcpus,
      sharedInfoFrame: options.sharedInfoFrame,
      storePort: options.storePort,
      consolePort: options.consolePort,
      checkpoint: options.checkpoint,
      onBatch: options.onBatch,
      host: options.host,
      report: (fault) => this.collector.add(fault),
      suppress: () => this.collector.suppress(),
    };
    this.restorer = new Restorer(restore);
  }

  /**
   * Read the image to its end, or to where its framing is lost. Afterwards the guest may be asked
   * for pages by jobs on the same input.
   *
   * @param observe sees every event before it is taken
   * @param taken   sees every event afterwards: a batch has its sink then, which may be wrapped
   */
  *run(observe?: (event: StreamEvent) => void, taken?: (event: StreamEvent) => void): Job<void> {
    const { checkpointed, limits, formatHint } = this.options;
    const reader = readImage({ checkpointed, limits, formatHint });
    try {
      let answer = 0;
      for (;;) {
        const step = reader.next(answer);
        if (step.done) {
          this.end = step.value;
          break;
        }
        if (isRequest(step.value)) {
          answer = yield step.value;
          continue;
        }
        observe?.(step.value);
        const job = this.restorer.accept(step.value);
        if (job !== null) yield* job;
        taken?.(step.value);
      }
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.collector.add(error.fault);
    } finally {
      // An abandoned job must not leave a batch open in the engine.
      reader.return({ name: "", byteOffset: 0, trailingBytes: 0 });
    }
    this.restorer.finish();
    this.#trailing();
  }

  /** Bytes behind the end are no fault, but worth a note. A legacy stream notes them itself. */
  #trailing(): void {
    const end = this.end;
    const { container, brokenOff } = this.restorer;
    // What is left of an epoch that broke off is no trailing byte, but part of what is dropped.
    if (end === null || end.trailingBytes === 0 || brokenOff) return;
    const place = container.includes("legacy") ? undefined : TRAILING[end.name];
    if (place === undefined) return;
    this.collector.add({
      ...place,
      ruleCase: "trailing",
      byteOffset: end.byteOffset,
      message: `${end.trailingBytes} bytes follow the end of the stream; nobody reads them.`,
    });
  }
}

/** Rule and layer of trailing bytes, by the outermost format; the others have no such rule. */
const TRAILING: Readonly<Record<string, { readonly rule: string; readonly layer: Layer }>> = {
  libxc: { rule: "LC-ORD-7", layer: "libxc" },
  libxl: { rule: "LL-POS-5", layer: "libxl" },
  xl: { rule: "LL-POS-5", layer: "libxl" },
  libvirt: { rule: "LL-POS-5", layer: "libxl" },
  xenstore: { rule: "XS-REC-6", layer: "xenstore" },
};
