/**
 * The contract of a page engine, as suites over any engine behind the port: what src/engine/port.ts
 * promises, and nothing of how an engine keeps it. An engine's own test calls describePageEngine().
 */
import { describe } from "vitest";
import type { PageEngine } from "../../src/engine/port.js";
import { describeBanks } from "./contract-banks.js";
import { describeDigests } from "./contract-digests.js";
import { describeEntries } from "./contract-entries.js";
import { describeFilling } from "./contract-fill.js";
import { describeFolds } from "./contract-folds.js";
import { describeLimits } from "./contract-limits.js";
import { describeModel } from "./contract-model.js";
import { describePages } from "./contract-pages.js";
import { describeTables } from "./contract-tables.js";

/**
 * Declare the suites of the contract.
 *
 * @param name  of the engine, for the titles
 * @param engine  makes an engine, or hands out the same one again: every test resets it
 */
export function describePageEngine(name: string, engine: () => PageEngine): void {
  describe(`page engine "${name}"`, () => {
    describeEntries(engine);
    describePages(engine);
    describeFilling(engine);
    describeBanks(engine);
    describeLimits(engine);
    describeTables(engine);
    describeDigests(engine);
    describeFolds(engine);
    describeModel(engine);
  });
}
