/**
 * A whole synthetic image: the libxc stream in its container, item by item. The entrance to this
 * folder for whoever wants the bytes. Sources: the documents of each format, as in writers/.
 */
import { UsageError } from "../../findings/index.js";
import {
  type ContainerName,
  LIBXL_REC_TYPE_CHECKPOINT_END,
  LIBXL_REC_TYPE_END,
  LIBXL_REC_TYPE_LIBXC_CONTEXT,
} from "../../format/index.js";
import { encodeLibxlHeader, libxlHeader } from "../../stream/index.js";
import {
  type ByteSink,
  beginLibvirt,
  beginXapi,
  beginXl,
  endXapi,
  MemorySink,
} from "../writers/index.js";
import { domainXml, libxlConfig, xenopsRecord } from "./config.js";
import { emulatorRecords, libxlRecord, qemuState } from "./emulator.js";
import { faultOf } from "./faults/index.js";
import { HvmModel } from "./hvm.js";
import type { HeaderItem, HeaderName, Items, RecordItem } from "./items.js";
import type { GuestModel } from "./model.js";
import { checkGenerateOptions, GENERATE_DEFAULTS, type GenerateOptions, isPv } from "./options.js";
import { PvModel } from "./pv.js";
import { libxcItems } from "./stream.js";

const NO_BODY = new Uint8Array(0);

/** Containers around the stream, outermost first. */
export const CONTAINER_CHAINS: Readonly<
  Record<GenerateOptions["container"], readonly ContainerName[]>
> = {
  libxc: ["libxc"],
  libxl: ["libxl", "libxc"],
  xl: ["xl", "libxl", "libxc"],
  libvirt: ["libvirt", "libxl", "libxc"],
  xapi: ["xapi", "libxc"],
};

/**
 * Complete options: what the caller gave, else what the fault needs to show, else the defaults.
 *
 * @throws {UsageError} for options that contradict each other or the fault, or an unknown fault
 */
export function resolveGenerateOptions(given: Partial<GenerateOptions>): GenerateOptions {
  const fault = given.fault == null ? null : faultOf(given.fault);
  const asked = { ...GENERATE_DEFAULTS, ...fault?.preferred, ...given };
  // Repeats that nobody asked for make room for the zeros.
  const repeatPercent =
    given.repeatPercent ?? Math.min(asked.repeatPercent, 100 - asked.zeroPercent);
  const options = { ...asked, repeatPercent };
  checkGenerateOptions(options);
  const reason = fault?.refuses(options) ?? null;
  if (reason !== null) {
    throw new UsageError(`${options.fault} cannot show in such an image`, {
      option: "--fault",
      allowed: reason,
    });
  }
  return options;
}

/** The guest that complete options describe. */
export function modelOf(options: GenerateOptions): GuestModel {
  return isPv(options.guest) ? new PvModel(options) : new HvmModel(options);
}

/** True if a reader has to be told that the stream is a checkpointed one. */
export function needsCheckpointedFlag({ container, checkpoints }: GenerateOptions): boolean {
  return checkpoints > 0 && (container === "libxc" || container === "xapi");
}

/**
 * All items of an image, its fault put in.
 *
 * @param options  complete and checked
 */
export function imageItems(model: GuestModel, options: GenerateOptions): Items {
  const items = containerItems(model, options);
  return options.fault === null ? items : faultOf(options.fault).apply(items, options);
}

function containerItems(model: GuestModel, options: GenerateOptions): Items {
  switch (options.container) {
    case "libxc":
      return libxcItems(model, options, () => [], false);
    case "libxl":
      return libxlItems(model, options);
    case "xl":
      return wrapped(model, options, (sink) => beginXl(sink, { config: libxlConfig(options) }));
    case "libvirt":
      return wrapped(model, options, (sink) => beginLibvirt(sink, domainXml(options)));
    case "xapi":
      return xapiItems(model, options);
  }
}

function* wrapped(
  model: GuestModel,
  options: GenerateOptions,
  begin: (sink: ByteSink) => void,
): Items {
  yield header("container start", begin);
  yield* libxlItems(model, options);
}

function* libxlItems(model: GuestModel, options: GenerateOptions): Items {
  yield header("libxl header", (sink) => sink.write(encodeLibxlHeader(libxlHeader())));
  yield libxlRecord(LIBXL_REC_TYPE_LIBXC_CONTEXT, NO_BODY);
  const emulator = (): RecordItem[] =>
    options.guest === "hvm" ? emulatorRecords(options.seed) : [];
  const checkpoint = (): RecordItem[] => [
    ...emulator(),
    libxlRecord(LIBXL_REC_TYPE_CHECKPOINT_END, NO_BODY),
  ];
  yield* libxcItems(model, options, checkpoint, false);
  if (options.checkpoints > 0) return;
  yield* emulator();
  yield libxlRecord(LIBXL_REC_TYPE_END, NO_BODY);
}

/** xenopsd needs the stream's END to find the next section. */
function* xapiItems(model: GuestModel, options: GenerateOptions): Items {
  yield header("container start", (sink) => beginXapi(sink, xenopsRecord(options)));
  yield* libxcItems(model, options, () => [], true);
  const qemu = options.guest === "hvm" ? qemuState(options.seed) : null;
  yield header("container end", (sink) => endXapi(sink, qemu));
}

function header(name: HeaderName, fill: (sink: ByteSink) => void): HeaderItem {
  const sink = new MemorySink();
  fill(sink);
  return { kind: "header", name, bytes: sink.bytes() };
}
