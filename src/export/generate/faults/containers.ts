/** Faults of what xl, libvirt and XAPI put around a stream. Rules: XL, LV, XA, VG-25. */
import {
  LIBVIRT_HEADER_BYTES,
  LIBVIRT_VERSION_OFFSET,
  XAPI_DEMU,
  XAPI_HEADER_BYTES,
  XAPI_QEMU_BYTES_MAX,
  XAPI_QEMU_TRAD,
  XAPI_SIGNATURE_BYTES,
  XAPI_XENOPS,
  XL_FLAG_JSON,
  XL_FLAGS_KNOWN,
  XL_HEADER_BYTES,
} from "../../../format/index.js";
import { concatBytes, readU32, writeU32, writeU32BE } from "../../../stream/index.js";
import {
  type ByteSink,
  beginLibvirt,
  beginXapi,
  beginXl,
  endXapi,
  MemorySink,
  writeXapiSection,
} from "../../writers/index.js";
import { domainXml, libxlConfig, xenopsRecord } from "../config.js";
import type { GenerateOptions } from "../options.js";
import { cutHeader, editHeader } from "./edits.js";
import type { Edit, FaultNeeds, FaultRow } from "./fault.js";

const XL: FaultNeeds = { containers: ["xl"] };
const LIBVIRT: FaultNeeds = { containers: ["libvirt"] };
const XAPI: FaultNeeds = { containers: ["xapi"] };
const BYTEORDER_OFFSET = 0x20;
const MANDATORY_OFFSET = 0x24;
const OPTIONAL_OFFSET = 0x28;
const OPTIONAL_LENGTH_OFFSET = 0x2c;
const OTHER_FLAG = 4;
const TYPE_UNKNOWN = 0x1234;

export const CONTAINER_FAULTS: readonly FaultRow[] = [
  { rule: "XL-1", needs: XL, edit: cutHeader("container start", 40) },
  {
    rule: "XL-2",
    needs: XL,
    edit: start((bytes) => writeU32BE(bytes, BYTEORDER_OFFSET, 0x01020304)),
  },
  {
    rule: "XL-3",
    needs: XL,
    edit: start((bytes) => writeU32(bytes, MANDATORY_OFFSET, XL_FLAGS_KNOWN | OTHER_FLAG)),
  },
  { rule: "XL-4", needs: XL, edit: start((bytes) => writeU32(bytes, OPTIONAL_OFFSET, 1)) },
  {
    rule: "XL-5",
    needs: XL,
    edit: start((bytes) => {
      writeU32(bytes, XL_HEADER_BYTES, readU32(bytes, OPTIONAL_LENGTH_OFFSET));
    }),
  },
  {
    rule: "XL-6",
    needs: XL,
    edit: editHeader("container start", (bytes) => {
      writeU32(bytes, OPTIONAL_LENGTH_OFFSET, readU32(bytes, OPTIONAL_LENGTH_OFFSET) + 16);
      return concatBytes(bytes, new Uint8Array(16));
    }),
  },
  // The first character of the config is its brace.
  {
    rule: "XL-7",
    needs: XL,
    edit: start((bytes) => bytes.fill(0x5b, XL_HEADER_BYTES + 4, XL_HEADER_BYTES + 5)),
  },
  {
    rule: "XL-9",
    needs: XL,
    edit: start((bytes) => writeU32(bytes, MANDATORY_OFFSET, XL_FLAG_JSON)),
  },
  {
    rule: "VG-25",
    needs: { containers: ["xl", "libvirt", "xapi"], genid: true, kind: "hvm" },
    edit: editHeader("container start", (_, options) => {
      const genid = options.genid?.map((byte) => byte ^ 0xff) ?? null;
      return sunk((sink) => beginConfigured(sink, { ...options, genid }));
    }),
  },
  { rule: "LV-1", needs: LIBVIRT, edit: cutHeader("container start", LIBVIRT_HEADER_BYTES - 1) },
  {
    rule: "LV-2",
    needs: LIBVIRT,
    edit: start((bytes) => writeU32(bytes, LIBVIRT_VERSION_OFFSET, 3)),
  },
  // The first character of the XML is its angle bracket.
  {
    rule: "LV-3",
    needs: LIBVIRT,
    edit: start((bytes) => bytes.fill(0x20, LIBVIRT_HEADER_BYTES, LIBVIRT_HEADER_BYTES + 1)),
  },
  {
    rule: "LV-6",
    needs: LIBVIRT,
    edit: start((bytes) => writeU32(bytes, LIBVIRT_VERSION_OFFSET, 1)),
  },
  {
    rule: "LV-8",
    needs: LIBVIRT,
    edit: start((bytes) => writeU32BE(bytes, LIBVIRT_VERSION_OFFSET, 2)),
  },
  { rule: "XA-2", needs: XAPI, edit: endSection(TYPE_UNKNOWN, () => new Uint8Array(0)) },
  {
    rule: "XA-3",
    needs: XAPI,
    edit: start((bytes) => writeU32(bytes, bytes.length - 8, 1)),
  },
  { rule: "XA-5", needs: XAPI, edit: endSection(XAPI_DEMU, () => new Uint8Array(0)) },
  { rule: "XA-4", needs: XAPI, edit: endSection(XAPI_XENOPS, xenopsRecord) },
  {
    rule: "XA-10",
    needs: XAPI,
    edit: start((bytes) => {
      const record = XAPI_SIGNATURE_BYTES + XAPI_HEADER_BYTES;
      bytes.fill(0x20, record, record + 1);
    }),
  },
  {
    rule: "XA-11",
    needs: XAPI,
    edit: editHeader("container end", (bytes) =>
      bytes.subarray(0, bytes.length - XAPI_HEADER_BYTES),
    ),
  },
  {
    rule: "XA-12",
    needs: XAPI,
    edit: editHeader("container end", () =>
      sunk((sink) => {
        const state = new Uint8Array(XAPI_QEMU_BYTES_MAX + 1);
        writeU32BE(state, 0, 0x5145564d);
        writeU32BE(state, 4, 3);
        writeXapiSection(sink, XAPI_QEMU_TRAD, state);
        endXapi(sink, null);
      }),
    ),
  },
];

/** What stands in front of the stream, of a guest with these options. */
function beginConfigured(sink: ByteSink, options: GenerateOptions): void {
  if (options.container === "xl") beginXl(sink, { config: libxlConfig(options) });
  else if (options.container === "libvirt") beginLibvirt(sink, domainXml(options));
  else beginXapi(sink, xenopsRecord(options));
}

/** Write over bytes of what stands in front of the stream. */
function start(change: (bytes: Uint8Array) => unknown): Edit {
  return editHeader("container start", (bytes) => {
    change(bytes);
    return undefined;
  });
}

/** Put a section in front of what closes a XAPI image. */
function endSection(
  type: number,
  body: (options: Parameters<typeof xenopsRecord>[0]) => Uint8Array,
): Edit {
  return editHeader("container end", (bytes, options) =>
    concatBytes(
      sunk((sink) => writeXapiSection(sink, type, body(options))),
      bytes,
    ),
  );
}

function sunk(fill: (sink: ByteSink) => void): Uint8Array {
  const sink = new MemorySink();
  fill(sink);
  return sink.bytes();
}
