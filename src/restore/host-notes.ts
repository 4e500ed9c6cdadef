/**
 * What is said of a check against a host beside its faults: the kind of guest, the reasons in short,
 * and what could not be looked at, because the host's description or the image does not tell.
 */
import type { GuestNeeds, HostFacts } from "../checks/index.js";
import type { Fault, HostGuest, HostReason } from "../findings/index.js";
import type { DomainFacts } from "./facts.js";

/** What was not checked, and why. */
export function notesOf(host: HostFacts, domain: DomainFacts, needs: GuestNeeds): string[] {
  const { description, release, guests, policies, xcr0 } = host;
  const kind = domain.guest === "pv" ? "pv" : "hvm";
  const policy = policies[kind];
  const notes: string[] = [];
  const say = (missing: boolean, text: string): void => {
    if (missing) notes.push(text);
  };
  say(release === null, "limits of the release: the host file does not name its Xen");
  say(guests === null, "kinds of guests: the host file does not list them");
  const { freeBytes, totalBytes } = description.memory ?? {};
  say(freeBytes === undefined && totalBytes === undefined, "memory: the host file has none");
  say(
    freeBytes === undefined && totalBytes !== undefined,
    "free memory: the host file tells the total alone",
  );
  say(
    description.maxVcpus?.[kind] === undefined,
    "most vcpus of a guest: the host file does not tell",
  );
  say(needs.vcpus === null, "vcpus: the image does not tell how many");
  say(policy === null, `CPU features: the host file has no ${kind}Max policy`);
  say(xcr0[kind] === null, "extended state (xcr0): the host file does not tell");
  say(
    domain.cpuidPolicy === null && policy !== null,
    "CPU features one by one: the image has no CPUID policy; saved control registers and " +
      "extended state stand for it",
  );
  say(domain.msrPolicy === null && policy !== null, "MSRs: the image has no MSR policy");
  const emulated = kind === "hvm" && !domain.pvh;
  say(
    emulated && description.deviceModels === undefined,
    "device models: the host file does not list them",
  );
  return notes;
}

/** A fault as a reason. */
export function reasonOf({ rule, message, onHost }: Fault): HostReason {
  const beyond = onHost === "beyond-xen" ? { beyondXen: true as const } : {};
  return { rule, message: message ?? "", ...beyond };
}

/** The kind of guest, as descriptions of hosts name it; null where the stream does not tell. */
export function hostGuest({ guest, pvh, pvWidth }: DomainFacts): HostGuest | null {
  if (guest === "hvm") return pvh ? "pvh" : "hvm";
  if (guest === null || pvWidth === null) return null;
  return pvWidth === 4 ? "pv32" : "pv64";
}
