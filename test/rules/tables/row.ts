/**
 * What a row of the rule tables is: an image that breaks a rule and one that just does not, as
 * bytes for the whole pipeline. Not a test itself.
 */

import { patternPage } from "../../builders/bytes.js";
import { hvmContextBlob, hvmStream } from "../../builders/hvm.js";
import { end, type HvmParam, REC, vcpuRecord } from "../../builders/libxc.js";
import { join, type Part } from "../../builders/parts.js";
import { basicBlob, type PvPlan, pvStream, simplePlan } from "../../builders/pv.js";
import type { RunOptions } from "../../harness.js";

/** How an image is read, where it is not a plain one of 2 vcpus. */
export type Reading = Pick<RunOptions, "checkpointed" | "vcpus" | "formatHint" | "genid" | "host">;

/** A rule (and case), an image that breaks it, one that comes close. */
export interface RuleRow {
  readonly rule: string;
  /** Case of the rule, where the row is of one. */
  readonly ruleCase?: string;
  readonly what: string;
  readonly fires: () => Uint8Array;
  readonly near: () => Uint8Array;
  readonly reading: Reading;
  /** How the close one is read, where it is not read the same way. */
  readonly nearReading: Reading;
}

/** An image in parts, or its bytes. */
export type ImageOf = readonly Part[] | Uint8Array;

const bytesOf = (image: ImageOf): Uint8Array => (image instanceof Uint8Array ? image : join(image));

/** A row; `rule` may be written "ID/case". */
export function row(
  rule: string,
  what: string,
  fires: () => ImageOf,
  near: () => ImageOf,
  reading: Reading = {},
  nearReading: Reading = reading,
): RuleRow {
  const [id = "", ruleCase] = rule.split("/");
  return {
    rule: id,
    ...(ruleCase === undefined ? {} : { ruleCase }),
    what,
    fires: () => bytesOf(fires()),
    near: () => bytesOf(near()),
    reading,
    nearReading,
  };
}

/** A sound HVM stream of one page, with no fault in any profile. */
export function hvm(params: readonly HvmParam[] = [], context = hvmContextBlob()): Part[] {
  const batches = [[{ pfn: 1, page: patternPage(1) }]];
  return hvmStream({ batches, params, context });
}

/** The guest of `pv()`: 64-bit, pfns 0 to 15. */
export const PLAN: PvPlan = simplePlan(8);

/** A sound PV stream. */
export const pv = (options: Parameters<typeof pvStream>[1] = {}): Part[] => pvStream(PLAN, options);

/** The parts with each of one type given up for others. */
export function instead(parts: readonly Part[], type: number, ...others: readonly Part[]): Part[] {
  return parts.flatMap((part) => (part.type === type ? others : [part]));
}

/** The parts with others before END. */
export function beforeEnd(parts: readonly Part[], ...others: readonly Part[]): Part[] {
  return instead(parts, REC.END, ...others, end());
}

/** The sound PV stream with the registers of another plan: what completion finds is not there. */
export function pvWith(plan: Partial<PvPlan>): Part[] {
  const basic = vcpuRecord(REC.X86_PV_VCPU_BASIC, 0, basicBlob({ ...PLAN, ...plan }));
  return instead(pv(), REC.X86_PV_VCPU_BASIC, basic);
}
