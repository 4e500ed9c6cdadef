/**
 * Rules of what an image needs beyond the formats: memory, vcpus, the kind of guest, the processor,
 * the device model. They are checked against the description of a host (`verify --on`) alone. The
 * limits of releases are the `on-host` cases of the formats' own rules.
 */
import type { Rule } from "../rule.js";
import { REJECTED, WARNED } from "./severities.js";

const OWN = "id of xenstream";
const DESCRIBE = "If the host has changed, describe it anew with `xenstream host`.";

export const HOST_RULES = [
  {
    id: "HF-1",
    ...REJECTED,
    sentence: "The host has memory enough for the guest.",
    enforcedBy: ["hypervisor"],
    source: `${OWN}; populating the guest fails where no page is free; xl.cfg manual for overhead`,
    hint: "Free memory there: shut a guest down, or lower the target of one or of dom0.",
    example: "a guest of 8 GiB on a host with 4 GiB free",
    cases: {
      estimate: {
        ...REJECTED,
        what: "the pages fit, but not with the estimate of what Xen needs beside them",
      },
    },
  },
  {
    id: "HF-2",
    ...REJECTED,
    sentence: "The host gives a guest of this kind as many vcpus as were saved.",
    enforcedBy: ["hypervisor"],
    source: `${OWN}; Xen limits the vcpus of a domain by its kind when it is created`,
    hint: DESCRIBE,
    example: "a guest of 64 vcpus where 32 are the most",
    cases: {
      overcommit: { ...WARNED, what: "more vcpus than the host has processors: slow, but runs" },
    },
  },
  {
    id: "HF-3",
    ...REJECTED,
    sentence: "The host runs guests of this kind: x86, and HVM, PVH or PV of this width.",
    enforcedBy: ["hypervisor"],
    source: `${OWN}; xen_caps and virt_caps as xl info prints them`,
    hint: "Restore on a host with that support: hardware, and how its Xen was built and booted.",
    example: "a 32-bit PV guest where xen_caps lacks xen-3.0-x86_32p",
  },
  {
    id: "HF-4",
    ...REJECTED,
    sentence: "The host has the device model whose state the image holds.",
    enforcedBy: ["tool"],
    source: `${OWN}; libxl stream document, EMULATOR_CONTEXT`,
    hint: "qemu-traditional left Xen with 4.21: shut such a guest down inside and start it anew.",
    example: "state of qemu-traditional for a host with upstream QEMU alone",
  },
  {
    id: "HF-5",
    ...REJECTED,
    sentence: "The host's processor is of the vendor that the guest was told.",
    enforcedBy: ["tool"],
    source: `${OWN}; CPUID leaf 0 of the policy`,
    hint: "A running guest does not outlive a change of vendor: shut it down and start it there.",
    example: "a guest of GenuineIntel on AuthenticAMD",
  },
  {
    id: "HF-6",
    ...REJECTED,
    sentence: "Every page of the guest lies within the host's physical address width.",
    enforcedBy: ["tool"],
    source: `${OWN}; CPUID leaf 0x80000008`,
    hint: DESCRIBE,
    example: "a page at 2^40 on a processor of 39 bits",
  },
] as const satisfies readonly Rule[];
