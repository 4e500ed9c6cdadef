/**
 * A bare HVM context blob, as a hypervisor hands it out: the chain and nothing around it. Given as
 * one section, framing judged by the codec. Source: HVM state page, HC-1..7; DT-10.
 */
import { CapacityError, type Limits } from "../../findings/index.js";
import { HVM_TYPE_END } from "../../format/index.js";
import type { Reader } from "../protocol.js";
import { readBytes } from "../requests.js";
import { decodeHvmContext, hvmDescriptors } from "./codec.js";

/** Bytes of a descriptor. */
const DESCRIPTOR_BYTES = 8;

/**
 * Read a bare HVM context up to the end of its END record.
 *
 * @returns the first byte after the context
 * @throws {CapacityError} where the input is longer than `limits.maxMetadataBytes`
 */
export function* readBareHvmContext(byteOffset: number, limits: Limits): Reader<number> {
  yield { event: "container", name: "hvm-context", byteOffset };
  const limitBytes = limits.maxMetadataBytes;
  const body = yield* readBytes(byteOffset, limitBytes + 1);
  if (body.length > limitBytes) {
    throw new CapacityError("the HVM context is longer than what is taken into memory", {
      limit: "metadata-bytes",
      asked: body.length,
      option: "--max-memory",
    });
  }
  const place = { layer: "hvm-context", byteOffset, bodyByteOffset: byteOffset } as const;
  for (const fault of decodeHvmContext(body, place).faults) yield { event: "fault", fault };
  const bytes = contextBytes(body);
  yield { event: "section", layer: "hvm-context", name: "hvm-context", byteOffset, bytes, body };
  return byteOffset + bytes;
}

/** Bytes up to the end of END; all of them where there is no END. */
function contextBytes(body: Uint8Array): number {
  for (const { typecode, offset, bodyBytes } of hvmDescriptors(body)) {
    if (typecode === HVM_TYPE_END) {
      return Math.min(body.length, offset + DESCRIPTOR_BYTES + bodyBytes);
    }
  }
  return body.length;
}
