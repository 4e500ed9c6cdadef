/**
 * Will it restore there? What a host's release takes of a stream, part by part: versions, records,
 * limits, parameters. The processor is host-fit-cpu.ts, the machine host-fit-machine.ts. Facts in,
 * faults out; an unknown limit refuses nothing.
 * Sources: the specification pages' remarks on releases.
 */
import { type Fault, hex, type Place } from "../findings/index.js";
import {
  HVM_PARAM_VIRIDIAN,
  type HvmContextRecord,
  type HvmParam,
  hvmParamName,
  RECORD_BODY_MAX,
  RECORD_NAMES,
  releaseText,
} from "../format/index.js";
import type { HostFacts } from "./host-facts.js";
import { type ParamPlace, paramEntryAt } from "./hvm-params.js";

/** What a fault of a host says beyond its rule and place. */
export type HostText = Pick<Fault, "message" | "expected" | "actual" | "hint" | "field">;

/** A fault that a host's Xen would make of the image. */
export function hostFault(rule: string, place: Place, text: HostText): Fault {
  // The rules of the host (HF) are of nothing else; the formats' rules have a case for it.
  const ruleCase = rule.startsWith("HF-") ? undefined : "on-host";
  return { rule, ruleCase, ...bare(place), onHost: "xen", ...text };
}

/** As hostFault, but of what Xen itself does not look at. */
export function beyondXenFault(rule: string, place: Place, text: HostText): Fault {
  return { ...hostFault(rule, place, text), onHost: "beyond-xen" };
}

/** A place without what else its object holds. */
function bare({ layer, byteOffset, recordIndex, recordType, entryIndex }: Place): Place {
  return { layer, byteOffset, recordIndex, recordType, entryIndex };
}

/** The host's release in words. */
export function hostXen({ release }: HostFacts): string {
  return release === null ? "the host's Xen" : `Xen ${releaseText(release)}`;
}

/** A length as MiB where it is whole. */
function lengthText(bytes: number): string {
  const mib = bytes / 1024 ** 2;
  return Number.isInteger(mib) ? `${mib} MiB` : `${bytes} bytes`;
}

/** LC-HDR-4: whether the release reads the stream's version. */
export function checkStreamVersion(host: HostFacts, version: number, place: Place): Fault[] {
  const versions = host.limits.streamVersions;
  if (versions === null || versions.includes(version)) return [];
  const reads = versions.length === 0 ? "legacy streams alone" : `version ${versions.join(" or ")}`;
  return [
    hostFault("LC-HDR-4", place, {
      message: `${hostXen(host)} does not read version ${version} of the stream.`,
      expected: reads,
      actual: `version ${version}`,
    }),
  ];
}

/** LC-REC-2 and LC-REC-4: whether the release knows a record, and takes its length. */
export function checkRecordHead(
  host: HostFacts,
  type: number,
  bodyBytes: number,
  place: Place,
): Fault[] {
  const { recordTypeMax, recordBodyBytes } = host.limits;
  const faults: Fault[] = [];
  if (recordTypeMax !== null && type > recordTypeMax && RECORD_NAMES[type] !== undefined) {
    faults.push(
      hostFault("LC-REC-2", place, {
        message: `${hostXen(host)} does not know the record ${RECORD_NAMES[type]}.`,
        expected: `a type of at most ${hex(recordTypeMax)}`,
        actual: hex(type),
      }),
    );
  }
  if (recordBodyBytes !== null && bodyBytes > recordBodyBytes && bodyBytes <= RECORD_BODY_MAX) {
    faults.push(
      hostFault("LC-REC-4", place, {
        message: `The body is longer than ${hostXen(host)} takes.`,
        expected: `at most ${lengthText(recordBodyBytes)}`,
        actual: `${bodyBytes} bytes`,
      }),
    );
  }
  return faults;
}

/** XL-3: whether the release knows the mandatory flags of an xl header. */
export function checkXlFlags(host: HostFacts, flags: number, place: Place): Fault[] {
  const known = host.limits.xlMandatoryFlags;
  if (known === null || (flags & ~known) === 0) return [];
  return [
    hostFault("XL-3", place, {
      message: `The xl of ${hostXen(host)} does not know mandatory flags ${hex(flags & ~known)}.`,
      expected: `flags within ${hex(known)}`,
      actual: hex(flags),
    }),
  ];
}

/** XS-HDR-2: whether the release's xenstored reads the stream's version. */
export function checkXenstoreVersion(host: HostFacts, version: number, place: Place): Fault[] {
  const versions = host.limits.xenstoreVersions;
  if (versions === null || versions.includes(version)) return [];
  return [
    hostFault("XS-HDR-2", place, {
      message: `The xenstored of ${hostXen(host)} does not read version ${version}.`,
      expected: `version ${versions.join(" or ")}`,
      actual: `version ${version}`,
      hint: "`xenstream convert --to xenstore-v1` makes version 1 of it.",
    }),
  ];
}

/** HP-1, HP-10: whether the release knows a parameter and takes its value. */
export function checkHostParam(
  host: HostFacts,
  { index, value }: HvmParam,
  place: ParamPlace,
): Fault[] {
  const { hvmParams, viridianFeatures } = host.limits;
  const cut = Number(BigInt.asUintN(32, index));
  const { byteOffset } = paramEntryAt(place);
  const at = { ...place, byteOffset, entryIndex: place.ordinal };
  const name = hvmParamName(BigInt(cut));
  if (name !== null && hvmParams !== null && cut >= hvmParams) {
    const message = `${hostXen(host)} does not know HVM parameter ${cut} (${name}).`;
    const expected = `an index below ${hvmParams}`;
    return [hostFault("HP-1", at, { message, expected, actual: String(cut) })];
  }
  if (cut !== HVM_PARAM_VIRIDIAN || viridianFeatures === null) return [];
  const refused = value & ~viridianFeatures;
  if (refused === 0n) return [];
  return [
    hostFault("HP-10", at, {
      message: `${hostXen(host)} lacks Viridian features ${hex(refused)} (HVM parameter 9).`,
      expected: `bits of ${hex(viridianFeatures)}`,
      actual: hex(value),
    }),
  ];
}

/** HC-5, HC-7: whether the release loads a record of the HVM context, in its length. */
export function checkHostContextRecord(
  host: HostFacts,
  record: HvmContextRecord,
  place: Place,
): Fault[] {
  const { hvmContextTypeMax, hvmContextBytes } = host.limits;
  const { typecode, name, bodyBytes } = record;
  if (name === null) return []; // nobody loads it
  const at = { ...place, byteOffset: record.byteOffset, entryIndex: record.ordinal };
  if (hvmContextTypeMax !== null && typecode > hvmContextTypeMax) {
    return [
      hostFault("HC-5", at, {
        message: `${hostXen(host)} does not load ${name} records (typecode ${typecode}).`,
        expected: `a typecode of at most ${hvmContextTypeMax}`,
        actual: String(typecode),
      }),
    ];
  }
  const most = hvmContextBytes[name];
  if (most === undefined || bodyBytes <= most) return [];
  return [
    hostFault("HC-7", at, {
      message: `${hostXen(host)} knows ${name} records of ${most} bytes alone.`,
      expected: `at most ${most} bytes`,
      actual: `${bodyBytes} bytes`,
    }),
  ];
}
