/**
 * Builders of what an HVM guest adds: the HVM context blob and whole HVM streams.
 * Source: hvm-state sections 3 and 4; order as in libxc-stream section 8.
 */
import { ascii, concat, u16le, u32le, u64le, zeros } from "./bytes.js";
import {
  cpuidPolicy,
  end,
  type HvmParam,
  headers,
  hvmParams,
  msrPolicy,
  NO_SUBLEAF,
  type PageEntry,
  pageData,
  REC,
  staticDataEnd,
  tscInfo,
} from "./libxc.js";
import { libxcRecord, type Part } from "./parts.js";

/** One record of the context: typecode, instance, length, content. */
export function contextRecord(typecode: number, instance: number, content: Uint8Array): Uint8Array {
  return concat(u16le(typecode), u16le(instance), u32le(content.length), content);
}

/** The HEADER record; `changeset` all ones means unknown. */
export function contextHeader(fields: { magic?: number; version?: number } = {}): Uint8Array {
  const { magic = 0x5438_1286, version = 1 } = fields;
  const content = concat(
    u32le(magic),
    u32le(version),
    u64le(0xffff_ffff_ffff_ffffn),
    u32le(0x0003_06c3),
    u32le(2_400_000),
  );
  return contextRecord(1, 0, content);
}

/** A context blob: HEADER, the given records, END. */
export function hvmContextBlob(...records: readonly Uint8Array[]): Uint8Array {
  return concat(contextHeader(), ...records, contextRecord(0, 0, zeros(0)));
}

/** An HVM_CONTEXT record around a blob. */
export function hvmContext(blob: Uint8Array = hvmContextBlob()): Part {
  return libxcRecord(REC.HVM_CONTEXT, blob);
}

/** What a test wants of an HVM stream; all of it may be left out. */
export interface HvmStreamOptions {
  readonly version?: 2 | 3;
  /** One PAGE_DATA record for each list. */
  readonly batches?: readonly (readonly PageEntry[])[];
  readonly params?: readonly HvmParam[];
  readonly context?: Uint8Array;
}

/** A whole HVM stream in the order real savers write it. */
export function hvmStream(options: HvmStreamOptions = {}): Part[] {
  const { version = 3, batches = [], params = [], context } = options;
  const staticPart = [
    cpuidPolicy([[0, NO_SUBLEAF, 0xd, 0x756e_6547, 0x6c65_746e, 0x4965_6e69]]),
    msrPolicy([[0xce, 0x8000_0000n]]),
    staticDataEnd(),
  ];
  return [
    headers(version === 3 ? {} : { version, xenMinor: 6 }),
    ...(version === 3 ? staticPart : []),
    ...batches.map((batch) => pageData(batch)),
    tscInfo(),
    hvmContext(context),
    ...(params.length > 0 ? [hvmParams(params)] : []),
    end(),
  ];
}

/** QEMU device state as Xen's QEMU begins and ends it. */
export function qemuState(): Uint8Array {
  return concat(ascii("QEVM"), zeros(3), Uint8Array.of(3, 0));
}
