/**
 * The result document of inspect: headers, records, contexts, policies, the store. Types only; see
 * documents.ts for what it shares with the others.
 */
import type { Layer } from "../format/index.js";
import type { DocumentHead, FileResult } from "./documents.js";

/** A header as inspect lists it. */
export interface InspectHeader {
  readonly layer: Layer;
  readonly name: string;
  readonly byteOffset: number;
  readonly bytes: number;
  /** By the standard's names. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A record as inspect lists it. */
export interface InspectRecord {
  readonly layer: Layer;
  /** Ordinal within its layer, from 0. */
  readonly index: number;
  readonly type: number;
  /** Name in the standard, or the number in hex. */
  readonly name: string;
  /** Of the record header. */
  readonly byteOffset: number;
  /** Of the body, without padding. */
  readonly length: number;
  /** The body, decoded; left out for PAGE_DATA and for bodies that were not read. */
  readonly decoded?: unknown;
}

/** A PAGE_DATA record as inspect lists it. */
export interface InspectBatch {
  /** Ordinal of the record within its layer. */
  readonly recordIndex: number;
  readonly byteOffset: number;
  readonly entries: number;
  readonly dataPages: number;
  /** Entries by the name of their page type. */
  readonly pageTypes: Readonly<Record<string, number>>;
}

/** The CPU policies of an image, each part where its record came. Numbers are hex strings. */
export interface CpuPolicyResult {
  readonly leaves?: readonly {
    readonly leaf: string;
    /** Left out where the leaf has none. */
    readonly subleaf?: number;
    readonly eax: string;
    readonly ebx: string;
    readonly ecx: string;
    readonly edx: string;
  }[];
  /** Features that the leaves grant, by name. */
  readonly features?: readonly string[];
  readonly msrs?: readonly { readonly index: string; readonly value: string }[];
}

/** A quota of a Xenstore stream; 0 is unlimited. */
export interface XenstoreQuotaResult {
  readonly name: string;
  readonly value: number;
}

/** What a Xenstore stream holds, put together. Values that are no printable text are in hex. */
export interface XenstoreResult {
  /** The committed tree, depth first; the first permission names a node's owner. */
  readonly nodes: readonly {
    readonly path: string;
    /** Levels below "/". */
    readonly level: number;
    readonly value?: string;
    readonly valueHex?: string;
    readonly permissions: readonly string[];
  }[];
  readonly watches: readonly {
    readonly connId: number;
    readonly wpath: string;
    readonly token: string;
    readonly depth: number | "unlimited" | "unknown";
  }[];
  readonly connections: readonly unknown[];
  readonly transactions: readonly unknown[];
  readonly pendingNodes: readonly unknown[];
  readonly quotas: {
    readonly domain: readonly XenstoreQuotaResult[];
    readonly global: readonly XenstoreQuotaResult[];
  } | null;
  readonly domains: readonly {
    readonly domid: number;
    readonly features: string;
    readonly quotas: readonly XenstoreQuotaResult[];
  }[];
  readonly global: unknown;
}

/** Form of a config. */
export type ConfigFormat = "xl-json" | "xl-text" | "libvirt-xml";

/** Devices of one kind: how many, and the first of them in a line each. */
export interface ConfigDevices {
  readonly count: number;
  readonly shown: readonly string[];
}

/** A domain by its config; what the config does not tell, or tells as another type, is left out. */
export interface ConfigSummary {
  readonly format: ConfigFormat;
  readonly name?: string;
  readonly uuid?: string;
  /** In the words of the config: `hvm`, `pvh`, `pv`, `linux`. */
  readonly guest?: string;
  /** QEMU's machine, in libvirt's XML. */
  readonly machine?: string;
  /** In xl's words, as `qemu-xen`. */
  readonly deviceModel?: string;
  /** Vcpus that are online at first. */
  readonly vcpus?: number;
  readonly maxVcpus?: number;
  readonly memoryKiB?: number;
  readonly maxMemoryKiB?: number;
  readonly disks: ConfigDevices;
  readonly nics: ConfigDevices;
  /** Framebuffers and other graphics. */
  readonly vfbs: ConfigDevices;
  readonly pci: ConfigDevices;
}

/** One image as inspect gives it: what verify gives, and everything that is in it. */
export interface InspectResult extends FileResult {
  readonly headers: readonly InspectHeader[];
  /** Headers beyond those listed. */
  readonly headersOmitted?: number;
  /** In the order of the input. */
  readonly records: readonly InspectRecord[];
  /** Records beyond those listed. */
  readonly recordsOmitted?: number;
  readonly batches: readonly InspectBatch[];
  /** The records of the HVM context, decoded. */
  readonly hvmContext?: unknown;
  /** The CPUID and MSR policies, decoded. */
  readonly cpuPolicy?: CpuPolicyResult;
  /** What a Xenstore stream holds. */
  readonly store?: XenstoreResult;
  /** xl's JSON as a value; libvirt's XML and xl's text as a string. */
  readonly config?: unknown;
  /** The same config in short; left out where it cannot be read. */
  readonly configSummary?: ConfigSummary;
}

/** `inspect --json`. */
export interface InspectDocument extends DocumentHead, InspectResult {
  readonly command: "inspect";
}
