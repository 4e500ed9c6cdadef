/**
 * Makes result documents, as --json prints them, out of an image that was read. Fields and their
 * meaning are INTERFACE's; they are only added to.
 */
import type {
  FileResult,
  GenerationIdResult,
  MemoryResult,
  RestoreFileResult,
  StreamResult,
} from "../findings/index.js";
import { type Compression, PAGE_TYPE_NAMES } from "../format/index.js";
import type { GenidFacts } from "../restore/index.js";
import { hexOfBytes, xenstoreGenid } from "../stream/index.js";
import type { Image } from "./image.js";

/** Version of the documents; moves only if a field changes its meaning. */
export const DOCUMENT_VERSION = 1;

/** The part that verify and restore share. */
export function fileResult(
  image: Image,
  file: string,
  bytes: number | null,
  elapsedMs: number,
): FileResult {
  const { collector, restorer } = image;
  const stream = streamResult(image);
  return {
    file,
    ...(bytes === null ? {} : { bytes }),
    verdict: collector.verdict(),
    profile: image.options.profile,
    elapsedMs,
    container: restorer.container,
    ...(stream === null ? {} : { stream }),
    suppressed: collector.suppressed,
    findings: collector.findings(),
    ...(restorer.hostFit === null ? {} : { host: restorer.hostFit.result() }),
  };
}

/** A compressed input begins the container chain with its compression. */
export function withCompression<R extends FileResult>(
  result: R,
  compression: Compression | null,
): R {
  if (compression === null) return result;
  return { ...result, container: [compression, ...result.container] };
}

/** What the libxc (or legacy) stream held; null if none was found. */
function streamResult(image: Image): StreamResult | null {
  const { domain, guest } = image.restorer;
  if (domain === null || guest === null) return null;
  const { counts } = guest;
  const pageTypes: Record<string, number> = {};
  for (const [type, count] of counts.entriesByType.entries()) {
    if (count > 0) pageTypes[PAGE_TYPE_NAMES[type] ?? `0x${type.toString(16)}`] = count;
  }
  return {
    version: domain.version,
    ...(domain.guest === null ? {} : { guest: domain.guest }),
    xen: domain.xen,
    checkpoints: domain.checkpoints,
    records: domain.records,
    recordTypes: Object.fromEntries(domain.recordTypes),
    entries: counts.entries,
    dataPages: counts.dataPages,
    pageTypes,
    trailingBytes: image.end?.trailingBytes ?? 0,
  };
}

/** What restore adds. */
export function restoreResult(
  image: Image,
  base: FileResult,
  digests: Partial<MemoryResult>,
  genid: GenidFacts | null = null,
): RestoreFileResult {
  const { domain, guest, libxl } = image.restorer;
  if (domain === null || guest === null) return base;
  const stats = guest.engine.stats();
  const resident = guest.model === "resident";
  const memory: MemoryResult = {
    model: guest.model,
    populatedPages: stats.populatedPages,
    ...(resident
      ? {
          zeroPages: stats.zeroPages,
          distinctPages: stats.distinctPages,
          residentBytes: stats.residentBytes,
        }
      : {}),
    maxPfn: stats.maxPfn,
    ...digests,
  };
  const hvmParams: Record<string, string> = {};
  for (const [index, value] of domain.hvmParams) hvmParams[index] = `0x${value.toString(16)}`;
  return {
    ...base,
    memory,
    ...(domain.guest === "hvm" ? { hvmParams } : {}),
    completion: domain.completion,
    ...(genid === null ? {} : { genid: genidResult(genid) }),
    ...(libxl.emulator === null ? {} : { emulator: [libxl.emulator] }),
    ...(libxl.xenstore.length === 0 ? {} : { xenstore: libxl.xenstore }),
  };
}

/** The id as result documents have it. */
export function genidResult(genid: GenidFacts): GenerationIdResult {
  return {
    address: `0x${genid.address.toString(16)}`,
    old: hexOfBytes(genid.old),
    new: hexOfBytes(genid.new),
    xenstore: xenstoreGenid(genid.new),
  };
}
