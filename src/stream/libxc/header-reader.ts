/**
 * Reads the two headers that a libxc stream begins with. Their fields are headers.ts's.
 * Source: libxc stream document, image header and domain header; LC-HDR-1, LC-REC-5.
 */
import {
  DOMAIN_HEADER_BYTES,
  DOMAIN_TYPE_X86_HVM,
  DOMAIN_TYPE_X86_PV,
  type GuestKind,
  IMAGE_HEADER_BYTES,
} from "../../format/index.js";
import { type HeaderBlock, readHeaderBlock } from "../header-block.js";
import type { Reader } from "../protocol.js";
import {
  type DomainHeader,
  decodeDomainHeader,
  decodeImageHeader,
  domainHeaderFields,
  type ImageHeader,
  imageHeaderFields,
} from "./headers.js";

const IMAGE_HEADER: HeaderBlock<ImageHeader> = {
  layer: "libxc",
  name: "image header",
  bytes: IMAGE_HEADER_BYTES,
  cutRule: "LC-HDR-1",
  decode: decodeImageHeader,
  fields: imageHeaderFields,
};

const DOMAIN_HEADER: HeaderBlock<DomainHeader> = {
  layer: "libxc",
  name: "domain header",
  bytes: DOMAIN_HEADER_BYTES,
  cutRule: "LC-REC-5",
  decode: decodeDomainHeader,
  fields: domainHeaderFields,
};

/**
 * Read image header and domain header.
 *
 * @returns the guest's kind, null if the header's is none
 * @throws {StreamError} where nothing behind them can be read
 */
export function* readLibxcHeaders(byteOffset: number): Reader<GuestKind | null> {
  yield* readHeaderBlock(IMAGE_HEADER, byteOffset);
  const { type } = yield* readHeaderBlock(DOMAIN_HEADER, byteOffset + IMAGE_HEADER_BYTES);
  if (type === DOMAIN_TYPE_X86_PV) return "pv";
  return type === DOMAIN_TYPE_X86_HVM ? "hvm" : null;
}
