/**
 * The faults that can be put into a synthetic image, by the rule that they breach. A rule that no
 * file can show, or that every image of its kind breaches, has no row.
 */
import { UsageError } from "../../../findings/index.js";
import { CONTAINER_FAULTS } from "./containers.js";
import { type ImageFault, imageFault } from "./fault.js";
import { HVM_CONTEXT_FAULTS, LIBXC_HVM_FAULTS } from "./hvm.js";
import {
  LIBXC_FRAMING_FAULTS,
  LIBXC_ORDER_FAULTS,
  POLICY_FAULTS,
  TSC_FAULTS,
} from "./libxc-framing.js";
import { LIBXC_PAGES_FAULTS } from "./libxc-pages.js";
import { LIBXC_PV_FAULTS } from "./libxc-pv.js";
import { LIBXL_FAULTS } from "./libxl.js";

const FAULTS: ReadonlyMap<string, ImageFault> = new Map(
  [
    ...LIBXC_FRAMING_FAULTS,
    ...LIBXC_PAGES_FAULTS,
    ...LIBXC_PV_FAULTS,
    ...TSC_FAULTS,
    ...LIBXC_HVM_FAULTS,
    ...POLICY_FAULTS,
    ...LIBXC_ORDER_FAULTS,
    ...HVM_CONTEXT_FAULTS,
    ...LIBXL_FAULTS,
    ...CONTAINER_FAULTS,
  ].map((row) => [row.rule, imageFault(row)]),
);

/** Rules that `--fault` takes. */
export const FAULT_RULES: readonly string[] = [...FAULTS.keys()];

/**
 * The fault of a rule.
 *
 * @throws {UsageError} for a rule that has none, naming those that do
 */
export function faultOf(rule: string): ImageFault {
  const fault = FAULTS.get(rule);
  if (fault !== undefined) return fault;
  throw new UsageError(`no image can be made to breach ${rule}`, {
    option: "--fault",
    allowed: FAULT_RULES.join(", "),
  });
}
