import { describe, expect, it } from "vitest";
import {
  FAULT_RULES,
  GENERATED_CONTAINERS,
  GENERATED_GUESTS,
  type GenerateOptions,
  resolveGenerateOptions,
} from "../../../src/export/index.js";
import { RULES, UsageError } from "../../../src/findings/index.js";
import { ENGINES } from "../../harness.js";
import { make, read } from "./support.js";

/** Every guest and container that a fault can show in, all else as it wants. */
function* placesOf(fault: string): Generator<Partial<GenerateOptions>> {
  for (const guest of GENERATED_GUESTS) {
    for (const container of GENERATED_CONTAINERS) {
      try {
        resolveGenerateOptions({ fault, guest, container });
      } catch (error) {
        if (error instanceof UsageError) continue;
        throw error;
      }
      yield { fault, guest, container };
    }
  }
}

function expectFaultAlone(given: Partial<GenerateOptions>, engine: "wasm" | "reference"): void {
  const rule = given.fault ?? "";
  const ran = read(make(given), { engine, profile: "strict" });
  const fired = new Set(ran.findings.map((finding) => finding.rule));
  const what = `${given.guest} ${given.container}`;
  expect([...fired], what).toContain(rule);
  expect(
    ran.errors.filter((error) => error !== rule),
    what,
  ).toEqual([]);
}

describe("a fault on request", () => {
  it.each(FAULT_RULES)("%s is breached, and no other rule that rejects", (fault) => {
    expect(RULES.get(fault)?.notVisible).toBeUndefined();
    for (const engine of ENGINES) expectFaultAlone({ fault }, engine);
  });

  it.runIf(process.env.XENSTREAM_SEEDS !== undefined)(
    "is breached in every guest and container that it can show in",
    () => {
      for (const fault of FAULT_RULES) {
        for (const given of placesOf(fault)) expectFaultAlone({ ...given, seed: 5 }, "wasm");
      }
    },
  );

  it("is known for all rules of headers, records, pages and PV that a file can show", () => {
    const pages = /^(LC-(HDR|DOM|TYP|PG|PV|TSC|HVM|POL)|HP|HC|LL|XL|LV)-/;
    const missing = [...RULES.values()]
      .filter(({ id, notVisible }) => pages.test(id) && notVisible === undefined)
      .map(({ id }) => id)
      .filter((id) => !FAULT_RULES.includes(id));
    expect(missing).toEqual([]);
  });
});
