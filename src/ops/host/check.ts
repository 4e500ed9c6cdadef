/**
 * From the description of a host to what watches an image for it: the option `host` of reading.
 */
import { hostFacts } from "../../checks/index.js";
import type { HostDescription } from "../../findings/index.js";
import { type HostCheck, HostFit } from "../../restore/index.js";

/** The check of a description that parseHostDescription() or readHostFile() gave. */
export function hostCheck(description: HostDescription): HostCheck {
  const facts = hostFacts(description);
  return (report) => new HostFit(facts, report);
}
