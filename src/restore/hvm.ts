/**
 * HVM side of a restore: what HVM_PARAMS do to memory on arrival (LC-SIM-4), and the context that
 * is loaded at the end. The parameters' own rules are checks/hvm-params.ts.
 */

import {
  checkHvmContext,
  effectiveLeaves,
  type HvmContextFacts,
  type ParamState,
} from "../checks/index.js";
import { type Fault, MAX_CLEARED_LISTED, type Place } from "../findings/index.js";
import {
  HVM_PARAM_BUFIOREQ_PFN,
  HVM_PARAM_CONSOLE_EVTCHN,
  HVM_PARAM_CONSOLE_PFN,
  HVM_PARAM_IOREQ_PFN,
  HVM_PARAM_STORE_EVTCHN,
  HVM_PARAM_STORE_PFN,
} from "../format/index.js";
import type { Guest } from "../guest/index.js";
import {
  bodyOffset,
  decodeHvmContext,
  type HvmContext,
  placeOf,
  RECORD_CODECS,
} from "../stream/index.js";
import type { DomainFacts } from "./facts.js";
import type { RestoreOptions } from "./options.js";
import { policyEntries } from "./policy.js";

/** Offset of the connection byte in the console page, and what a restorer writes there. */
const CONSOLE_CONNECTION = 0xc10;

/** Framing faults after which a record that is missing may be one that could not be read. */
const LOSES_RECORDS: ReadonlySet<string> = new Set(["HC-4", "HC-5", "HC-6"]);

/** Pages that a restorer clears when the parameter arrives, by the full 64-bit index (HP-2). */
const CLEARED = new Map<bigint, string>([
  [BigInt(HVM_PARAM_STORE_PFN), "store page zeroed"],
  [BigInt(HVM_PARAM_IOREQ_PFN), "ioreq page zeroed"],
  [BigInt(HVM_PARAM_BUFIOREQ_PFN), "buffered ioreq page zeroed"],
  [BigInt(HVM_PARAM_CONSOLE_PFN), "console page zeroed and initialised"],
]);

/** Apply what a parameter does to memory. A pfn without a page is passed over, as Xen does. */
export function applyParamToMemory(
  domain: DomainFacts,
  guest: Guest,
  index: bigint,
  value: bigint,
): void {
  const what = CLEARED.get(index);
  if (what === undefined || value >= BigInt(Number.MAX_SAFE_INTEGER)) return;
  const pfn = Number(value);
  if (!guest.isPopulated(pfn)) return;
  const console = index === BigInt(HVM_PARAM_CONSOLE_PFN);
  guest.fixUp(pfn, "whole", (page) => {
    page.fill(0);
    if (console) page[CONSOLE_CONNECTION] = 1;
  });
  domain.clearedPages += 1;
  if (domain.clearedPages > MAX_CLEARED_LISTED) return;
  domain.completion.push({ step: "LC-SIM-4", pfn, what });
}

/** After END: the event channels of the new domain are set (LC-SIM-6). */
export function completePorts(options: RestoreOptions, domain: DomainFacts): void {
  domain.hvmParams.set(HVM_PARAM_STORE_EVTCHN, BigInt(options.storePort));
  domain.hvmParams.set(HVM_PARAM_CONSOLE_EVTCHN, BigInt(options.consolePort));
}

/** After END: the context must be there, and its chain must frame (LC-HVM-7, HC-1..7, HC-20..). */
export function completeHvm(options: RestoreOptions, domain: DomainFacts, closing: Place): void {
  const kept = domain.hvmContext;
  if (kept === null) {
    if (domain.refused.has("HVM_CONTEXT")) {
      options.suppress();
      return;
    }
    options.report({ ...closing, rule: "LC-HVM-7" });
    return;
  }
  const place = placeOf(kept.head);
  const context = decodeHvmContext(kept.body, { ...place, bodyByteOffset: bodyOffset(kept.head) });
  for (const fault of context.faults) options.report(fault);
  const leaves = policyEntries(domain.cpuidPolicy, RECORD_CODECS.X86_CPUID_POLICY.codec);
  const cpuid = leaves && effectiveLeaves(leaves);
  const { vcpus } = options;
  judgeHvmRecords(options, context, { vcpus, place, pvh: domain.pvh, cpuid });
}

/**
 * Judge what the records of a context say, as far as its framing lets them be known.
 *
 * @param context  decoded; its framing faults are reported by the caller
 */
export function judgeHvmRecords(
  options: Pick<RestoreOptions, "report" | "suppress">,
  context: { readonly value: HvmContext; readonly faults: readonly Fault[] },
  facts: HvmContextFacts,
): void {
  // What does not begin with a HEADER is no chain: its bytes would be judged by chance.
  if (context.faults.some(({ rule }) => rule === "HC-1")) {
    options.suppress();
    return;
  }
  const lossy = context.faults.some(({ rule }) => LOSES_RECORDS.has(rule));
  for (const fault of checkHvmContext(context.value.views(), facts)) {
    if (lossy && fault.rule === "HC-9") options.suppress();
    else options.report(fault);
  }
}

/** After END: the pages that were cleared but not listed one by one. */
export function completeCleared({ completion, clearedPages }: DomainFacts): void {
  const more = clearedPages - MAX_CLEARED_LISTED;
  if (more > 0) completion.push({ step: "LC-SIM-4", what: `pages cleared ${more} more times` });
}

/** After END: what is to be said of the parameters together (HP-6, HP-8, VG-5). */
export function completeParams(options: RestoreOptions, params: ParamState, guest: Guest): void {
  for (const fault of params.complete((pfn) => guest.isPopulated(pfn))) {
    // Only a page that is missing can be a refused batch's fault.
    const missing = fault.rule === "HP-8" && fault.expected === "a buffer in populated memory";
    if (missing && guest.refusedBatches > 0) options.suppress();
    else options.report(fault);
  }
}
