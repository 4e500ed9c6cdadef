/** ELF cores beyond what one class, or one count of headers, can hold. */
import { describe, expect, it } from "vitest";
import {
  elfCoreLayout,
  hvmRegisters,
  type MemoryPart,
  type VcpuRegisters,
} from "../../../src/export/index.js";
import { HvmContext } from "../../../src/stream/index.js";
import { contextRecord, hvmContextBlob } from "../../builders/hvm.js";

/** The registers of a CPU record with this EFER and nothing else in it. */
function registersWith(efer: bigint): VcpuRegisters {
  const body = new Uint8Array(1032);
  new DataView(body.buffer).setBigUint64(0x3e0, efer, true);
  const [vcpu] = hvmRegisters(new HvmContext(hvmContextBlob(contextRecord(2, 0, body)), 0));
  if (vcpu === undefined) throw new Error("no CPU record");
  return vcpu;
}

const NARROW = registersWith(0n);
const LONG = registersWith(0x500n);

/** Runs of one page with a hole behind each. */
function everyOther(count: number) {
  return function* () {
    for (let i = 0; i < count; i += 1) yield { first: 2 * i, count: 1 };
  };
}

/** The bytes before the pages. */
function headOf(parts: Iterable<MemoryPart>): DataView {
  const pieces: Uint8Array[] = [];
  let next = 0;
  for (const part of parts) {
    if (part.part === "pages") break;
    expect(part.fileOffset).toBe(next);
    pieces.push(part.bytes);
    next += part.bytes.length;
  }
  return new DataView(new Uint8Array(Buffer.concat(pieces)).buffer);
}

describe("an ELF core", () => {
  it("counts its headers in the file header up to 65,534 of them", () => {
    const head = headOf(elfCoreLayout(everyOther(65_533), []).parts());
    expect(head.getUint16(56, true)).toBe(65_534);
    expect(head.getUint16(60, true)).toBe(0);
  });

  it("counts more of them in section header 0", () => {
    const head = headOf(elfCoreLayout(everyOther(65_534), []).parts());
    expect(head.getUint16(56, true)).toBe(0xffff);
    expect(head.getUint16(60, true)).toBe(1);
    const section = Number(head.getBigUint64(40, true));
    expect(section).toBe(64 + 65_535 * 56);
    expect(head.getUint32(section + 44, true)).toBe(65_535);
  });

  it("has a size and places that agree, pages on page bounds", () => {
    const layout = elfCoreLayout(everyOther(10_000), [NARROW]);
    let end = 0;
    for (const part of layout.parts()) {
      expect(part.fileOffset).toBeGreaterThanOrEqual(end);
      if (part.part === "pages") expect(part.fileOffset % 4096).toBe(0);
      end = part.fileOffset + (part.part === "pages" ? part.count * 4096 : part.bytes.length);
    }
    expect(end).toBe(layout.sizeBytes);
  });

  it("is of i386 for 32-bit vcpus, unless an address does not fit", () => {
    const classOf = (first: number, vcpus: VcpuRegisters[]) =>
      headOf(elfCoreLayout(() => [{ first, count: 1 }], vcpus).parts()).getUint8(4);
    expect(classOf(0xf_ffff, [NARROW])).toBe(1);
    expect(classOf(0x10_0000, [NARROW])).toBe(2);
    expect(classOf(0, [])).toBe(2);
    expect(classOf(0, [NARROW, LONG])).toBe(2);
  });
});
