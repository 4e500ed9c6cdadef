/**
 * Where a finding is, in SARIF's words: the image as a URI reference, the faulty bytes as a binary
 * region, and what tells the finding apart from others in the next run. Source: SARIF 2.1.0, 3.4,
 * 3.30 (a region in bytes has no lines), RFC 3986; GitHub's documentation of fingerprints.
 */
import type { Artifact, Region } from "sarif";
import type { BatchFileLine, Finding } from "../../findings/index.js";
import { faultyField } from "../hex-dump.js";
import { type ImageOutcome, stateOf } from "./port.js";
import { plainText } from "./words.js";

const COMPRESSIONS: ReadonlySet<string> = new Set(["gzip", "zstd", "xz", "lz4"]);
const ABSOLUTE_URL = /^[a-z][a-z0-9+.-]*:\/\//i;

/** A path, relative or not, or a URL as a URI reference; any text gives a valid one. */
export function uriOf(file: string): string {
  if (ABSOLUTE_URL.test(file) && URL.canParse(file)) return new URL(file).href;
  const path = file.replace(/^(\.\/+)+/, "");
  const encoded = path.split("/").map(segmentOf).join("/").replace(/^\/+/, "/");
  return encoded.startsWith("/") ? `file://${encoded}` : encoded;
}

/** Percent-encoded, but for what a reference may hold. */
function segmentOf(segment: string): string {
  return encodeURIComponent(segment.replace(/[\ud800-\udfff]/gu, "\ufffd"));
}

/** The image as one of the run's artifacts; its length only where its own bytes were counted. */
export function artifactOf(outcome: ImageOutcome): Artifact {
  const { file } = outcome;
  const judged = "verdict" in outcome ? outcome : null;
  const ownBytes = judged !== null && !isCompressed(judged) ? judged.bytes : undefined;
  return {
    location: { uri: uriOf(file) },
    ...(ownBytes === undefined ? {} : { length: ownBytes }),
    roles: ["analysisTarget", ...(file === "-" ? (["standardStream"] as const) : [])],
    properties: {
      verdict: stateOf(outcome),
      ...(judged === null ? {} : { container: judged.container, elapsedMs: judged.elapsedMs }),
      ...(judged?.bytes === undefined ? {} : { imageBytes: judged.bytes }),
    },
  };
}

/** Offsets of findings count decompressed bytes: they are no places in a compressed file. */
function isCompressed(result: BatchFileLine): boolean {
  return COMPRESSIONS.has(result.container[0] ?? "");
}

/** The faulty bytes; nothing where the file does not hold them as they are. */
export function regionOf(result: BatchFileLine, finding: Finding): Region | undefined {
  if (isCompressed(result)) return undefined;
  const { byteOffset, byteLength } = faultyField(finding);
  const imageBytes = result.bytes ?? Number.POSITIVE_INFINITY;
  return {
    byteOffset: Math.min(byteOffset, imageBytes),
    byteLength: Math.max(0, Math.min(byteLength, imageBytes - byteOffset)),
  };
}

/** The same for the same fault of the same image, run after run; `ordinal` tells twins apart. */
export function fingerprintOf(finding: Finding, ordinal: number): string {
  const { rule, layer, byteOffset, recordIndex = "", entryIndex = "" } = finding;
  return plainText([rule, layer, byteOffset, recordIndex, entryIndex, ordinal].join(":"));
}
