/**
 * No byte of an image goes unread: its headers, records and named sections lie edge to edge, and a
 * change of any byte but page contents shows in what was read, in the findings or in the guest.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bodyContext, type StreamEvent } from "../../src/stream/index.js";
import { ascii, concat, u32le, u64le, zeros } from "../builders/bytes.js";
import { contextRecord, hvmContextBlob, hvmStream, qemuState } from "../builders/hvm.js";
import * as legacy from "../builders/legacy.js";
import { libvirt } from "../builders/libvirt.js";
import {
  emulatorContext,
  emulatorXenstore,
  libxlStream,
  PHYSMAP,
  xlHeader,
} from "../builders/libxl.js";
import { join } from "../builders/parts.js";
import { END, image, section, streamSection, TYPE, XENOPS } from "../builders/xapi.js";
import { qemuTail, xend } from "../builders/xend.js";
import { fullStream } from "../builders/xenstore.js";
import { FIXTURE_VCPUS, fixture, GOOD } from "../fixtures/load.js";
import { type Ran, type RunOptions, runBytes } from "../harness.js";

/** A part of the input with a name. `to` is the byte behind it. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

/** An image that was run, with what the reader gave and where its pages are. */
interface Walked {
  readonly ran: Ran;
  readonly events: readonly StreamEvent[];
  readonly pages: readonly Span[];
}

const PAGE_BYTES = 4096;
/** Every byte is tried up to here, then every so many-th: all of them where one asks for it. */
const TRIED_ALL_BYTES = 256;
const TRIED_STEP = process.env.XENSTREAM_SEEDS === undefined ? 29 : 1;

function walk(bytes: Uint8Array, options: RunOptions = {}): Walked {
  const events: StreamEvent[] = [];
  const pages: Span[] = [];
  let layout: { readonly pagesByteOffset: number } | undefined;
  const onBatch: RunOptions["onBatch"] = ({ head, entryCount, dataPages }) => {
    const from = layout?.pagesByteOffset ?? head.byteOffset + 16 + entryCount * 8;
    pages.push({ from, to: from + dataPages * PAGE_BYTES, what: "pages" });
  };
  const ran = runBytes(bytes, { vcpus: FIXTURE_VCPUS, onBatch, ...options }, (event) => {
    if (event.event === "batch") layout = event.layout;
    events.push(event);
  });
  return { ran, events, pages };
}

/** What the reader named, in order; what lies within another span is a view of it and left out. */
function spansOf({ events, pages }: Walked): Span[] {
  const all = events.flatMap((event): Span[] => {
    if (event.event === "header") {
      const { layer, name, byteOffset, bytes, fields } = event;
      const header = { from: byteOffset, to: byteOffset + bytes, what: `${layer} ${name}` };
      // A section of a XAPI image that is passed over is known by its header alone.
      const sectionBytes = layer === "xapi" ? Number(fields.length ?? 0) : 0;
      return [header, { from: header.to, to: header.to + sectionBytes, what: `${name} body` }];
    }
    if (event.event === "section") {
      // Strings of toolstack chunks, which are told as headers.
      if (event.layer === "legacy" && event.name === "xenstore") return [];
      return [{ from: event.byteOffset, to: event.byteOffset + event.bytes, what: event.name }];
    }
    if (event.event !== "record" && event.event !== "batch") return [];
    const { layer, byteOffset, name, bodyBytes } = event.head;
    if (event.event === "batch" && event.layout !== undefined) {
      return [{ from: byteOffset, to: event.layout.pagesByteOffset, what: name }];
    }
    // Made from chunks, each of which is told as a header.
    if (layer === "legacy" && event.head.bodyByteOffset === undefined) return [];
    const { bodyByteOffset } = bodyContext(event.head);
    return [{ from: byteOffset, to: bodyByteOffset + bodyBytes, what: name }];
  });
  const spans = [...all, ...pages]
    .filter(({ from, to }) => to > from)
    .sort((a, b) => a.from - b.from || b.to - a.to);
  const outer: Span[] = [];
  for (const span of spans) if (span.to > (outer.at(-1)?.to ?? 0)) outer.push(span);
  return outer;
}

/** Bytes that no span has, or that two have; zero padding up to a multiple of 8 is neither. */
function unnamed(bytes: Uint8Array, walked: Walked): string[] {
  const left: string[] = [];
  let at = 0;
  for (const { from, to, what } of [
    ...spansOf(walked),
    { from: bytes.length, to: bytes.length, what: "the end" },
  ]) {
    const padding = from > at && from - at < 8 && bytes.subarray(at, from).every((b) => b === 0);
    if (from !== at && !padding) left.push(`${at} to ${from}, before ${what}`);
    at = to;
  }
  return left;
}

const libxlImage = () =>
  join(
    libxlStream(hvmStream({ params: [[1, 3]] }), [emulatorXenstore(PHYSMAP), emulatorContext()]),
  );
const context = () =>
  hvmContextBlob(contextRecord(13, 0, zeros(8)), contextRecord(19, 1, zeros(8)));

/** Small images of every container. */
const IMAGES: Readonly<Record<string, () => Uint8Array>> = {
  libxc: () => join(hvmStream({ params: [[1, 3]] })),
  libxl: libxlImage,
  xl: () =>
    concat(xlHeader({ config: '{"c_info":{}}\0', rest: ascii("more") }).bytes, libxlImage()),
  libvirt: () => libvirt(libxlImage()),
  xapi: () =>
    image(
      XENOPS,
      streamSection(join(hvmStream())),
      section(TYPE.qemuTrad, concat(ascii("QEVM"), zeros(3), Uint8Array.of(3, 0))),
      section(TYPE.varstored, ascii("variables")),
      END,
    ),
  xend: () => xend(legacy.hvm({ width: 64, qemu: qemuTail(qemuState()) })),
  qemu: qemuState,
  "hvm-context": context,
  xenstore: () => fullStream().end(),
};
const LEGACY: Readonly<Record<string, () => Uint8Array>> = {
  hvm32: () => legacy.hvm(),
  hvm64: () =>
    legacy.hvm({
      width: 64,
      chunks: [
        legacy.tsc(),
        legacy.batch(64, [1]),
        legacy.param(-3, 3),
        legacy.toolstack(u32le(1), u32le(0)),
        legacy.vcpuInfo(0, 1n),
        legacy.LAST_CHECKPOINT,
        legacy.END,
      ],
    }),
  pv: () => legacy.pv({ unmapped: [1] }),
  pv32: () =>
    legacy.pv({
      width: 32,
      guestBytes: 4,
      blocks: [
        legacy.block("vcpu", legacy.vcpuContext(4, 1)),
        legacy.block("extv", zeros(3)),
        legacy.block("xcnt", concat(u32le(16 + 64), zeros(2))),
      ],
      vcpus: [legacy.vcpuContext(4, 2), zeros(128), u64le(7), u64le(64), zeros(64)],
    }),
};

describe("the parts of an image", () => {
  it.each([...GOOD])("lie edge to edge in %s", (name, { checkpointed }) => {
    const bytes = fixture(name);
    expect(unnamed(bytes, walk(bytes, { checkpointed: checkpointed !== undefined }))).toEqual([]);
  });

  const folder = process.env.XENSTREAM_CORPUS;
  it.runIf(folder !== undefined)("lie edge to edge in every sound image of a folder", () => {
    const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8"));
    for (const [name, { checkpointed }] of Object.entries<Record<string, unknown>>(manifest.good)) {
      const bytes = readFileSync(`${folder}/${name}`);
      const walked = walk(bytes, { checkpointed: checkpointed !== undefined });
      expect([name, unnamed(bytes, walked)]).toEqual([name, []]);
    }
  });

  it.each(Object.entries(IMAGES))("lie edge to edge in a small %s image", (_, make) => {
    const bytes = make();
    expect(unnamed(bytes, walk(bytes))).toEqual([]);
  });

  it.each(Object.entries(LEGACY))("lie edge to edge in a small legacy image, %s", (_, make) => {
    const bytes = make();
    expect(unnamed(bytes, walk(bytes))).toEqual([]);
  });
});

/** All that a run shows: what was read, what was found, which pages the guest has. */
function shown({ ran, events }: Walked): string {
  const { findings, image } = ran;
  const seen = events.map((event) =>
    JSON.stringify(event, (_key, value: unknown) => {
      if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
      return typeof value === "bigint" ? `${value}` : value;
    }),
  );
  const guest = image.restorer.guest === null ? null : ran.digests();
  return JSON.stringify([seen, findings, guest, image.end]);
}

/** Bytes outside of page contents and of `silent` whose change shows nowhere. */
function unseen(
  bytes: Uint8Array,
  silent: readonly (readonly [first: number, last: number])[],
  options: RunOptions = {},
): number[] {
  const walked = walk(bytes, options);
  const before = shown(walked);
  const isPage = (at: number) => walked.pages.some(({ from, to }) => at >= from && at < to);
  const changed = bytes.slice();
  return [...bytes.keys()].filter((at) => {
    if (at > TRIED_ALL_BYTES && at % TRIED_STEP !== 0) return false;
    if (isPage(at) || silent.some(([first, last]) => at >= first && at <= last)) return false;
    changed[at] = (bytes[at] ?? 0) ^ 0x41;
    const shows = shown(walk(changed, options)) !== before;
    changed[at] = bytes[at] ?? 0;
    return !shows;
  });
}

/** Bytes that say nothing by any standard, first and last of each run. */
const SILENT: Readonly<Record<string, readonly (readonly [first: number, last: number])[]>> = {
  // The body of a varstored section, which is that daemon's own.
  xapi: [[344, 352]],
};

describe("a change of any byte but page contents shows", () => {
  it.each(Object.entries(IMAGES))("in a small %s image", (name, make) => {
    expect(unseen(make(), SILENT[name] ?? [])).toEqual([]);
  });

  it.each(Object.entries(LEGACY))("in a small legacy image, %s", (name, make) => {
    const formatHint = name.endsWith("32") ? "legacy32" : "legacy64";
    expect(unseen(make(), SILENT[name] ?? [], { formatHint })).toEqual([]);
  });
});
