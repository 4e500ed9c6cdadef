/**
 * What a context's records say is judged as far as its framing lets them be known: nothing is told
 * of a record that is missing because it could not be read.
 */
import { describe, expect, it } from "vitest";
import { poke, u32le, zeros } from "../builders/bytes.js";
import { contextRecord, hvmContextBlob } from "../builders/hvm.js";
import { join } from "../builders/parts.js";
import { ENGINES, runBytes } from "../harness.js";
import { hvm } from "../rules/tables/row.js";

const cpu = contextRecord(2, 0, poke(zeros(1032), 0x290, 0x10));
const second = contextRecord(2, 1, poke(zeros(1032), 0x290, 0x10));
const blob = hvmContextBlob(cpu, second);
/** Where the descriptor of the second vcpu's record stands. */
const SECOND_AT = 32 + 1040;

function told(context: Uint8Array, vcpus: number | null = 2): string[][] {
  return ENGINES.map((engine) => {
    const { findings } = runBytes(join(hvm([], context)), { engine, vcpus });
    return findings.filter(({ rule }) => rule.startsWith("HC-")).map(({ rule }) => rule);
  });
}

const both = (...rules: string[]) => [rules, rules];

describe("a vcpu's record that is missing, HC-9", () => {
  it("is told of where the chain is whole", () => {
    expect(told(blob)).toEqual(both());
    expect(told(hvmContextBlob(cpu))).toEqual(both("HC-9"));
  });

  it("is not told of where the chain breaks off before it", () => {
    expect(told(blob.subarray(0, SECOND_AT))).toEqual(both("HC-4"));
    expect(told(blob.subarray(0, SECOND_AT + 1000))).toEqual(both("HC-6"));
    expect(told(poke(blob, SECOND_AT + 4, ...u32le(0xffff_ffff)))).toEqual(both("HC-6"));
  });

  it("is not told of where a record of an unknown type may be it", () => {
    expect(told(poke(blob, SECOND_AT, 21))).toEqual(both("HC-5"));
  });
});

describe("a context that does not begin with a HEADER, HC-1", () => {
  it("is judged no further: its bytes are no records", () => {
    for (const type of [0, 2, 16, 17, 20]) {
      expect(told(poke(blob, 0, type))).toEqual(both("HC-1"));
      expect(told(poke(blob, 0, type), null)).toEqual(both("HC-1"));
    }
    expect(told(zeros(7))).toEqual(both("HC-1"));
  });
});
