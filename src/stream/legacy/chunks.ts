/**
 * The chunks of a legacy stream, up to the one with id 0: page batches, HVM parameters, vcpu and
 * TSC info, the toolstack's record. What libxc has a record for is given at once; parameters are
 * collected and given at the end, Xenstore strings are left to the caller. Each chunk but a batch is
 * told as a header too: what a record has no room for, and where it stands, shows there.
 *
 *   id i32: a count of pages, 0, or the number of a kind | payload
 *
 * Source: Xen 4.5 xc_domain_restore.c (facts); LG-CH-*, LG-TS-*, LG-TM-1, conversion steps 6, 7.
 */
import { hex } from "../../findings/index.js";
import {
  HVM_PARAM_BYTES,
  HVM_PARAMS_HEAD_BYTES,
  hvmParamName,
  LEGACY_BATCH_MAX,
  LEGACY_CHUNK_COMPRESSED_DATA,
  LEGACY_CHUNK_ENABLE_COMPRESSION,
  LEGACY_CHUNK_ENABLE_VERIFY_MODE,
  LEGACY_CHUNK_END,
  LEGACY_CHUNK_HVM_ACPI_IOPORTS_LOCATION,
  LEGACY_CHUNK_HVM_GENERATION_ID_ADDR,
  LEGACY_CHUNK_HVM_IOREQ_SERVER_PFN,
  LEGACY_CHUNK_HVM_NR_IOREQ_SERVER_PAGES,
  LEGACY_CHUNK_ID_BYTES,
  LEGACY_CHUNK_LAST_CHECKPOINT,
  LEGACY_CHUNK_TMEM,
  LEGACY_CHUNK_TMEM_EXTRA,
  LEGACY_CHUNK_TOOLSTACK,
  LEGACY_CHUNK_TSC_INFO,
  LEGACY_CHUNK_VCPU_INFO,
  LEGACY_PARAM_BY_CHUNK,
  LEGACY_PARAM_BYTES,
  LEGACY_PARAM_PAD_BYTES,
  LEGACY_TSC_BYTES,
  LEGACY_VCPU_ID_MAX,
  REC_TYPE_HVM_PARAMS,
  REC_TYPE_X86_TSC_INFO,
} from "../../format/index.js";
import { mayHold, readSection } from "../bounded.js";
import { printedIfAny } from "../print.js";
import type { Reader } from "../protocol.js";
import { BatchReader } from "./batch.js";
import { ParamsBody, tscFieldAt, tscInfoBody } from "./bodies.js";
import { PfnSet } from "./pfn-set.js";
import type { LegacySession } from "./session.js";
import { PackedStrings, readToolstack } from "./toolstack.js";

/** What the chunks leave for the tail and for what follows it. */
export interface ChunksEnd {
  /** Ids, ascending; null if no chunk told. */
  readonly onlineVcpus: readonly number[] | null;
  /** Whether a chunk said that no further checkpoint follows. */
  readonly lastCheckpoint: boolean;
  /** Pfns that batches filled; null for HVM, whose tail asks for none. */
  readonly filled: PfnSet | null;
  /** Packed strings of the toolstack's records. */
  readonly xenstore: Uint8Array;
  /** Of the first toolstack chunk. */
  readonly xenstoreByteOffset: number;
}

/** Read all chunks. */
export function* readChunks(session: LegacySession): Reader<ChunksEnd> {
  return yield* new ChunkWalk(session).walk();
}

/** The value of an HVM parameter, at the place of a fault. */
const VALUE = { at: 0, bytes: LEGACY_PARAM_BYTES - LEGACY_PARAM_PAD_BYTES };

class ChunkWalk {
  readonly #session: LegacySession;
  readonly #batches: BatchReader;
  readonly #filled: PfnSet | null;
  readonly #params = new ParamsBody();
  readonly #paramByteOffsets: number[] = [];
  #ioreqServerChunks = 0;
  #onlineVcpus: number[] | null = null;
  #chunks = 0;
  #lastCheckpoint = false;
  #verifyMode = false;
  readonly #xenstore: PackedStrings;
  #xenstoreByteOffset = 0;

  constructor(session: LegacySession) {
    this.#session = session;
    this.#filled = session.shape.guest === "pv" ? new PfnSet() : null;
    this.#batches = new BatchReader(session, this.#filled);
    this.#xenstore = new PackedStrings(session.limits);
  }

  *walk(): Reader<ChunksEnd> {
    const { cursor } = this.#session;
    for (;;) {
      cursor.begin("the id of a chunk");
      const id = (yield* cursor.view(LEGACY_CHUNK_ID_BYTES)).getInt32(0, true);
      cursor.rename(id > 0 ? `a batch of ${id} pages` : `chunk ${id}`);
      if (id === LEGACY_CHUNK_END) {
        yield this.#session.header("end of chunks", { chunk: id });
        if (this.#chunks === 0) yield* this.#judgeWidth();
        break;
      }
      this.#chunks += 1;
      if (id > LEGACY_BATCH_MAX) {
        const expected = `at most ${LEGACY_BATCH_MAX} pages`;
        throw this.#session.broken({ rule: "LG-CH-1", expected, actual: `${id} pages` });
      }
      if (id > 0) yield* this.#batches.read(id);
      else yield* this.#readChunk(id);
    }
    yield* this.#endChunks();
    return {
      onlineVcpus: this.#onlineVcpus,
      lastCheckpoint: this.#lastCheckpoint,
      filled: this.#filled,
      xenstore: this.#xenstore.bytes(),
      xenstoreByteOffset: this.#xenstoreByteOffset,
    };
  }

  /** LG-HDR-2: a 32-bit HVM stream whose first id is 0 has the octets of a 64-bit one. */
  *#judgeWidth(): Reader<void> {
    const session = this.#session;
    if (session.shape.width !== 32 || session.shape.guest !== "hvm") return;
    const message = "Octets 4 to 7 are zero, as in a stream of a 64-bit toolstack alone.";
    yield session.fault({ rule: "LG-HDR-2", message });
  }

  *#readChunk(id: number): Reader<void> {
    const session = this.#session;
    const param = LEGACY_PARAM_BY_CHUNK.get(id);
    if (param !== undefined) return yield* this.#readParam(id, param);
    switch (id) {
      case LEGACY_CHUNK_ENABLE_VERIFY_MODE:
        yield session.header("verify mode", { chunk: id });
        // Once is enough: the pages behind it overwrite as any others do.
        if (!this.#verifyMode) yield session.fault({ rule: "LG-CNV-6" });
        this.#verifyMode = true;
        return;
      case LEGACY_CHUNK_LAST_CHECKPOINT:
        yield session.header("last checkpoint", { chunk: id });
        this.#lastCheckpoint = true;
        return;
      case LEGACY_CHUNK_VCPU_INFO:
        return yield* this.#readVcpuInfo(id);
      case LEGACY_CHUNK_TSC_INFO: {
        const payload = yield* session.cursor.view(LEGACY_TSC_BYTES);
        const byteOffset = session.cursor.startByteOffset;
        const fieldByteOffset = (offset: number) => byteOffset + tscFieldAt(offset);
        const source = { byteOffset, fieldByteOffset };
        yield session.header("TSC info", { chunk: id });
        return yield* session.record(REC_TYPE_X86_TSC_INFO, source, tscInfoBody(payload));
      }
      case LEGACY_CHUNK_TOOLSTACK:
        return yield* this.#readToolstack(id);
      case LEGACY_CHUNK_TMEM:
      case LEGACY_CHUNK_TMEM_EXTRA: {
        const message = "The stream holds tmem pools, which can be neither kept nor passed over.";
        throw session.broken({ rule: "LG-TM-1", message, actual: `chunk ${id}` });
      }
      case LEGACY_CHUNK_COMPRESSED_DATA:
      case LEGACY_CHUNK_ENABLE_COMPRESSION: {
        const message = "The stream holds pages in Remus' compression, which nothing converts.";
        throw session.broken({ rule: "LG-CH-11", message, actual: `chunk ${id}` });
      }
      default:
        throw session.broken({
          rule: "LG-CH-9",
          expected: "a chunk id from -20 on",
          actual: `${id}`,
        });
    }
  }

  /** An HVM parameter: collected, and given with the others at the end of the chunks. */
  *#readParam(id: number, index: number): Reader<void> {
    const session = this.#session;
    const byteOffset = session.cursor.startByteOffset;
    const view = yield* session.cursor.view(LEGACY_PARAM_BYTES);
    yield session.header("HVM parameter", {
      chunk: id,
      index,
      name: hvmParamName(BigInt(index)),
      ...printedIfAny("pad", view.getUint32(0, true)),
      value: hex(view.getBigUint64(LEGACY_PARAM_PAD_BYTES, true)),
    });
    if (session.shape.guest === "pv") {
      yield session.fault({ rule: "LG-CH-6", actual: `chunk ${id}` });
      return;
    }
    const valueAt = view.byteOffset + LEGACY_PARAM_PAD_BYTES;
    const value = new Uint8Array(view.buffer, valueAt, VALUE.bytes);
    const flag = value.every((byte, at) => byte <= (at === 0 ? 1 : 0));
    if (id === LEGACY_CHUNK_HVM_ACPI_IOPORTS_LOCATION && !flag) {
      const at = byteOffset + LEGACY_CHUNK_ID_BYTES + LEGACY_PARAM_PAD_BYTES;
      yield session.fault({
        rule: "LG-CH-7",
        byteOffset: at,
        field: VALUE,
        expected: "a location of 0 or 1",
      });
    }
    if (id === LEGACY_CHUNK_HVM_GENERATION_ID_ADDR) yield session.fault({ rule: "LG-CNV-11" });
    if (id === LEGACY_CHUNK_HVM_IOREQ_SERVER_PFN) this.#ioreqServerChunks |= 1;
    if (id === LEGACY_CHUNK_HVM_NR_IOREQ_SERVER_PAGES) this.#ioreqServerChunks |= 2;
    this.#paramByteOffsets.push(byteOffset);
    this.#params.add(index, value);
    mayHold(session.limits, this.#params.length);
  }

  /** Which vcpus are online: their contexts are in the tail of a PV stream. */
  *#readVcpuInfo(chunk: number): Reader<void> {
    const session = this.#session;
    const byteOffset = session.cursor.startByteOffset;
    const maxId = (yield* session.cursor.view(4)).getInt32(0, true);
    if (maxId < 0 || maxId > LEGACY_VCPU_ID_MAX) {
      throw session.broken({
        rule: "LG-CH-5",
        byteOffset: byteOffset + LEGACY_CHUNK_ID_BYTES,
        expected: `a vcpu id of 0 to ${LEGACY_VCPU_ID_MAX}`,
        actual: `${maxId}`,
      });
    }
    const map = yield* session.cursor.bytes((Math.floor(maxId / 64) + 1) * 8);
    const online: number[] = [];
    for (let id = 0; id < map.length * 8; id += 1) {
      if (((map[id >> 3] ?? 0) >> (id & 7)) & 1) online.push(id);
    }
    this.#onlineVcpus = online;
    yield session.header("vcpu info", { chunk, maxId, online });
  }

  /** The toolstack's record; an empty one says nothing (LG-CH-8). */
  *#readToolstack(chunk: number): Reader<void> {
    const session = this.#session;
    const { cursor, limits } = session;
    const byteOffset = cursor.startByteOffset;
    const bytes = (yield* cursor.view(4)).getUint32(0, true);
    if (bytes === 0) {
      yield session.header("toolstack", { chunk, length: bytes });
      yield session.fault({ rule: "LG-CH-8" });
      return;
    }
    const payloadAt = cursor.byteOffset;
    const read = yield* readSection(payloadAt, bytes, limits);
    if (read.kind === "cut") throw cursor.cut();
    cursor.moveTo(payloadAt + bytes);
    if (this.#xenstore.length === 0) this.#xenstoreByteOffset = byteOffset;
    const { fields, breach: breached } = readToolstack(
      read.body,
      session.shape.width,
      this.#xenstore,
    );
    yield session.header("toolstack", { chunk, length: bytes, ...fields });
    if (breached === null) return;
    const { byteIndex, ...breach } = breached;
    yield session.fault({ ...breach, byteOffset: payloadAt + byteIndex });
  }

  /** Chunk 0: the collected parameters become one record. */
  *#endChunks(): Reader<void> {
    const session = this.#session;
    if (this.#ioreqServerChunks === 1 || this.#ioreqServerChunks === 2) {
      const message = "One of the chunks -19 and -20 came without the other.";
      yield session.fault({ rule: "LG-CH-7", message });
    }
    if (this.#params.count === 0) return;
    const byteOffset = this.#paramByteOffsets[0] ?? 0;
    // A chunk has the size of an entry, and the value where an entry has it.
    const fieldByteOffset = (offset: number) => {
      const at = offset - HVM_PARAMS_HEAD_BYTES;
      const chunkAt = this.#paramByteOffsets[Math.floor(at / HVM_PARAM_BYTES)] ?? byteOffset;
      return chunkAt + (at % HVM_PARAM_BYTES);
    };
    const source = { byteOffset, fieldByteOffset };
    yield* session.record(REC_TYPE_HVM_PARAMS, source, this.#params.body());
  }
}
