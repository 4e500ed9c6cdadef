/**
 * Rows of HVM records, CPU policies, order and checkpoints: LC-HVM, LC-POL, LC-ORD, LC-CP.
 */
import { concat, patternPage, u32le, u64le, zeros } from "../../builders/bytes.js";
import { hvmContext } from "../../builders/hvm.js";
import {
  checkpoint,
  cpuidPolicy,
  DOMAIN_PV,
  end,
  headers,
  hvmParams,
  msrPolicy,
  NO_SUBLEAF,
  p2mFrames,
  pageData,
  REC,
  staticDataEnd,
} from "../../builders/libxc.js";
import { insertBefore, join, libxcRecord, type Part, without } from "../../builders/parts.js";
import { beforeEnd, hvm, instead, PLAN, pv, type RuleRow, row } from "./row.js";

const extra = (...parts: Part[]): Part[] => beforeEnd(hvm(), ...parts);
const policy = (type: number, ...parts: Part[]): Part[] => instead(hvm(), type, ...parts);
const leaf = (number: number, subleaf: number): Part[] =>
  policy(REC.X86_CPUID_POLICY, cpuidPolicy([[number, subleaf, 0, 0, 0, 0]]));
const raw = (type: number, bytes: number): Part[] => policy(type, libxcRecord(type, zeros(bytes)));
const params = (reserved: number): Part =>
  libxcRecord(REC.HVM_PARAMS, concat(u32le(1), u32le(reserved), u64le(1), u64le(1)));
const page = (): Part => pageData([{ pfn: 1, page: patternPage(3) }]);
const firstParams = (): Part[] => insertBefore(hvm(), REC.HVM_CONTEXT, hvmParams([[1, 1]]));
const beforePages = (parts: Part[], type: number): Part[] => {
  const early = parts.filter((part) => part.type === type);
  return insertBefore(without(parts, type), REC.PAGE_DATA, ...early);
};
/** A checkpointed stream: the sound one, its CHECKPOINT, and what stands behind. */
const epochs = (base: Part[], ...behind: Part[]): Part[] =>
  instead(base, REC.END, checkpoint(), ...behind);
const CHECKPOINTED = { checkpointed: true };
const OPTIONAL = libxcRecord(0x8000_0001);

export const LIBXC_ORDER: readonly RuleRow[] = [
  row(
    "LC-HVM-1",
    "a count of 2 with one entry",
    () => extra(hvmParams([[1, 1]], { count: 2 })),
    () => extra(hvmParams([[1, 1]])),
  ),
  row(
    "LC-HVM-2",
    "no entry",
    () => extra(hvmParams([])),
    () => extra(hvmParams([[1, 1]])),
  ),
  row(
    "LC-HVM-3",
    "a reserved word of 1",
    () => extra(params(1)),
    () => extra(params(0)),
  ),
  row("LC-HVM-5", "an empty context", () => raw(REC.HVM_CONTEXT, 0), hvm),
  row("LC-HVM-6", "two contexts", () => extra(hvmContext()), hvm),
  row("LC-HVM-7", "no context", () => without(hvm(), REC.HVM_CONTEXT), hvm),
  row(
    "LC-POL-1",
    "23 bytes",
    () => raw(REC.X86_CPUID_POLICY, 23),
    () => leaf(0, NO_SUBLEAF),
  ),
  row(
    "LC-POL-2",
    "leaf 0xe",
    () => leaf(0xe, NO_SUBLEAF),
    () => leaf(0xd, 0),
  ),
  row(
    "LC-POL-3",
    "MSR 0x10",
    () => policy(REC.X86_MSR_POLICY, msrPolicy([[0x10, 0n]])),
    () => policy(REC.X86_MSR_POLICY, msrPolicy([[0x10a, 0n]])),
  ),
  row("LC-POL-4", "no MSR policy", () => without(hvm(), REC.X86_MSR_POLICY), hvm),
  row(
    "LC-POL-5",
    "a second CPUID policy",
    () => insertBefore(hvm(), REC.STATIC_DATA_END, ...leaf(0, NO_SUBLEAF).slice(1, 2)),
    hvm,
  ),
  row(
    "LC-ORD-1",
    "a policy behind the static data",
    () => insertBefore(hvm(), REC.PAGE_DATA, msrPolicy([[0xce, 0n]])),
    hvm,
  ),
  row("LC-ORD-2", "no STATIC_DATA_END", () => without(hvm(), REC.STATIC_DATA_END), hvm),
  row(
    "LC-ORD-2/registers",
    "X86_TSC_INFO in the static data",
    () => {
      const tsc = hvm().filter(({ type }) => type === REC.X86_TSC_INFO);
      return insertBefore(without(hvm(), REC.X86_TSC_INFO), REC.STATIC_DATA_END, ...tsc);
    },
    hvm,
  ),
  row(
    "LC-ORD-4",
    "two STATIC_DATA_END",
    () => policy(REC.STATIC_DATA_END, staticDataEnd(), staticDataEnd()),
    hvm,
  ),
  row(
    "LC-ORD-5",
    "pages before P2M_FRAMES",
    () => insertBefore(pv(), REC.X86_PV_P2M_FRAMES, pageData([{ pfn: 0 }])),
    pv,
  ),
  row(
    "LC-ORD-5/early-vcpu",
    "a vcpu before the pages",
    () => beforePages(pv(), REC.X86_PV_VCPU_BASIC),
    pv,
  ),
  row("LC-ORD-6", "HVM_PARAMS behind the context", () => hvm([[1, 1]]), firstParams),
  row("LC-ORD-7/trailing", "a stray byte", () => concat(join(hvm()), zeros(1)), hvm),
  row(
    "LC-ORD-9",
    "no X86_PV_INFO",
    () => [headers({ type: DOMAIN_PV }), staticDataEnd(), end()],
    pv,
  ),
  row(
    "LC-CP-1",
    "CHECKPOINT in a plain stream",
    () => epochs(hvm(), end()),
    () => epochs(hvm(), end()),
    {},
    CHECKPOINTED,
  ),
  row(
    "LC-CP-2",
    "P2M_FRAMES in the second epoch",
    () => epochs(pv(), p2mFrames(0, 15, PLAN.p2m), checkpoint()),
    () => epochs(pv(), pageData([{ pfn: 15 }]), checkpoint()),
    CHECKPOINTED,
  ),
  row(
    "LC-CP-3",
    "no END",
    () => epochs(hvm()),
    () => epochs(hvm(), end()),
    CHECKPOINTED,
  ),
  row(
    "LC-CP-5",
    "a page between CHECKPOINT and END",
    () => epochs(hvm(), page(), end()),
    () => epochs(hvm(), end()),
    CHECKPOINTED,
  ),
  row(
    "LC-CP-6",
    "a page behind the last CHECKPOINT",
    () => epochs(hvm(), page()),
    () => epochs(hvm()),
    CHECKPOINTED,
  ),
  row(
    "LC-CP-7",
    "an optional record in the second epoch",
    () => epochs(hvm(), OPTIONAL, checkpoint()),
    () => epochs(extra(OPTIONAL), page(), checkpoint()),
    CHECKPOINTED,
  ),
];
