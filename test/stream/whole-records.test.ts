/**
 * Records go both ways without a loss: a change of any byte shows in what inspect says of them, and
 * they encode to the bytes that they were decoded from. The records are those of the fixtures.
 */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { XenstoreHeader } from "../../src/format/index.js";
import {
  bodyContext,
  decodeHvmContext,
  decodeXenstoreRecord,
  describeXenstoreContent,
  encodeHvmContext,
  encodeXenstoreBody,
  hvmDescriptors,
  interpretHvmContext,
  interpretRecord,
  libxlRecordRow,
  type RecordCodec,
  type RecordEvent,
  recordRow,
  type StreamEvent,
  xenstoreHeaderOf,
} from "../../src/stream/index.js";
import { concat } from "../builders/bytes.js";
import { FIXTURE_VCPUS, fixture, GOOD } from "../fixtures/load.js";
import { runBytes } from "../harness.js";

/** Emulator id and index, before the state. */
const EMULATOR_HEAD_BYTES = 8;
/** The first record of every context, with its descriptor. */
const CONTEXT_HEADER_BYTES = 32;
/** Every byte is tried up to here, then every so many-th: all of them where one asks for it. */
const TRIED_ALL_BYTES = 256;
const TRIED_STEP = process.env.XENSTREAM_SEEDS === undefined ? 29 : 1;

/** A record of a fixture with the way to decode it. */
interface Kept {
  readonly event: RecordEvent;
  readonly body: Uint8Array;
  readonly guestWidth: 4 | 8 | null;
  readonly header: XenstoreHeader | null;
}

/** The records of all fixtures, equal bodies once. PAGE_DATA is not among them. */
function recordsOfFixtures(): Kept[] {
  const kept = new Map<string, Kept>();
  for (const [name, { checkpointed }] of GOOD) {
    const events: StreamEvent[] = [];
    const options = { vcpus: FIXTURE_VCPUS, checkpointed: checkpointed !== undefined };
    const ran = runBytes(fixture(name), options, (event) => {
      events.push(event);
    });
    const guestWidth = ran.image.restorer.domain?.pvWidth ?? null;
    let header: XenstoreHeader | null = null;
    for (const event of events) {
      if (event.event === "header") header = xenstoreHeaderOf(event) ?? header;
      if (event.event !== "record" || event.body === null) continue;
      const digest = createHash("sha256").update(event.body).digest("hex");
      const key = `${event.head.layer} ${event.head.name} ${digest}`;
      kept.set(key, { event, body: event.body, guestWidth, header });
    }
  }
  return [...kept.values()];
}

/** What inspect shows of a record with this body. */
function told({ event, guestWidth, header }: Kept, body: Uint8Array): string {
  const { head } = event;
  if (header !== null && head.layer === "xenstore") {
    const { content } = decodeXenstoreRecord({ ...event, body }, header);
    return JSON.stringify(describeXenstoreContent(content));
  }
  return JSON.stringify(
    interpretRecord(head.layer, head.type, body, bodyContext(head, guestWidth)) ?? null,
  );
}

/** Bytes whose change does not show. */
function silent(bytes: Uint8Array, show: (bytes: Uint8Array) => string): number[] {
  const before = show(bytes);
  const changed = bytes.slice();
  return [...bytes.keys()].filter((at) => {
    if (at > TRIED_ALL_BYTES && at % TRIED_STEP !== 0) return false;
    changed[at] = (bytes[at] ?? 0) ^ 0x81;
    const same = show(changed) === before;
    changed[at] = bytes[at] ?? 0;
    return same;
  });
}

/** The body's bytes again, from what they were decoded to. */
function again({ event, body, guestWidth, header }: Kept): Uint8Array | null {
  const { head } = event;
  if (header !== null && head.layer === "xenstore") {
    const { content } = decodeXenstoreRecord(event, header);
    return content.kind === "skipped" ? null : encodeXenstoreBody(content, header.byteOrder);
  }
  const row = head.layer === "libxl" ? libxlRecordRow(head.type) : recordRow(head.type);
  if (row === null) return null;
  const codec = row.codec as unknown as RecordCodec<unknown>;
  const { value } = codec.decode(body, bodyContext(head, guestWidth));
  return value === null ? null : codec.encode(value);
}

describe("the records of the fixtures", () => {
  const records = recordsOfFixtures();
  const contexts = records.filter(({ event }) => event.head.name === "HVM_CONTEXT");
  const others = records.filter(({ event }) => event.head.name !== "HVM_CONTEXT");
  const place = { layer: "libxc", byteOffset: 0, bodyByteOffset: 0 } as const;

  it("show a change of any byte, but for what belongs to QEMU", { timeout: 120_000 }, () => {
    const left = others.flatMap((record) => {
      const { name, byteOffset } = record.event.head;
      const opaqueFrom = name === "EMULATOR_CONTEXT" ? EMULATOR_HEAD_BYTES : Infinity;
      const found = silent(record.body, (body) => told(record, body));
      return found.filter((at) => at < opaqueFrom).map((at) => `${name} at ${byteOffset}: ${at}`);
    });
    expect(left).toEqual([]);
  });

  it("and of the contexts in them", { timeout: 120_000 }, () => {
    const seen = new Set<number>();
    for (const { body } of contexts) {
      const header = body.subarray(0, CONTEXT_HEADER_BYTES);
      for (const { typecode, offset, bodyBytes } of hvmDescriptors(body)) {
        if (seen.has(typecode) || offset === 0) continue;
        seen.add(typecode);
        const one = body.subarray(offset, offset + 8 + bodyBytes);
        const show = (bytes: Uint8Array) =>
          JSON.stringify(interpretHvmContext(concat(header, bytes)));
        expect([typecode, silent(one, show)]).toEqual([typecode, []]);
      }
    }
    expect(seen.size).toBeGreaterThan(2);
  });

  it("encode to the bytes that they were decoded from", () => {
    for (const record of records) {
      const { name } = record.event.head;
      expect([name, again(record)]).toEqual([name, record.body]);
    }
    for (const { body } of contexts) {
      const { value } = decodeHvmContext(body, place);
      expect(encodeHvmContext(value, value.rest)).toEqual(body);
    }
  });
});
