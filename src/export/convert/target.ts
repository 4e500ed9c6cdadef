/**
 * What stands around the rewritten libxc stream in each target: begin, checkpoints, end. It says
 * what of the device model's state has no room. Source: libxl stream document; XA-4, XA-12.
 */
import { type GuestKind, XAPI_QEMU_BYTES_MAX } from "../../format/index.js";
import { beginLibvirt, beginXapi, beginXl, endXapi } from "../writers/containers.js";
import { writeLibxcHeaders } from "../writers/libxc.js";
import {
  beginLibxl,
  type EmulatorRecords,
  endLibxl,
  writeLibxlCheckpoint,
} from "../writers/libxl.js";
import type { ByteSink } from "../writers/sink.js";
import type { ReadyConfig } from "./config.js";
import type { TakeNote } from "./note.js";

/** Containers that a guest can be converted to. */
export type GuestTarget = "libxc" | "libxl" | "xl" | "libvirt" | "xapi";

/** What is known when the libxc stream begins. */
export interface TargetStart {
  readonly guest: GuestKind;
  readonly xenMajor: number;
  readonly xenMinor: number;
  /** The stream is made of a legacy one. */
  readonly converted: boolean;
  /** For xl, libvirt and xapi. */
  readonly config: ReadyConfig | null;
}

/** Write all that stands before the first libxc record. */
export function beginTarget(sink: ByteSink, target: GuestTarget, start: TargetStart): void {
  const config = start.config?.bytes ?? new Uint8Array(0);
  if (target === "xl") beginXl(sink, { config, json: start.config?.json ?? true });
  if (target === "libvirt") beginLibvirt(sink, config);
  if (target === "xapi") beginXapi(sink, config);
  else if (target !== "libxc") beginLibxl(sink, start.converted);
  const { guest, xenMajor, xenMinor } = start;
  writeLibxcHeaders(sink, { guest, xenMajor, xenMinor });
}

/** Write what stands behind a libxc CHECKPOINT. */
export function writeTargetCheckpoint(
  sink: ByteSink,
  target: GuestTarget,
  emulator: EmulatorRecords,
): void {
  if (target === "libxl") writeLibxlCheckpoint(sink, emulator);
}

/** Write what stands behind the libxc stream. */
export function endTarget(
  sink: ByteSink,
  target: GuestTarget,
  emulator: EmulatorRecords,
  note: TakeNote,
): void {
  const { context, xenstore } = emulator;
  switch (target) {
    case "libxc":
      if (context !== null) noteDropped(note, "the device model's state", target);
      if (xenstore !== null) noteDropped(note, "the device model's Xenstore entries", target);
      return;
    case "xapi": {
      const fits = context === null || context.context.length <= XAPI_QEMU_BYTES_MAX;
      if (!fits) noteDropped(note, "the device model's state (more than 1 MiB)", target);
      if (xenstore !== null) noteDropped(note, "the device model's Xenstore entries", target);
      endXapi(sink, fits ? (context?.context ?? null) : null);
      return;
    }
    default:
      endLibxl(sink, emulator);
      return;
  }
}

function noteDropped(note: TakeNote, what: string, target: GuestTarget): void {
  note({ note: "emulator-dropped", message: `A ${target} file has no room for ${what}: dropped.` });
}
