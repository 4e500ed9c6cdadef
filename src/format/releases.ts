/**
 * What releases of Xen differ in for one who restores: stream versions, limits, lengths that have
 * grown. Facts of releases only, with null for what is not known; whether an image fits is judged
 * in checks/host-fit*.ts. Sources: the specification pages' remarks on releases.
 */
import type { HvmTypeName } from "./hvm-context.js";
import {
  REC_TYPE_CHECKPOINT_DIRTY_PFN_LIST,
  REC_TYPE_X86_MSR_POLICY,
  RECORD_BODY_MAX,
} from "./libxc.js";

/** A release of Xen, as 4.17. */
export interface XenRelease {
  readonly major: number;
  readonly minor: number;
}

/** What a release takes. Null, or a name left out: not known, or as the present release has it. */
export interface ReleaseLimits {
  /** Versions of the libxc stream; none before 4.6, which read legacy streams alone. */
  readonly streamVersions: readonly number[] | null;
  /** Largest body of a libxc record, without padding. */
  readonly recordBodyBytes: number | null;
  /** Highest type of a mandatory libxc record. */
  readonly recordTypeMax: number | null;
  /** HVM parameters: indices are below this. */
  readonly hvmParams: number | null;
  /** Viridian features that HVM parameter 9 may name. No page tells them by release. */
  readonly viridianFeatures: bigint | null;
  /** Highest typecode of an HVM context. */
  readonly hvmContextTypeMax: number | null;
  /** Longest records of an HVM context, where a later release has made them longer. */
  readonly hvmContextBytes: Readonly<Partial<Record<HvmTypeName, number>>>;
  /** Mandatory flags of an xl header. */
  readonly xlMandatoryFlags: number | null;
  /** Versions of the Xenstore stream. */
  readonly xenstoreVersions: readonly number[] | null;
}

/** Largest body before 4.10. */
export const RECORD_BODY_MAX_OLD = 0x0080_0000;
/** The newest release that the pages were compared with. */
export const NEWEST_RELEASE: XenRelease = { major: 4, minor: 22 };
/** The first release without qemu-traditional. */
export const FIRST_WITHOUT_QEMU_TRADITIONAL: XenRelease = { major: 4, minor: 21 };

/** A release with the first minor of 4.x that follows it in a table. */
type Until<T> = readonly [minor: number, value: T];

/** Values by release: each holds below its minor of 4.x. Beyond the last: `later`. */
function before<T>(release: XenRelease, rows: readonly Until<T>[], later: T): T {
  if (release.major > 4) return later;
  const minor = release.major < 4 ? -1 : release.minor;
  return rows.find(([until]) => minor < until)?.[1] ?? later;
}

// Lengths of HVM context records in earlier releases: below 4.MINOR at most so many bytes.
const CONTEXT_BYTES: Readonly<Partial<Record<HvmTypeName, readonly Until<number>[]>>> = {
  CPU: [
    [0, 1016],
    [7, 1024],
  ],
  LAPIC: [
    [1, 16],
    [21, 24],
  ],
  RTC: [[14, 16]],
  VIRIDIAN_DOMAIN: [
    [5, 16],
    [6, 24],
  ],
  VIRIDIAN_VCPU: [
    [7, 8],
    [13, 16],
  ],
  VMCE_VCPU: [
    [3, 8],
    [10, 24],
  ],
};

/** What a release takes, as far as it is known. */
export function releaseLimits(release: XenRelease): ReleaseLimits {
  const newer =
    release.major > NEWEST_RELEASE.major ||
    (release.major === NEWEST_RELEASE.major && release.minor > NEWEST_RELEASE.minor);
  const hvmContextBytes: Partial<Record<HvmTypeName, number>> = {};
  for (const [name, rows] of Object.entries(CONTEXT_BYTES)) {
    const bytes = before(release, rows, 0);
    if (bytes !== 0) hvmContextBytes[name as HvmTypeName] = bytes;
  }
  const dirtyList = REC_TYPE_CHECKPOINT_DIRTY_PFN_LIST;
  return {
    streamVersions: before<number[] | null>(
      release,
      [
        [6, []],
        [14, [2]],
      ],
      newer ? null : [2, 3],
    ),
    recordBodyBytes: before(release, [[10, RECORD_BODY_MAX_OLD]], newer ? null : RECORD_BODY_MAX),
    recordTypeMax: before(release, [[14, dirtyList]], newer ? null : REC_TYPE_X86_MSR_POLICY),
    // 4.7 and 4.8 lack VM86_TSS_SIZED (37); how many there were from 4.9 to 4.21 is not known.
    hvmParams: before<number | null>(
      release,
      [
        [4, null],
        [5, 32],
        [6, 35],
        [7, 36],
        [9, 37],
      ],
      null,
    ),
    viridianFeatures: null,
    // TSC_ADJUST came with 4.3.
    hvmContextTypeMax: before<number | null>(release, [[3, 18]], null),
    hvmContextBytes,
    xlMandatoryFlags: before<number | null>(
      release,
      [
        [5, 0],
        [6, 1],
      ],
      newer ? null : 3,
    ),
    xenstoreVersions: before<number[] | null>(release, [[21, [1]]], newer ? null : [1, 2]),
  };
}

/** Whether a release is the other one or a later one. */
export function isAtLeast(release: XenRelease, other: XenRelease): boolean {
  return (
    release.major > other.major || (release.major === other.major && release.minor >= other.minor)
  );
}

/** A release as 4.17. */
export function releaseText({ major, minor }: XenRelease): string {
  return `${major}.${minor}`;
}
