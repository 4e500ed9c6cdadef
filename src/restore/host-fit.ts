/**
 * Watches the events of an image for what a host would not take (`verify --on`), and says in
 * the end whether the image fits. It sees what the restorer took, changes nothing, and reports its faults
 * beside those of the image. The checks themselves are checks/host-fit*.ts.
 */
import {
  checkDeviceModel,
  checkHostContextRecord,
  checkHostCpuid,
  checkHostMachine,
  checkHostMsrs,
  checkHostParam,
  checkHostTsc,
  checkHostVcpu,
  checkHostXstate,
  checkMachineType,
  checkRecordHead,
  checkStreamVersion,
  checkXenstoreVersion,
  checkXlFlags,
  DEVICE_MODELS,
  type GuestNeeds,
  type HostFacts,
  hostXen,
  overheadEstimate,
} from "../checks/index.js";
import {
  type Fault,
  type HostReason,
  type HostResult,
  MAX_FAULTS_PER_BODY,
  MAX_HOST_REASONS,
  MAX_HVM_RECORDS_JUDGED,
  type Place,
  severityOf,
} from "../findings/index.js";
import {
  type CpuidLeaf,
  LIBXL_REC_TYPE_EMULATOR_CONTEXT,
  PAGE_BYTES,
  type PolicyMsr,
  REC_TYPE_HVM_PARAMS,
  REC_TYPE_X86_CPUID_POLICY,
  REC_TYPE_X86_MSR_POLICY,
} from "../format/index.js";
import type { Guest } from "../guest/index.js";
import {
  bodyContext,
  bodyOffset,
  HvmContext,
  type HvmParams,
  type Policy,
  placeOf,
  type RecordCodec,
  type RecordEvent,
  type RecordHead,
  recordRow,
  type SectionEvent,
  type StreamEvent,
} from "../stream/index.js";
import { qemuOfConfig } from "./config.js";
import type { DomainFacts, KeptRecord } from "./facts.js";
import { hostGuest, notesOf, reasonOf } from "./host-notes.js";

/** Offset of xcr0_accum in the body of X86_PV_VCPU_XSAVE: behind the head and xcr0. */
const PV_XCR0_ACCUM_OFFSET = 16;
const TSC_KHZ_OFFSET = 4;

/** What the restorer knows once an image is over. */
export interface RestoredFacts {
  readonly domain: DomainFacts | null;
  readonly guest: Guest | null;
  /** Told by the caller or a config. */
  readonly vcpus: number | null;
}

export class HostFit {
  readonly #host: HostFacts;
  readonly #report: (fault: Fault) => void;
  readonly #reasons: HostReason[] = [];
  #reasonsOmitted = 0;
  /** Faults told once: by rule, and by what they are of. */
  readonly #told = new Set<string>();
  #place: Place = { layer: "libxc", byteOffset: 0 };
  #legacy = false;
  #versionRefused = false;
  #needs: GuestNeeds | null = null;
  #notes: string[] = [];

  /** @param report takes every fault; what it makes of it changes nothing here */
  constructor(host: HostFacts, report: (fault: Fault) => void) {
    this.#host = host;
    this.#report = report;
  }

  /** See one event, in the order in which the restorer is given them. */
  observe(event: StreamEvent): void {
    switch (event.event) {
      case "container":
        this.#legacy ||= event.name === "legacy";
        return;
      case "header":
        this.#header(event);
        return;
      case "section":
        this.#section(event);
        return;
      case "batch":
        this.#head(event.head);
        return;
      case "record":
        this.#record(event);
        return;
      case "moment":
        if (event.moment === "libxc-begin") this.#begin(event.layer, event.byteOffset);
        return;
      default:
        return;
    }
  }

  #begin(layer: Place["layer"], byteOffset: number): void {
    if (this.#place.byteOffset === 0) this.#place = { layer, byteOffset };
  }

  #header(event: StreamEvent & { readonly event: "header" }): void {
    const { layer, byteOffset, fields } = event;
    const place = { layer, byteOffset };
    const { version, mandatory_flags: flags } = fields;
    if (layer === "xl" && typeof flags === "number")
      this.#add(checkXlFlags(this.#host, flags, place));
    if (typeof version !== "number") return;
    if (layer === "xenstore") this.#add(checkXenstoreVersion(this.#host, version, place));
    if (layer !== "libxc" || this.#legacy) return;
    this.#place = place;
    const faults = checkStreamVersion(this.#host, version, place);
    this.#versionRefused ||= faults.length > 0;
    this.#add(faults);
  }

  #section(section: SectionEvent): void {
    const { layer, byteOffset } = section;
    const place = { layer, byteOffset };
    const { machine, deviceModel } = qemuOfConfig(section);
    if (machine !== null) this.#add(checkMachineType(this.#host, machine, place));
    if (deviceModel !== null) this.#deviceModel(deviceModel, place);
    if (section.name !== "hvm-context" || section.body === null) return;
    this.#context(section.body, byteOffset, place);
  }

  #deviceModel(model: string, place: Place): void {
    this.#once(`model ${model}`, () => checkDeviceModel(this.#host, model, place));
  }

  /** A release that refuses the stream's version refuses nothing more of its records. */
  #head(head: RecordHead): void {
    if (head.layer !== "libxc" || this.#legacy || this.#versionRefused) return;
    const faults = checkRecordHead(this.#host, head.type, head.bodyBytes, placeOf(head));
    for (const fault of faults) this.#once(`${fault.rule} ${head.type}`, () => [fault]);
  }

  #record({ head, body }: RecordEvent): void {
    if (head.layer === "libxl") {
      if (head.type !== LIBXL_REC_TYPE_EMULATOR_CONTEXT || body === null || body.length < 4) return;
      const model = DEVICE_MODELS.get(u32(body, 0));
      if (model !== undefined) this.#deviceModel(model, placeOf(head));
      return;
    }
    if (head.layer === "xenstore") return;
    this.#head(head);
    if (head.type !== REC_TYPE_HVM_PARAMS || body === null) return;
    const params = decoded<HvmParams>({ head, body })?.params ?? [];
    for (const [ordinal, param] of params.entries()) {
      const faults = checkHostParam(this.#host, param, ordinal, bodyContext(head));
      for (const fault of faults) {
        this.#once(`${fault.rule} ${param.index} ${param.value}`, () => [fault]);
      }
    }
  }

  /** The image is over: judge what was taken over, as it is in the end. */
  finish({ domain, guest, vcpus }: RestoredFacts): void {
    if (domain === null || guest === null) return;
    const kind = domain.guest === "pv" ? "pv" : "hvm";
    if (domain.guest === null) return;
    this.#policies(domain, kind);
    if (domain.tscInfo !== null) {
      const { head, body } = domain.tscInfo;
      const tsc = { mode: u32(body, 0), khz: u32(body, TSC_KHZ_OFFSET) };
      this.#add(checkHostTsc(this.#host, tsc, placeOf(head)));
    }
    let contextVcpus = 0;
    if (domain.hvmContext !== null) {
      const { head, body } = domain.hvmContext;
      contextVcpus = this.#context(body, bodyOffset(head), placeOf(head));
    }
    this.#pvVcpus(domain);
    const known = Math.max(contextVcpus, domain.vcpuCount);
    const { populatedPages, maxPfn } = guest.engine.stats();
    const needs: GuestNeeds = {
      guest: hostGuest(domain),
      populatedPages,
      maxPfn,
      vcpus: vcpus ?? (known === 0 ? null : known),
    };
    this.#needs = needs;
    this.#add(checkHostMachine(this.#host, needs, this.#place));
    this.#notes = notesOf(this.#host, domain, needs);
  }

  #policies(domain: DomainFacts, kind: "hvm" | "pv"): void {
    const { cpuidPolicy, msrPolicy } = domain;
    if (cpuidPolicy?.head.type === REC_TYPE_X86_CPUID_POLICY) {
      const leaves = [...(decoded<Policy<CpuidLeaf>>(cpuidPolicy)?.entries ?? [])];
      this.#add(checkHostCpuid(this.#host, kind, leaves, bodyContext(cpuidPolicy.head)));
    }
    if (msrPolicy?.head.type === REC_TYPE_X86_MSR_POLICY) {
      const msrs = [...(decoded<Policy<PolicyMsr>>(msrPolicy)?.entries ?? [])];
      this.#add(checkHostMsrs(this.#host, kind, msrs, bodyContext(msrPolicy.head)));
    }
  }

  /** Returns how many vcpus the context has at least. */
  #context(blob: Uint8Array, byteOffset: number, place: Place): number {
    let vcpus = 0;
    let judged = 0;
    const faults: Fault[] = [];
    for (const record of new HvmContext(blob, byteOffset)) {
      if (record.name === "CPU") vcpus = Math.max(vcpus, record.instance + 1);
      faults.push(...checkHostContextRecord(this.#host, record, place));
      faults.push(...checkHostVcpu(this.#host, record, place));
      if (++judged === MAX_HVM_RECORDS_JUDGED || faults.length >= MAX_FAULTS_PER_BODY) break;
    }
    this.#add(faults);
    return vcpus;
  }

  #pvVcpus(domain: DomainFacts): void {
    for (const { xsave } of domain.vcpus.values()) {
      if (xsave === undefined || xsave.body.length < PV_XCR0_ACCUM_OFFSET + 8) continue;
      const { head, body } = xsave;
      const accumulated =
        (BigInt(u32(body, PV_XCR0_ACCUM_OFFSET + 4)) << 32n) |
        BigInt(u32(body, PV_XCR0_ACCUM_OFFSET));
      const at = { ...placeOf(head), byteOffset: bodyOffset(head) + PV_XCR0_ACCUM_OFFSET };
      this.#add(checkHostXstate(this.#host, "pv", accumulated, "LC-PV-15", at));
    }
  }

  #once(key: string, judge: () => Fault[]): void {
    if (this.#told.has(key) || this.#told.size >= MAX_FAULTS_PER_BODY) return;
    const faults = judge();
    if (faults.length > 0) this.#told.add(key);
    this.#add(faults);
  }

  #add(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.#report(fault);
      if (severityOf(fault.rule, fault.ruleCase, "restore") !== "error") continue;
      if (this.#reasons.length >= MAX_HOST_REASONS) this.#reasonsOmitted += 1;
      else this.#reasons.push(reasonOf(fault));
    }
  }

  /** What came of it; complete after finish(). */
  result(): HostResult {
    const { name } = this.#host.description;
    const needs = this.#needs;
    return {
      name: name ?? hostXen(this.#host),
      verdict: this.#reasons.length > 0 ? "blocked" : "fits",
      blocking: this.#reasons,
      ...(this.#reasonsOmitted === 0 ? {} : { blockingOmitted: this.#reasonsOmitted }),
      ...(needs === null
        ? {}
        : {
            needs: {
              memoryBytes: needs.populatedPages * PAGE_BYTES,
              overheadBytesEstimate: overheadEstimate(needs),
              vcpus: needs.vcpus,
            },
          }),
      notChecked: this.#notes,
    };
  }
}

function u32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}

function decoded<V>({ head, body }: KeptRecord): V | null {
  const row = recordRow(head.type);
  if (row === null) return null;
  return (row.codec as unknown as RecordCodec<V>).decode(body, bodyContext(head)).value;
}
