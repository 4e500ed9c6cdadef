/**
 * Whether a host has what a guest needs of the machine: memory, vcpus, its kind of guest, device
 * model, TSC, physical address width. Facts in, faults out; what a description leaves out
 * refuses nothing.
 * Sources: xl.cfg manual (shadow_memory) for the overhead; xl info's xen_caps and virt_caps.
 */
import { counted, type Fault, type HostGuest, hex, type Place } from "../findings/index.js";
import {
  EMULATOR_QEMU_TRADITIONAL,
  EMULATOR_QEMU_UPSTREAM,
  FIRST_WITHOUT_QEMU_TRADITIONAL,
  isAtLeast,
  PAGE_BYTES,
} from "../format/index.js";
import type { HostFacts } from "./host-facts.js";
import { beyondXenFault, hostFault, hostXen } from "./host-fit.js";

const MIB = 1024 ** 2;
/** Of an HVM guest, by the manual's default: for each vcpu, and for each MiB of its memory. */
const OVERHEAD_VCPU_BYTES = MIB;
const OVERHEAD_MIB_BYTES = 8 * 1024;
/** TSC_INFO's mode in which Xen lets the guest see the processor's own counter. */
const TSC_NEVER_EMULATE = 2;
/** Frequencies are measured at boot: so far apart they are the same. */
const TSC_TOLERANCE = 0.001;
const X86 = /^(x86_64|amd64|i[3-6]86|x86_32)$/;

/** Device models as a domain's config names them, by the emulator id of a libxl stream. */
export const DEVICE_MODELS: ReadonlyMap<number, string> = new Map([
  [EMULATOR_QEMU_TRADITIONAL, "qemu-xen-traditional"],
  [EMULATOR_QEMU_UPSTREAM, "qemu-xen"],
]);

/** What a guest needs of a machine. */
export interface GuestNeeds {
  /** Null where the stream does not tell. */
  readonly guest: HostGuest | null;
  readonly populatedPages: number;
  /** Highest populated pfn, -1 if there is none. */
  readonly maxPfn: number;
  readonly vcpus: number | null;
}

/** An estimate of what Xen keeps for a guest beside its pages, in bytes. */
export function overheadEstimate({ guest, populatedPages, vcpus }: GuestNeeds): number {
  if (guest !== "hvm" && guest !== "pvh") return 0;
  const guestMib = Math.ceil((populatedPages * PAGE_BYTES) / MIB);
  return (vcpus ?? 1) * OVERHEAD_VCPU_BYTES + guestMib * OVERHEAD_MIB_BYTES;
}

/** HF-1, HF-2, HF-3, HF-6: what does not depend on a single record; `place` is the stream's. */
export function checkHostMachine(host: HostFacts, needs: GuestNeeds, place: Place): Fault[] {
  return [
    ...kindFaults(host, needs, place),
    ...memoryFaults(host, needs, place),
    ...vcpuFaults(host, needs, place),
    ...addressFaults(host, needs, place),
  ];
}

function kindFaults(host: HostFacts, { guest }: GuestNeeds, place: Place): Fault[] {
  const { architecture, byteOrder } = host.description;
  const foreign = architecture !== undefined && !X86.test(architecture);
  if (foreign || byteOrder === "big") {
    const actual = foreign ? `${architecture}` : "big-endian";
    const message = `The image is of an x86 guest; the host is ${actual}.`;
    return [hostFault("HF-3", place, { message, expected: "x86_64", actual })];
  }
  if (guest === null || host.guests === null || host.guests.has(guest)) return [];
  const message = `The host does not run ${guest} guests.`;
  const actual = [...host.guests].join(", ") || "none";
  return [hostFault("HF-3", place, { message, expected: `support for ${guest}`, actual })];
}

function memoryFaults(host: HostFacts, needs: GuestNeeds, place: Place): Fault[] {
  const { freeBytes, totalBytes } = host.description.memory ?? {};
  const has = freeBytes ?? totalBytes;
  if (has === undefined) return [];
  const word = freeBytes === undefined ? "in all" : "free";
  const bytes = needs.populatedPages * PAGE_BYTES;
  const actual = `${has} bytes ${word}`;
  if (bytes > has) {
    return [
      hostFault("HF-1", place, {
        message:
          `The guest's ${needs.populatedPages} pages need ${bytes - has} bytes more ` +
          `than the host has ${word}.`,
        expected: `${bytes} bytes`,
        actual,
      }),
    ];
  }
  const overhead = overheadEstimate(needs);
  if (bytes + overhead <= has) return [];
  const message =
    `The guest's pages fit, but not with the ${overhead} bytes ` +
    "that Xen is estimated to need beside them.";
  const expected = `${bytes + overhead} bytes, ${overhead} of them estimated`;
  const fault = beyondXenFault("HF-1", place, { message, expected, actual });
  return [{ ...fault, ruleCase: "estimate" }];
}

function vcpuFaults(host: HostFacts, { guest, vcpus }: GuestNeeds, place: Place): Fault[] {
  const { maxVcpus, cpus } = host.description;
  if (vcpus === null || guest === null) return [];
  const most = guest === "hvm" || guest === "pvh" ? maxVcpus?.hvm : maxVcpus?.pv;
  if (most !== undefined && vcpus > most) {
    const has = `The guest has ${counted(vcpus, "vcpu")}`;
    const message = `${has}; the host gives ${guest} guests ${most} at most.`;
    const text = { message, expected: `at most ${most}`, actual: String(vcpus) };
    return [hostFault("HF-2", place, text)];
  }
  if (cpus === undefined || vcpus <= cpus) return [];
  const there = counted(cpus, "processor");
  const message = `The guest has ${counted(vcpus, "vcpu")}, the host ${there}.`;
  const text = { message, expected: `at most ${cpus}`, actual: String(vcpus) };
  return [{ ...beyondXenFault("HF-2", place, text), ruleCase: "overcommit" }];
}

function addressFaults(host: HostFacts, { maxPfn }: GuestNeeds, place: Place): Fault[] {
  const bits = host.description.cpu?.physicalAddressBits;
  if (bits === undefined || maxPfn < 2 ** bits / PAGE_BYTES) return [];
  const actual = hex(maxPfn);
  const message = `The guest has a page at pfn ${actual}, beyond the host's ${bits} address bits.`;
  const expected = `pfns below ${hex(2 ** bits / PAGE_BYTES)}`;
  return [beyondXenFault("HF-6", place, { message, expected, actual })];
}

/** HF-4: whether the host has a device model that the image names, by id or in its config. */
export function checkDeviceModel(host: HostFacts, model: string, place: Place): Fault[] {
  const { deviceModels } = host.description;
  const gone =
    model === DEVICE_MODELS.get(EMULATOR_QEMU_TRADITIONAL) &&
    host.release !== null &&
    isAtLeast(host.release, FIRST_WITHOUT_QEMU_TRADITIONAL);
  if (deviceModels === undefined ? !gone : deviceModels.includes(model)) return [];
  const has = deviceModels === undefined ? "qemu-xen alone" : deviceModels.join(", ") || "none";
  const message = `The image is of ${model}, which ${hostXen(host)} is not known to have.`;
  return [beyondXenFault("HF-4", place, { message, expected: has, actual: model })];
}

/** HF-4: whether the host's QEMU has the machine that a config names. */
export function checkMachineType(host: HostFacts, machine: string, place: Place): Fault[] {
  const { machines } = host.description;
  if (machines === undefined || machines.includes(machine)) return [];
  const message = `The domain's machine is ${machine}, which the host is not known to have.`;
  const expected = machines.join(", ") || "none";
  return [beyondXenFault("HF-4", place, { message, expected, actual: machine })];
}

/** LC-TSC-3: a guest that reads the processor's own TSC needs one of the same speed, or scaling. */
export function checkHostTsc(
  host: HostFacts,
  { mode, khz }: { readonly mode: number; readonly khz: number },
  place: Place & { readonly khzByteOffset: number },
): Fault[] {
  const { khz: there, scaling } = host.description.tsc ?? {};
  if (mode !== TSC_NEVER_EMULATE || there === undefined || khz === 0 || scaling !== false)
    return [];
  if (Math.abs(there - khz) <= there * TSC_TOLERANCE) return [];
  return [
    beyondXenFault("LC-TSC-3", place, {
      message: "TSC mode 2 (never emulate): the host's counter runs at another speed, unscaled.",
      expected: `${khz} kHz, as the guest was told`,
      actual: `${there} kHz`,
      field: { at: place.khzByteOffset - place.byteOffset, bytes: 4 },
      hint: "Save the guest with tsc_mode default, or restore on a host of the same frequency.",
    }),
  ];
}
