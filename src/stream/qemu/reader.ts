/**
 * QEMU device state, bare or as a section of a container: taken as it is and judged by its first
 * bytes and its last one. Its sections have no lengths, so it cannot be walked without the device
 * layouts. Source: QEMU migration/savevm.c (facts); LL-QE-2, LL-QE-3.
 */
import type { Fault, Limits } from "../../findings/index.js";
import {
  type Layer,
  QEMU_SECTION_EOF,
  QEMU_VERSION_MAX,
  QEMU_VERSION_MIN,
} from "../../format/index.js";
import { viewOf } from "../magic.js";
import type { Reader } from "../protocol.js";
import { readBytes, skipBytes } from "../requests.js";
import { QEMU_PROBE } from "./probe.js";

/** Magic and version. */
const QEMU_HEADER_BYTES = 8;

/** Bytes passed over in one request where a state reaches to the end of the input. */
const SKIP_STEP_BYTES = 2 ** 30;

/**
 * Read bare QEMU state, which reaches to the end of the input.
 *
 * @returns the end of the input
 */
export function* readQemu(byteOffset: number, limits: Limits): Reader<number> {
  yield { event: "container", name: "qemu", byteOffset };
  return (
    byteOffset + (yield* readQemuSection(byteOffset, Number.POSITIVE_INFINITY, "qemu", limits))
  );
}

/**
 * Read QEMU state and give it as a section "emulator", after what is wrong with it. A state longer
 * than `limits.maxMetadataBytes` is passed over: its section has no body.
 *
 * @param claimedBytes  its length, infinite for "to the end of the input"
 * @param layer         the format that holds it
 * @returns bytes present; where they are fewer than a finite claim, nothing was given
 */
export function* readQemuSection(
  byteOffset: number,
  claimedBytes: number,
  layer: Layer,
  limits: Limits,
): Reader<number> {
  const wantedBytes = Math.min(claimedBytes, limits.maxMetadataBytes);
  const state = yield* readBytes(byteOffset, wantedBytes);
  let bytes = state.length;
  while (bytes >= wantedBytes && bytes < claimedBytes) {
    const step = Math.min(SKIP_STEP_BYTES, claimedBytes - bytes);
    const present = yield* skipBytes(byteOffset + bytes, step);
    bytes += present;
    if (present < step) break;
  }
  if (Number.isFinite(claimedBytes) && bytes < claimedBytes) return bytes;
  const whole = bytes === state.length;
  for (const fault of qemuFaults(state, whole, { layer, byteOffset })) {
    yield { event: "fault", fault };
  }
  if (QEMU_PROBE.matches(state) && state.length >= QEMU_HEADER_BYTES) {
    const fields = { version: viewOf(state).getUint32(4, false), bytes };
    yield {
      event: "header",
      layer,
      name: "QEMU device state",
      byteOffset,
      bytes: QEMU_HEADER_BYTES,
      fields,
    };
  }
  const body = whole ? state : null;
  yield { event: "section", layer, name: "emulator", byteOffset, bytes, body };
  return bytes;
}

/**
 * What is wrong with QEMU state, as far as can be told without the device layouts.
 *
 * @param state  its bytes, or its beginning
 * @param whole  whether `state` is all of it; else its last byte is not judged
 */
export function qemuFaults(
  state: Uint8Array,
  whole: boolean,
  place: { readonly layer: Layer; readonly byteOffset: number },
): Fault[] {
  if (!QEMU_PROBE.matches(state) || state.length < QEMU_HEADER_BYTES) {
    return [{ ...place, rule: "LL-QE-2", expected: "QEVM and a version" }];
  }
  const faults: Fault[] = [];
  const version = viewOf(state).getUint32(4, false);
  if (version < QEMU_VERSION_MIN || version > QEMU_VERSION_MAX) {
    faults.push({
      ...place,
      rule: "LL-QE-2",
      byteOffset: place.byteOffset + 4,
      expected: `version ${QEMU_VERSION_MIN} or ${QEMU_VERSION_MAX}`,
      actual: `${version}`,
    });
  }
  const last = state.length === QEMU_HEADER_BYTES ? undefined : state[state.length - 1];
  if (whole && last !== QEMU_SECTION_EOF) {
    faults.push({
      ...place,
      rule: "LL-QE-3",
      byteOffset: place.byteOffset + state.length - 1,
      expected: "a last byte 0x00",
      actual: last === undefined ? "no section" : `0x${last.toString(16).padStart(2, "0")}`,
    });
  }
  return faults;
}
