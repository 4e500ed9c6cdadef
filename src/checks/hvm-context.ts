/**
 * Judges what the records of an HVM context say: HC-8 to HC-10, HC-20 to HC-27. All of it depends
 * on the domain and host that load it, so none of it rejects an image. Framing is judged by the
 * codec.
 * Source: Xen public arch-x86/hvm/save.h and the behaviour of its loaders (facts).
 */
import {
  counted,
  type Fault,
  hex,
  MAX_FAULTS_PER_BODY,
  MAX_HVM_RECORDS_JUDGED,
} from "../findings/index.js";
import {
  fieldSpan,
  HVM_LAPIC_LAYOUT,
  HVM_MTRR_LAYOUT,
  HVM_PCI_LINK_LAYOUT,
  HVM_PIC_LAYOUT,
  HVM_PIT_CHANNEL_LAYOUT,
  HVM_PIT_LAYOUT,
  HVM_TYPES,
  HVM_VIRIDIAN_VCPU_LAYOUT,
  type HvmContextRecord,
  type HvmFields,
  type HvmType,
} from "../format/index.js";
import { checkHvmCpu } from "./hvm-cpu.js";
import { type HvmContextFacts, type Report, recordFaults } from "./hvm-facts.js";
import { checkHvmMsrs, checkHvmXsave } from "./hvm-state.js";

const PIC_INSTANCES = 2;
/** Interrupt lines whose trigger mode can be programmed, by PIC instance: not 0, 1, 2, 8, 13. */
const PIC_ELCR_MASKS = [0xf8, 0xde] as const;
const PIC_IS_MASTER = 1 << 6;
const PIC_INIT_STATE = 0xf;
const PCI_ROUTES = 16;
const PIT_COUNT_MAX = 0x1_0000;
const PIT_STATE_MAX = 4;
const PIT_RW_MODE_MAX = 3;
const APIC_BASE_X2APIC = 1n << 10n;
const APIC_BASE_ENABLED = 1n << 11n;
const MTRR_VARIABLE_MASK = 0xffn;
const MTRR_VARIABLE_MAX = 8n;

/**
 * Judge the records of one context.
 *
 * @param records  in their order; opaque ones are judged as far as their heads go
 */
export function checkHvmContext(
  records: Iterable<HvmContextRecord>,
  facts: HvmContextFacts,
): Fault[] {
  const faults: Fault[] = [];
  const started = new Set<number>();
  let judged = 0;
  for (const record of records) {
    if (record.name === "CPU") started.add(record.instance);
    faults.push(...checkHvmRecord(record, facts));
    if (++judged === MAX_HVM_RECORDS_JUDGED || faults.length >= MAX_FAULTS_PER_BODY) return faults;
  }
  return [...faults, ...vcpuFaults(started, facts)];
}

// Said of the context as a whole, at the place of what holds it.
function vcpuFaults(started: ReadonlySet<number>, { vcpus, place }: HvmContextFacts): Fault[] {
  const { layer, byteOffset, recordIndex, recordType } = place;
  const whole = { layer, byteOffset, recordIndex, recordType };
  if (vcpus === null) {
    const actual = `highest instance plus 1: ${Math.max(-1, ...started) + 1}`;
    return [{ ...whole, rule: "HC-8", ruleCase: "assumed", expected: "a vcpu count", actual }];
  }
  let within = 0;
  for (const instance of started) if (instance < vcpus) within++;
  if (within >= vcpus) return [];
  const expected = `${counted(vcpus, "CPU record")}, one for each vcpu`;
  return [{ ...whole, rule: "HC-9", expected, actual: String(within) }];
}

function checkHvmRecord(record: HvmContextRecord, facts: HvmContextFacts): Fault[] {
  const { faults, report } = recordFaults(record, facts.place);
  const type = HVM_TYPES[record.typecode];
  if (type === undefined) return faults;
  checkInstance(record, type, facts, report);
  if (type.absentInPvh && facts.pvh === true) {
    report("HC-10", null, { expected: "no such device in a PVH guest", actual: type.name });
  }
  if (record.fields === null) {
    if (record.name === "CPU_XSAVE") checkHvmXsave(record.bodyBytes, null, facts, report);
    if (record.name === "CPU_MSR") checkHvmMsrs(record.bodyBytes, null, report);
    return faults;
  }
  checkFields(record, facts, report);
  return faults;
}

function checkInstance(
  record: HvmContextRecord,
  type: HvmType,
  facts: HvmContextFacts,
  report: Report,
): void {
  const { instance } = record;
  const actual = `${type.name} instance ${instance}`;
  if (type.per === "vcpu") {
    if (facts.vcpus === null || instance < facts.vcpus) return;
    report("HC-8", null, { expected: `a vcpu id below ${facts.vcpus}`, actual });
    return;
  }
  const instances = type.name === "PIC" ? PIC_INSTANCES : 1;
  if (instance < instances) return;
  report("HC-8", null, { expected: `an instance below ${instances}`, actual });
}

function checkFields(
  record: Exclude<HvmContextRecord, { fields: null }>,
  facts: HvmContextFacts,
  report: Report,
): void {
  switch (record.name) {
    case "CPU":
      checkHvmCpu(record.fields, record.bodyBytes, facts, report);
      break;
    case "PIC":
      checkPic(record.fields, record.instance, report);
      break;
    case "PCI_LINK":
      checkPciLink(record.fields, report);
      break;
    case "PIT":
      checkPit(record.fields, report);
      break;
    case "LAPIC":
      checkLapic(record.fields, report);
      break;
    case "MTRR":
      checkMtrr(record.fields, report);
      break;
    case "VIRIDIAN_VCPU":
      checkViridianVcpu(record.fields, report);
      break;
    case "CPU_XSAVE":
      checkHvmXsave(record.bodyBytes, record.fields, facts, report);
      break;
    case "CPU_MSR":
      checkHvmMsrs(record.bodyBytes, record.fields, report);
      break;
  }
}

function checkPic(pic: HvmFields["PIC"], instance: number, report: Report): void {
  const at = (name: Parameters<typeof fieldSpan<typeof HVM_PIC_LAYOUT.fields>>[1]) =>
    fieldSpan(HVM_PIC_LAYOUT, name);
  const master = (pic.bits & PIC_IS_MASTER) !== 0;
  if (pic.int_output > 1) {
    const text = { expected: "int_output 0 or 1", actual: String(pic.int_output) };
    report("HC-22", at("int_output"), text);
  }
  if (instance < PIC_INSTANCES && master !== (instance === 0)) {
    const expected = `is_master ${instance === 0 ? "set" : "clear"} in instance ${instance}`;
    report("HC-22", at("bits"), { expected, actual: hex(pic.bits) });
  }
  if (pic.int_output !== 0 && (pic.init_priority & PIC_INIT_STATE) !== 0) {
    const text = { expected: "no int_output while initialising", actual: "both" };
    report("HC-22", at("int_output"), text);
  }
  const mask = PIC_ELCR_MASKS[instance];
  if (mask !== undefined && (pic.elcr & ~mask) !== 0) {
    report("HC-22", at("elcr"), { expected: `bits ${hex(mask)} alone`, actual: hex(pic.elcr) });
  }
}

function checkPciLink(link: HvmFields["PCI_LINK"], report: Report): void {
  link.route.forEach((route, index) => {
    if (route < PCI_ROUTES) return;
    const text = { expected: `a route below ${PCI_ROUTES}`, actual: String(route) };
    const { at } = fieldSpan(HVM_PCI_LINK_LAYOUT, "route");
    report("HC-23", { at: at + index, bytes: 1 }, text);
  });
  if (link.pad0.some((byte) => byte !== 0)) {
    const text = { expected: "zero padding", actual: "other bytes" };
    report("HC-23", fieldSpan(HVM_PCI_LINK_LAYOUT, "pad0"), text);
  }
}

function checkPit(pit: HvmFields["PIT"], report: Report): void {
  pit.channels.forEach((channel, index) => {
    const inChannel = (name: keyof typeof channel) => {
      const { at, bytes } = fieldSpan(HVM_PIT_CHANNEL_LAYOUT, name);
      return { at: index * HVM_PIT_CHANNEL_LAYOUT.bytes + at, bytes };
    };
    const most = (name: keyof typeof channel, max: number): void => {
      if (channel[name] <= max) return;
      const expected = `${name} of channel ${index} at most ${max}`;
      report("HC-24", inChannel(name), { expected, actual: String(channel[name]) });
    };
    most("count", PIT_COUNT_MAX);
    most("count_latched", PIT_STATE_MAX);
    most("read_state", PIT_STATE_MAX);
    most("write_state", PIT_STATE_MAX);
    most("rw_mode", PIT_RW_MODE_MAX);
    most("bcd", 1);
    most("gate", 1);
    // Only the speaker's channel has a gate that a guest can close.
    if (index < 2 && channel.gate === 0) {
      report("HC-24", inChannel("gate"), { expected: `gate 1 on channel ${index}`, actual: "0" });
    }
  });
  if (pit.speaker_data_on > 1) {
    const field = fieldSpan(HVM_PIT_LAYOUT, "speaker_data_on");
    report("HC-24", field, { expected: "0 or 1", actual: String(pit.speaker_data_on) });
  }
  if (pit.pad0 !== 0) {
    const field = fieldSpan(HVM_PIT_LAYOUT, "pad0");
    report("HC-24", field, { expected: "zero padding", actual: hex(pit.pad0) });
  }
}

function checkLapic(lapic: HvmFields["LAPIC"], report: Report): void {
  const base = lapic.apic_base_msr;
  if ((base & APIC_BASE_X2APIC) === 0n || (base & APIC_BASE_ENABLED) !== 0n) return;
  const field = fieldSpan(HVM_LAPIC_LAYOUT, "apic_base_msr");
  report("HC-25", field, { expected: "x2APIC mode only where enabled", actual: hex(base) });
}

function checkMtrr(mtrr: HvmFields["MTRR"], report: Report): void {
  const ranges = mtrr.msr_mtrr_cap & MTRR_VARIABLE_MASK;
  if (ranges <= MTRR_VARIABLE_MAX) return;
  const field = fieldSpan(HVM_MTRR_LAYOUT, "msr_mtrr_cap");
  report("HC-25", field, { expected: "at most 8 variable ranges", actual: String(ranges) });
}

function checkViridianVcpu(viridian: HvmFields["VIRIDIAN_VCPU"], report: Report): void {
  if (viridian.pad.every((byte) => byte === 0)) return;
  const field = fieldSpan(HVM_VIRIDIAN_VCPU_LAYOUT, "pad");
  report("HC-25", field, { expected: "zero padding", actual: "other bytes" });
}
