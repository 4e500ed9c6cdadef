/** Every visible rule of the Xenstore page: a stream that breaks it, one that just does not. */
import { describe, expect, it } from "vitest";
import { CapacityError } from "../../src/findings/index.js";
import { XenstoreStream } from "../builders/xenstore.js";
import { CONNECTIONS } from "../builders/xenstore-rows/connections.js";
import { FRAMING } from "../builders/xenstore-rows/framing.js";
import { GLOBALS } from "../builders/xenstore-rows/globals.js";
import { NODES } from "../builders/xenstore-rows/nodes.js";
import { zeros } from "../builders/xenstore-rows/row.js";
import { WATCHES } from "../builders/xenstore-rows/watches.js";
import { judge, rulesOf } from "../builders/xenstore-run.js";

const ROWS = [...FRAMING, ...GLOBALS, ...CONNECTIONS, ...WATCHES, ...NODES];

/** Notes of streams that are good: what they say is told elsewhere in this file. */
const NOTED = new Set(["XS-TA-2", "XS-REC-1", "XS-WEX-3"]);

describe("the rules of a Xenstore stream", () => {
  for (const { rule, why, breaks, keeps, at, options } of ROWS) {
    it(`${rule} finds ${why}, and no other rule does`, () => {
      const stream = breaks(new XenstoreStream(options));
      const { faults, error } = judge(stream.end());
      expect(error).toBeNull();
      const rules = rulesOf(faults).filter((found) => found === rule || !NOTED.has(found));
      expect(rules).toEqual([rule]);
      const fault = faults.find((one) => one.rule === rule.split(":")[0]);
      const header = stream.offsets[at[0]] ?? -1;
      expect(fault).toMatchObject({
        layer: "xenstore",
        recordIndex: at[0],
        byteOffset: at[1] === null ? header : header + 8 + at[1],
      });
    });

    it(`${rule} takes what comes close to ${why}`, () => {
      const { faults, error } = judge(keeps(new XenstoreStream(options)).end());
      expect(error).toBeNull();
      expect(rulesOf(faults).filter((found) => found === rule || !NOTED.has(found))).toEqual([]);
    });
  }

  it("cover all ids that a file can breach and that the reader does not judge itself", () => {
    const ids = [
      ...["REC-1", "REC-2", "REC-3", "REC-4", "REC-5", "REC-8", "GLB-1"],
      ...["CON-1", "CON-2", "CON-3", "CON-4", "CON-5", "CON-6", "CON-7", "TA-1", "TA-2"],
      ...["WAT-1", "WAT-2", "WAT-3", "WEX-1", "WEX-2", "WEX-3"],
      ...["NOD-1", "NOD-2", "NOD-3", "NOD-4", "NOD-5", "NOD-6", "NOD-7", "NOD-8"],
      ...["QUO-1", "QUO-3", "QUO-4", "QUO-5", "DOM-1", "DOM-2", "DOM-3"],
    ];
    const fired = new Set(ROWS.map(({ rule }) => rule.split(":")[0]));
    expect([...fired].sort()).toEqual(ids.map((id) => `XS-${id}`).sort());
  });
});

describe("quotas in the global group", () => {
  it("have their names judged like those of the other group, XS-QUO-1, XS-QUO-3", () => {
    const { faults } = judge(new XenstoreStream().globalQuota({}, { mine: 1, "": 2 }).end());
    expect(rulesOf(faults)).toEqual(["XS-QUO-1", "XS-QUO-3", "XS-QUO-4"]);
  });
});

describe("faults that another fault made", () => {
  const brokenConnection = (stream: XenstoreStream) =>
    stream.record(
      2,
      stream.fields().u32(1).u16(0).u16(0).u16(3).u16(0).u32(9).u16(50).u16(0).u32(0).done(),
    );

  it("are left out and counted where a connection was refused", () => {
    const stream = brokenConnection(new XenstoreStream()).watch("/a").transaction().domain(3);
    const { faults, suppressed } = judge(stream.end());
    expect(rulesOf(faults)).toEqual(["XS-CON-4", "XS-TA-2"]);
    expect(suppressed).toBe(3);
  });

  it("are not confused with faults of other connections", () => {
    const stream = brokenConnection(new XenstoreStream()).watch("/a", "t", 2).domain(4);
    expect(rulesOf(judge(stream.end()).faults)).toEqual(["XS-CON-4", "XS-DOM-2", "XS-WAT-1"]);
  });

  it("are left out for every connection where the refused one has no name", () => {
    const stream = new XenstoreStream().record(2, zeros(3), 3).watch("/a", "t", 2);
    const { faults, suppressed } = judge(stream.end());
    expect(rulesOf(faults)).toEqual(["XS-CON-4", "XS-REC-1"]);
    expect(suppressed).toBe(1);
  });

  it("are left out where a parent was refused, its path known or not", () => {
    const child = (stream: XenstoreStream) => stream.node("/").node("/a/b");
    const fields = new XenstoreStream().fields();
    const cutValue = fields.u32(0).u32(0).u16(3).u16(90).u16(0).u16(1).text("n\0\0\0/a\0").done();
    const named = judge(child(new XenstoreStream().record(5, cutValue)).end());
    expect(rulesOf(named.faults)).toEqual(["XS-NOD-6"]);
    expect(named.suppressed).toBe(1);
    const unnamed = judge(child(new XenstoreStream().record(5, zeros(8))).end());
    expect(rulesOf(unnamed.faults)).toEqual(["XS-NOD-6"]);
    expect(unnamed.suppressed).toBe(1);
    const illFormed = judge(child(new XenstoreStream().node("", { rawPath: "/a" })).end());
    expect(rulesOf(illFormed.faults)).toEqual(["XS-NOD-2"]);
    expect(illFormed.suppressed).toBe(1);
  });
});

describe("the checks of a hostile stream", () => {
  const crowd = (count: number) => {
    const stream = new XenstoreStream().node("/");
    for (let index = 0; index < count; index++) stream.node(`/${index}`);
    return stream.end();
  };

  it("hold no more items, and no more text, than the limits allow", () => {
    const stream = crowd(50);
    expect(rulesOf(judge(stream, { limits: { maxXenstoreItems: 51 } }).faults)).toEqual([]);
    expect(() => judge(stream, { limits: { maxXenstoreItems: 50 } })).toThrow(CapacityError);
    expect(() => judge(stream, { limits: { maxXenstoreTextBytes: 100 } })).toThrow(CapacityError);
  });

  it("keep few faults waiting, and report the others at once", () => {
    const stream = new XenstoreStream();
    for (let index = 0; index < 10; index++) stream.watch(`/${index}`, "t", index + 1);
    stream.connection({ id: 1 }).connection({ id: 9 });
    const { faults } = judge(stream.end(), { limits: { maxFindingsKept: 4 } });
    const rules = faults.map((fault) => fault.rule).sort();
    expect(rules).toEqual([...Array(1).fill("XS-REC-5"), ...Array(9).fill("XS-WAT-1")]);
  });

  it("report a bad permission by its place, each of many", () => {
    const perms = Array.from({ length: 300 }, () => ["n", 1, 0x80] as const);
    const { faults } = judge(new XenstoreStream().node("/", { perms }).end());
    expect(faults.map((fault) => fault.entryIndex)).toEqual(perms.map((_, index) => index));
  });

  it("take time in proportion to the records", () => {
    const small = crowd(2_000);
    const large = crowd(32_000);
    const msOf = (stream: Uint8Array) => {
      const start = performance.now();
      expect(judge(stream).faults).toEqual([]);
      return performance.now() - start;
    };
    msOf(small);
    const smallMs = Math.max(1, msOf(small));
    expect(msOf(large)).toBeLessThan(smallMs * 16 * 8);
  });
});
