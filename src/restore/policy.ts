/**
 * Reads the policy records that a restorer took over. What is wrong with them is
 * checks/cpu-policy.ts, which hosts have what they ask for is not asked here.
 */
import { bodyContext, type EntryTable, type Policy, type RecordCodec } from "../stream/index.js";
import type { KeptRecord } from "./facts.js";

/** Entries of a kept policy record, read as they are asked for; null where there is none. */
export function policyEntries<T>(
  kept: KeptRecord | null,
  codec: RecordCodec<Policy<T>>,
): EntryTable<T> | null {
  if (kept === null) return null;
  return codec.decode(kept.body, bodyContext(kept.head)).value?.entries ?? null;
}
