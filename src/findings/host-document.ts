/**
 * The description of a host, as `xenstream host` writes it and `verify --on` reads it, and what
 * came of a check against one. Types only; docs/host.schema.json says the same for other programs.
 * Everything but the head may be left out: what is not there is not checked, and said so.
 */

/** How a guest is run: PV by its width; PVH is an HVM container without devices. */
export type HostGuest = "hvm" | "pvh" | "pv64" | "pv32";

/** One CPUID leaf; registers are hex strings. */
export interface HostLeaf {
  readonly leaf: string;
  /** Left out for a leaf without subleaves. */
  readonly subleaf?: number;
  readonly eax: string;
  readonly ebx: string;
  readonly ecx: string;
  readonly edx: string;
}

/** A CPU policy: leaves and MSRs, or at least the feature bits in Xen's order of words. */
export interface HostPolicy {
  readonly leaves?: readonly HostLeaf[];
  readonly msrs?: readonly { readonly index: string; readonly value: string }[];
  readonly featureset?: readonly string[];
}

/** Names of the policies, as `xen-cpuid` has them. What guests are held to is `*Max`. */
export type HostPolicyName = "raw" | "host" | "pvMax" | "hvmMax" | "pvDefault" | "hvmDefault";

/** The processor, and what Xen makes of it for guests. */
export interface HostCpu {
  readonly vendor?: string;
  readonly family?: number;
  readonly model?: number;
  readonly stepping?: number;
  readonly physicalAddressBits?: number;
  /** Components of the extended state that a guest may use, as a hex mask. */
  readonly xcr0?: string;
  /** Entries that a CPUID or MSR policy may have. */
  readonly maxLeaves?: number;
  readonly maxMsrs?: number;
  readonly policies?: Readonly<Partial<Record<HostPolicyName, HostPolicy>>>;
}

/** What the release takes; each overrides what follows from `xen`. */
export interface HostLimits {
  readonly streamVersions?: readonly number[];
  readonly recordBodyBytes?: number;
  readonly recordTypeMax?: number;
  readonly hvmParams?: number;
  readonly viridianFeatures?: string;
  readonly hvmContextTypeMax?: number;
  readonly hvmContextBytes?: Readonly<Record<string, number>>;
  readonly xlMandatoryFlags?: number;
  readonly xenstoreVersions?: readonly number[];
}

/** HOST.json. */
export interface HostDescription {
  readonly format: "xenstream-host";
  readonly v: 1;
  readonly name?: string;
  /** Release, as "4.17". */
  readonly xen?: string;
  /** As `uname -m` has it: "x86_64", "aarch64". */
  readonly architecture?: string;
  readonly byteOrder?: "little" | "big";
  readonly guests?: readonly HostGuest[];
  readonly memory?: { readonly totalBytes?: number; readonly freeBytes?: number };
  /** Processors. */
  readonly cpus?: number;
  /** Vcpus that one guest may have. */
  readonly maxVcpus?: { readonly hvm?: number; readonly pv?: number };
  readonly cpu?: HostCpu;
  readonly tsc?: { readonly khz?: number; readonly scaling?: boolean };
  /** Names as in a domain's config: "qemu-xen", "qemu-xen-traditional". */
  readonly deviceModels?: readonly string[];
  /** QEMU machines, as libvirt's XML names them. */
  readonly machines?: readonly string[];
  readonly limits?: HostLimits;
  /** What could not be told, for people. */
  readonly notes?: readonly string[];
}

/** A reason why the host would not take the image. */
export interface HostReason {
  readonly rule: string;
  readonly message: string;
  readonly beyondXen?: true;
}

/** What came of the check against a host. */
export interface HostResult {
  /** What the description calls the host; else its release. */
  readonly name: string;
  /** `blocked` carries at least one reason. */
  readonly verdict: "fits" | "blocked";
  readonly blocking: readonly HostReason[];
  /** Reasons beyond those that are listed. */
  readonly blockingOmitted?: number;
  /** What the guest needs there, as far as the image tells. */
  readonly needs?: {
    readonly memoryBytes: number;
    /** An estimate, for HVM: what Xen keeps for the guest beside its pages. */
    readonly overheadBytesEstimate: number;
    readonly vcpus: number | null;
  };
  /** What could not be checked, and why. */
  readonly notChecked: readonly string[];
}
