/**
 * Whether a host can load what the vcpus of a guest hold: features switched on in cr4 and efer,
 * components of the extended state in use. Xen itself refuses these; they tell what a guest needs
 * even where its stream has no CPU policy, as before version 3.
 * Sources: Intel SDM volumes 1 and 3A; Xen's loaders (facts).
 */
import { type Fault, hex, type Place } from "../findings/index.js";
import {
  fieldOffset,
  HVM_CPU_LAYOUT,
  HVM_DESCRIPTOR_BYTES,
  type HvmContextRecord,
  XSTATE_NAMES,
} from "../format/index.js";
import type { HostFacts } from "./host-facts.js";
import { hostFault } from "./host-fit.js";
import { CR4_BITS, EFER_BITS, type FeatureBits, refusedBits } from "./hvm-cpu.js";

const XSTATE_COMPONENTS = 63;

/** Components of the extended state in use that the host lacks. HC-26; LC-PV-15 for PV */
export function checkHostXstate(
  host: HostFacts,
  kind: "hvm" | "pv",
  accumulated: bigint,
  rule: "HC-26" | "LC-PV-15",
  at: Place,
): Fault[] {
  const most = host.xcr0[kind];
  if (most === null) return [];
  const faults: Fault[] = [];
  for (let bit = 0; bit < XSTATE_COMPONENTS; bit++) {
    if ((((accumulated & ~most) >> BigInt(bit)) & 1n) === 0n) continue;
    const bitText = `bit ${bit} (${XSTATE_NAMES.get(bit) ?? "unnamed"})`;
    faults.push(
      hostFault(rule, at, {
        message: `xcr0_accum ${bitText}: the guest has used this state; the host has it not.`,
        expected: `${bitText} clear: at most ${hex(most)}`,
        actual: hex(accumulated),
      }),
    );
  }
  return faults;
}

/** Control registers and extended state of a context record that the host cannot load. */
export function checkHostVcpu(host: HostFacts, record: HvmContextRecord, place: Place): Fault[] {
  const body = record.byteOffset + HVM_DESCRIPTOR_BYTES;
  const at = (byteOffset: number) => ({ ...place, byteOffset, entryIndex: record.ordinal });
  if (record.fields === null) return [];
  if (record.name === "CPU_XSAVE") {
    const accumulated = record.fields.xcr0_accum;
    return checkHostXstate(host, "hvm", accumulated, "HC-26", at(record.byteOffset));
  }
  const policy = host.policies.hvm;
  if (record.name !== "CPU" || policy === null) return [];
  const { cr4, msr_efer } = record.fields;
  const refused = (name: "cr4" | "efer", value: bigint, bits: FeatureBits, offset: number) => {
    const lacking = refusedBits(value, bits, policy.feature);
    return bits.flatMap(([bit, features]) => {
      if (features === null || ((lacking >> BigInt(bit)) & 1n) === 0n) return [];
      const bitText = `${name} bit ${bit} (${features.join(" or ")})`;
      const message =
        `${bitText} is on in vcpu ${record.instance}; ` +
        "the host has no such feature for HVM guests.";
      const text = { message, expected: `${bitText} clear`, actual: hex(value) };
      return [hostFault("HC-20", at(body + offset), text)];
    });
  };
  return [
    ...refused("cr4", cr4, CR4_BITS, fieldOffset(HVM_CPU_LAYOUT, "cr4")),
    ...refused("efer", msr_efer, EFER_BITS, fieldOffset(HVM_CPU_LAYOUT, "msr_efer")),
  ];
}
