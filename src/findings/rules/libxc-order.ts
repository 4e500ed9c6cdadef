/**
 * Rules of the order of libxc records and of checkpointed streams: LC-ORD, LC-CP. The libxl side
 * of a checkpoint is libxl-machine.ts.
 * Source: libxc stream document, Layout and Checkpointed; Xen's restorer (facts).
 */
import type { Rule } from "../rule.js";
import { NOTED, REJECTED, STRICT_ONLY } from "./severities.js";

const LAYOUT = "libxc stream document, Layout";
const RESTORE_CODE = "Xen xg_sr_restore.c";
const PV_CODE = "Xen xg_sr_restore_x86_pv.c";
const ORDER_HINT = "Records are missing or out of order: save the guest again, or convert it.";
const EPOCH_HINT = "What stands behind the last checkpoint is no part of the restored guest.";
const BACK_CHANNEL = "The back channel is a connection of its own, which no image file holds.";

export const LIBXC_ORDER_RULES = [
  {
    id: "LC-ORD-1",
    ...STRICT_ONLY,
    sentence: "X86_PV_INFO and the CPU policies come before STATIC_DATA_END.",
    enforcedBy: ["spec"],
    source: LAYOUT,
    hint: ORDER_HINT,
    example: "X86_MSR_POLICY after STATIC_DATA_END",
  },
  {
    id: "LC-ORD-2",
    ...REJECTED,
    sentence: "In version 3, STATIC_DATA_END precedes every record of memory or registers.",
    enforcedBy: ["spec", "restore"],
    source: `${LAYOUT}; ${RESTORE_CODE} handle_page_data(), ${PV_CODE}`,
    hint: ORDER_HINT,
    example: "PAGE_DATA in a version 3 stream without STATIC_DATA_END",
    disagree:
      "The document means every such record, the restorer tests at PAGE_DATA and P2M_FRAMES, " +
      "the verifier never.",
    cases: {
      registers: {
        ...STRICT_ONLY,
        what: "a record other than PAGE_DATA and P2M_FRAMES: the restorer does not test there",
      },
    },
  },
  {
    id: "LC-ORD-3",
    ...NOTED,
    sentence: "In version 2 the static data ends where the first memory record stands.",
    enforcedBy: ["spec", "restore"],
    source: `${LAYOUT}; ${RESTORE_CODE} handle_page_data(), ${PV_CODE}`,
    notVisible: "It says what the restorer infers; LC-ORD-4 tells where that clashes.",
  },
  {
    id: "LC-ORD-4",
    ...REJECTED,
    sentence: "STATIC_DATA_END comes once, an inferred one counted.",
    enforcedBy: ["restore"],
    source: `${RESTORE_CODE} handle_static_data_end()`,
    hint: ORDER_HINT,
    example: "two STATIC_DATA_END records",
    disagree: "The verifier lets it come again.",
  },
  {
    id: "LC-ORD-5",
    ...REJECTED,
    sentence: "A PV stream has its info, its p2m frames, its pages and its vcpus in this order.",
    enforcedBy: ["spec", "restore"],
    source: `${LAYOUT}; ${PV_CODE}`,
    hint: ORDER_HINT,
    example: "PAGE_DATA before the first P2M_FRAMES",
    disagree:
      "The restorer refuses pages before frames (and crashes where they are pfn 0 alone), but " +
      "not early vcpu records; the verifier tests no order.",
    cases: {
      "early-vcpu": { ...STRICT_ONLY, what: "a vcpu record before the first pages of its epoch" },
    },
  },
  {
    id: "LC-ORD-6",
    ...NOTED,
    sentence: "HVM_PARAMS comes before HVM_CONTEXT.",
    enforcedBy: ["spec"],
    source: `${LAYOUT}; Xen xg_sr_save_x86_hvm.c`,
    hint: "Nothing to do: every release of Xen writes them the other way round.",
    example: "the records of any HVM image that Xen saved",
    disagree:
      "The document demands it, every release of the saver does the opposite, and restorer and " +
      "verifier accept both.",
  },
  {
    id: "LC-ORD-7",
    ...NOTED,
    sentence: "END is the last record, and nothing follows the stream that no container explains.",
    enforcedBy: ["spec"],
    source: "libxc stream document, END",
    hint: "Xen stops reading at END; the bytes behind it have no effect.",
    example: "one stray byte behind END",
    cases: { trailing: { ...NOTED, what: "bytes behind the END of a bare stream" } },
  },
  {
    id: "LC-ORD-8",
    ...NOTED,
    sentence: "TSC_INFO, HVM_PARAMS, SHARED_INFO and vcpu records may otherwise stand anywhere.",
    enforcedBy: [],
    source: `${RESTORE_CODE} process_record()`,
    notVisible: "A permission.",
  },
  {
    id: "LC-ORD-9",
    ...REJECTED,
    sentence: "At the end a PV stream has had X86_PV_INFO and P2M_FRAMES.",
    enforcedBy: ["restore"],
    source: `${PV_CODE} x86_pv_stream_complete()`,
    hint: "The records without which no guest can be completed are missing: save it again.",
    example: "a PV stream of headers and END",
  },
  {
    id: "LC-CP-1",
    ...REJECTED,
    sentence: "A plain stream has no CHECKPOINT record.",
    enforcedBy: ["restore"],
    source: `${RESTORE_CODE} handle_checkpoint()`,
    hint: "If the image comes from Remus or COLO, say so with `--checkpointed`.",
    example: "CHECKPOINT in a plain stream",
    disagree: "The verifier takes it anywhere, and then stumbles over the libxl records behind it.",
  },
  {
    id: "LC-CP-2",
    ...STRICT_ONLY,
    sentence: "Headers, static data, X86_PV_INFO and P2M_FRAMES come in the first epoch alone.",
    enforcedBy: ["spec"],
    source: "libxc stream document, Layout of checkpointed streams",
    hint: ORDER_HINT,
    example: "P2M_FRAMES in the second epoch",
  },
  {
    id: "LC-CP-3",
    ...NOTED,
    sentence: "A checkpointed stream is closed by an END record.",
    enforcedBy: ["spec"],
    source: "libxc stream document, END; Xen xg_sr_save.c",
    hint: "Nothing to do: savers just break off, and the last whole checkpoint counts.",
    example: "a Remus stream that ends behind a checkpoint",
  },
  {
    id: "LC-CP-4",
    ...NOTED,
    sentence: "Records behind the first CHECKPOINT wait until the next one is confirmed.",
    enforcedBy: ["restore"],
    source: `${RESTORE_CODE} handle_checkpoint(), buffer_record()`,
    notVisible: "It says when the restorer applies records.",
  },
  {
    id: "LC-CP-5",
    ...NOTED,
    sentence: "No records stand between the last CHECKPOINT and END.",
    enforcedBy: [],
    source: `${RESTORE_CODE} restore()`,
    hint: EPOCH_HINT,
    example: "CHECKPOINT, PAGE_DATA, END",
  },
  {
    id: "LC-CP-6",
    ...NOTED,
    sentence: "The last epoch is closed by a checkpoint.",
    enforcedBy: [],
    source: `${RESTORE_CODE} restore(), which fails over to the last committed checkpoint`,
    hint: EPOCH_HINT,
    example: "a Remus stream that is cut inside its third epoch",
  },
  {
    id: "LC-CP-7",
    ...REJECTED,
    sentence: "A committed epoch behind the first checkpoint has no record of an unknown type.",
    enforcedBy: ["restore"],
    source: `${RESTORE_CODE} handle_checkpoint(), process_record()`,
    hint: "Xen mistakes the unknown record for the checkpoint's own failure, optional or not.",
    example: "an optional record 0x80000001 between two checkpoints",
  },
  {
    id: "LC-CP-8",
    ...NOTED,
    sentence: "In COLO the secondary answers each checkpoint with a list of dirty pfns.",
    enforcedBy: ["restore"],
    source: "libxc stream document, CHECKPOINT_DIRTY_PFN_LIST; Xen xg_sr_restore.c",
    notVisible: BACK_CHANNEL,
  },
  {
    id: "LC-CP-9",
    ...NOTED,
    sentence: "Since 2021 the dirty pfn list is sent shifted by one entry.",
    enforcedBy: [],
    source: "Xen xg_sr_restore.c send_checkpoint_dirty_pfn_list()",
    notVisible: BACK_CHANNEL,
  },
] as const satisfies readonly Rule[];
