/**
 * Nothing of a fixture stays undecoded: every record but PAGE_DATA says all that its body holds, and
 * encoding what was decoded gives the body back. The CPU policy is there with names.
 */
import { describe, expect, it } from "vitest";
import { BufferSource } from "../../src/input/index.js";
import { cpuPolicyOf } from "../../src/ops/cpu-policy.js";
import {
  bodyContext,
  bodyOffset,
  decodeHvmContext,
  encodeHvmContext,
  interpretRecord,
  libxlRecordRow,
  placeOf,
  type RecordCodec,
  type RecordEvent,
  recordRow,
} from "../../src/stream/index.js";
import { FIXTURE_VCPUS, fixture, GOOD, type GoodFixture } from "../fixtures/load.js";
import { type Ran, runSource } from "../harness.js";

/** Records of an image with their bodies, and what came of it. */
function read(name: string, facts: GoodFixture) {
  const records: RecordEvent[] = [];
  const ran: Ran = runSource(
    new BufferSource(fixture(name), name),
    { vcpus: FIXTURE_VCPUS, checkpointed: facts.checkpointed !== undefined },
    (event) => {
      if (event.event === "record") records.push({ ...event, body: event.body?.slice() ?? null });
    },
  );
  return { ran, records };
}

const STREAMS = [...GOOD].filter(([, { kind }]) => kind !== "xenstore");

describe("the records of a fixture", () => {
  it.each(STREAMS)("%s: are decoded, and encoded to the same bytes", (name, facts) => {
    const { ran, records } = read(name, facts);
    const guestWidth = ran.image.restorer.domain?.pvWidth ?? null;
    expect(records.length).toBeGreaterThan(0);
    for (const { head, body } of records) {
      const row = head.layer === "libxl" ? libxlRecordRow(head.type) : recordRow(head.type);
      if (row === null || body === null) throw new Error(`${head.name} has no codec or no body`);
      const codec = row.codec as RecordCodec<unknown>;
      const context = bodyContext(head, guestWidth);
      const { value } = codec.decode(body, context);
      if (value === null) throw new Error(`${head.name} does not decode`);
      expect(Buffer.compare(codec.encode(value), body)).toBe(0);
      const place = { ...placeOf(head), bodyByteOffset: bodyOffset(head), guestWidth };
      expect(interpretRecord(head.layer, head.type, body, place)).not.toBeNull();
      if (head.name !== "HVM_CONTEXT") continue;
      const chain = decodeHvmContext(body, place);
      expect(Buffer.compare(encodeHvmContext(chain.value), body)).toBe(0);
    }
  });
});

describe("the CPU policy of a fixture", () => {
  it("has its leaves, its MSRs and the names of its features", () => {
    const { ran } = read("hvm-mixed.xcs", GOOD.get("hvm-mixed.xcs") as GoodFixture);
    const policy = cpuPolicyOf(ran.image.restorer.domain);
    expect(policy?.leaves).toHaveLength(9);
    expect(policy?.msrs).toHaveLength(2);
    expect(policy?.features?.length).toBeGreaterThan(0);
  });

  it("is left out of what has none", () => {
    const name = "v2-xen46-hvm-tiny.xcs";
    const { ran } = read(name, GOOD.get(name) as GoodFixture);
    expect(cpuPolicyOf(ran.image.restorer.domain)).toBeNull();
  });
});
