/**
 * Rules of the libxc stream's headers, record framing and record types: LC-HDR, LC-DOM, LC-REC,
 * LC-TYP. What the records hold and their order stand in the other libxc-*.ts files.
 * Source: libxc stream document; Xen's restorer and stream verifier (facts).
 */
import type { Rule } from "../rule.js";
import { NOTED, ON_HOST, REJECTED, STRICT_ONLY, WARNED } from "./severities.js";

const HEADER_SOURCE = "libxc stream document, Image Header; Xen xg_sr_restore.c read_headers()";
const DOMAIN_SOURCE = "libxc stream document, Domain Header; Xen xg_sr_restore.c read_headers()";
const RECORD_SOURCE = "libxc stream document, Records; Xen xg_sr_common.c read_record()";
const VERIFIER = "Xen's stream verifier, libxc.py";
const REWRITE_HINT =
  "Xen restores it as it is; rewrite it with `xenstream convert` to get clean bytes.";
const TRANSFER_HINT = "Compare the file with its original: a writer never produces this.";

export const LIBXC_FRAMING_RULES = [
  {
    id: "LC-HDR-1",
    ...REJECTED,
    sentence: "The image header is present with all of its 24 bytes.",
    enforcedBy: ["restore", "verify"],
    source: HEADER_SOURCE,
    hint: "The file is cut off at its start: fetch it again.",
    example: "a file of 23 bytes",
  },
  {
    id: "LC-HDR-2",
    ...REJECTED,
    sentence: "The marker, the first 8 bytes of the image header, has every bit set.",
    enforcedBy: ["spec", "restore", "verify"],
    source: HEADER_SOURCE,
    hint: "No v2 or v3 stream begins here. For a stream of Xen 4.5 or older try `--format-hint`.",
    example: "marker 0x00ffffffffffffff",
  },
  {
    id: "LC-HDR-3",
    ...REJECTED,
    sentence: "The id in the image header is 0x58454e46, the letters XENF.",
    enforcedBy: ["spec", "restore", "verify"],
    source: HEADER_SOURCE,
    hint: TRANSFER_HINT,
    example: 'id "XENG"',
  },
  {
    id: "LC-HDR-4",
    ...REJECTED,
    sentence: "The stream version is 2 or 3.",
    enforcedBy: ["restore", "verify"],
    source: HEADER_SOURCE,
    hint: "Xen 4.6 to 4.13 read version 2 alone, later releases read versions 2 and 3.",
    example: "version 4",
    cases: { "on-host": ON_HOST },
  },
  {
    id: "LC-HDR-5",
    ...REJECTED,
    sentence: "Bit 0 of the options is clear: the body is little-endian, as on x86 and Arm.",
    enforcedBy: ["spec", "restore"],
    source: `${HEADER_SOURCE}; ${VERIFIER}`,
    hint: "A big-endian body is unsupported here as in Xen: no x86 or Arm host writes one.",
    example: "options 0x0001",
    disagree:
      "The format allows a big-endian body and the restorer always refuses it; the verifier " +
      "means to, but tests with the number of the bit as mask and so never notices.",
  },
  {
    id: "LC-HDR-6",
    ...STRICT_ONLY,
    sentence: "Bits 1 to 15 of the options are zero.",
    enforcedBy: ["spec", "verify"],
    source: `libxc stream document, Image Header; ${VERIFIER}`,
    hint: REWRITE_HINT,
    example: "options 0x0002",
    disagree: "The verifier refuses other values, the restorer ignores them.",
  },
  {
    id: "LC-HDR-7",
    ...STRICT_ONLY,
    sentence: "Both reserved fields of the image header are zero.",
    enforcedBy: ["spec", "verify"],
    source: `libxc stream document, Image Header; ${VERIFIER}`,
    hint: REWRITE_HINT,
    example: "the u32 at offset 0x14 is 1",
    disagree: "The verifier refuses other values, the restorer ignores them.",
  },
  {
    id: "LC-DOM-1",
    ...REJECTED,
    sentence: "The domain type is 1 (x86 PV) or 2 (x86 HVM) and that of the domain to be filled.",
    enforcedBy: ["spec", "restore", "verify"],
    source: DOMAIN_SOURCE,
    hint:
      "Types 3 and 4 of old documents were withdrawn; no release restores any but 1 and 2. Where " +
      "the container's config asks for the other type, it is not the config of this guest.",
    example: "domain type 4",
  },
  {
    id: "LC-DOM-2",
    ...REJECTED,
    sentence: "The page shift is 12, for pages of 4096 bytes.",
    enforcedBy: ["restore", "verify"],
    source: `${DOMAIN_SOURCE}; ${VERIFIER}`,
    hint: TRANSFER_HINT,
    example: "page_shift 13",
    disagree:
      "The verifier wants 12; the restorer shifts in 32 bits, where x86 takes the count " +
      "modulo 32, so 44, 76 and so on pass it.",
    cases: {
      "same-modulo-32": {
        ...STRICT_ONLY,
        what: "not 12, but 12 modulo 32 (44, 76, …): the restorer does not notice",
      },
    },
  },
  {
    id: "LC-DOM-3",
    ...STRICT_ONLY,
    sentence: "The reserved field of the domain header is zero.",
    enforcedBy: ["spec", "verify"],
    source: `libxc stream document, Domain Header; ${VERIFIER}`,
    hint: REWRITE_HINT,
    example: "the u16 at offset 6 is 1",
    disagree: "The verifier refuses other values, the restorer ignores them.",
  },
  {
    id: "LC-DOM-4",
    ...NOTED,
    sentence: "xen_major and xen_minor tell of the saving Xen; major 0 stands for the converter.",
    enforcedBy: [],
    source: "libxc stream document, Domain Header",
    notVisible: "Every value is legal; `inspect` prints them.",
  },
  {
    id: "LC-REC-1",
    ...NOTED,
    sentence: "Bit 31 of a record type tells optional records (set) from mandatory ones (clear).",
    enforcedBy: ["spec"],
    source: "libxc stream document, Records",
    notVisible: "A definition; LC-REC-2 and LC-REC-3 tell of the unknown types that it sorts.",
  },
  {
    id: "LC-REC-2",
    ...REJECTED,
    sentence: "Every mandatory record is of a known type that this stream may hold.",
    enforcedBy: ["spec", "restore", "verify"],
    source: `${RECORD_SOURCE}, process_record()`,
    hint: "Bytes are damaged or shifted here, or the stream is newer than Xen 4.22.",
    example: "a record of type 0x00000013",
    cases: { "on-host": ON_HOST },
  },
  {
    id: "LC-REC-3",
    ...WARNED,
    sentence: "Every optional record is of a type that readers know.",
    enforcedBy: ["spec"],
    source: `${RECORD_SOURCE}, process_record(); ${VERIFIER}`,
    hint: "Readers pass over the record: what it holds is lost. A newer Xen may know it.",
    example: "a record of type 0x80000001",
    disagree: "The restorer skips it as the document says; the verifier refuses any unknown type.",
  },
  {
    id: "LC-REC-4",
    ...REJECTED,
    sentence: "The body of a record, without its padding, has at most 128 MiB.",
    enforcedBy: ["restore"],
    source: RECORD_SOURCE,
    hint: "The length is damaged, or bytes before it are shifted.",
    example: "an HVM_CONTEXT of length 0x08000001",
    disagree: "The verifier has no limit. Readers before Xen 4.10 stopped at 8 MiB.",
    cases: {
      "old-limit": { ...NOTED, what: "over 8 MiB: read since Xen 4.10, refused by older releases" },
      "on-host": ON_HOST,
    },
  },
  {
    id: "LC-REC-5",
    ...REJECTED,
    sentence: "Headers, record bodies and padding are complete, and an END record closes them.",
    enforcedBy: ["restore", "verify"],
    source: RECORD_SOURCE,
    hint: "The image is cut off: fetch it again, or see what `restore --salvage` recovers.",
    example: "the last 4 bytes are missing",
  },
  {
    id: "LC-REC-6",
    ...STRICT_ONLY,
    sentence: "Padding bytes are zero.",
    enforcedBy: ["spec", "verify"],
    source: `libxc stream document, Records; ${VERIFIER}`,
    hint: REWRITE_HINT,
    example: "the byte after a body of 15 bytes is 1",
    disagree: "The verifier refuses other bytes, the restorer never looks at them.",
  },
  {
    id: "LC-REC-7",
    ...WARNED,
    sentence: "A record that exists to carry data is left out where it has none.",
    enforcedBy: ["spec"],
    source: "libxc stream document, Records",
    notVisible:
      "LC-HVM-2 and LC-PV-12 tell of the empty records that readers take, others are refused.",
  },
  {
    id: "LC-REC-8",
    ...STRICT_ONLY,
    sentence: "END, VERIFY, CHECKPOINT and STATIC_DATA_END have no body.",
    enforcedBy: ["spec", "verify"],
    source: `libxc stream document, Record Types; ${VERIFIER}`,
    hint: REWRITE_HINT,
    example: "an END record of length 8",
    disagree: "The verifier refuses a body, the restorer reads and drops it.",
  },
  {
    id: "LC-TYP-1",
    ...REJECTED,
    sentence: "An HVM stream holds no PV records, a PV stream no HVM records.",
    enforcedBy: ["restore"],
    source: "Xen xg_sr_restore_x86_hvm.c and xg_sr_restore_x86_pv.c, process_record()",
    hint: "The domain type in the header and the records contradict each other: one is damaged.",
    example: "HVM_PARAMS in a PV stream",
    disagree: "The verifier does not relate records to the domain type.",
  },
  {
    id: "LC-TYP-2",
    ...REJECTED,
    sentence: "There is no TOOLSTACK record (type 0x0b), which existed during development only.",
    enforcedBy: ["spec", "restore", "verify"],
    source: "libxc stream document, Record Types; Xen xg_sr_restore.c process_record()",
    hint: "No released Xen wrote or reads such a stream.",
    example: "a record of type 0x0b",
  },
  {
    id: "LC-TYP-3",
    ...REJECTED,
    sentence: "CHECKPOINT_DIRTY_PFN_LIST does not occur in the stream from saver to restorer.",
    enforcedBy: ["spec", "restore", "verify"],
    source: "libxc stream document, CHECKPOINT_DIRTY_PFN_LIST; Xen xg_sr_restore.c",
    hint: "The bytes are perhaps those of a COLO back channel, which is no image.",
    example: "a record of type 0x0f",
  },
  {
    id: "LC-TYP-4",
    ...STRICT_ONLY,
    sentence: "STATIC_DATA_END and the two policy records occur in version 3 streams alone.",
    enforcedBy: ["verify"],
    source: `libxc stream document, Record Types; ${VERIFIER}`,
    hint: "Convert it with `xenstream convert --to libxc`, which writes version 3.",
    example: "X86_CPUID_POLICY in a version 2 stream",
    disagree: "The verifier refuses them; the restorer has no test of the version and takes them.",
  },
] as const satisfies readonly Rule[];
