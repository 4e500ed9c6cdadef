/**
 * The ways one image is read in the conformance tests: both engines, both memory models, from a file
 * and from a pipe that gives its bytes in odd sizes. Not a test itself.
 */
import type { EngineName, MemoryModel } from "../../src/engine/index.js";
import { BufferSource } from "../../src/input/index.js";
import type { StreamEvent } from "../../src/stream/index.js";
import { type Ran, type RunOptions, runSource } from "../harness.js";
import { ForwardSource } from "../sources.js";

/** One way to read an image; a pipe cannot be read twice, so there the guest is resident. */
export interface Side {
  readonly name: string;
  readonly engine: EngineName;
  readonly model: MemoryModel;
  /** Bytes a pipe gives at once; null for a file. */
  readonly pieceBytes: number | null;
}

/** Every side; the sizes of a pipe's pieces are odd, so that no field comes whole by luck. */
export const SIDES: readonly Side[] = (["wasm", "reference"] as const).flatMap((engine) => [
  { name: `${engine}, indexed, file`, engine, model: "indexed", pieceBytes: null },
  { name: `${engine}, resident, file`, engine, model: "resident", pieceBytes: null },
  { name: `${engine}, resident, pipe of 4093`, engine, model: "resident", pieceBytes: 4093 },
  { name: `${engine}, resident, pipe of 65537`, engine, model: "resident", pieceBytes: 65_537 },
]);

/** The file sides of both engines, indexed: what a verdict needs. */
export const VERDICT_SIDES: readonly Side[] = SIDES.filter(
  ({ model, pieceBytes }) => model === "indexed" && pieceBytes === null,
);

/** Run an image on one side. */
export function runSide(
  side: Side,
  bytes: Uint8Array,
  options: RunOptions = {},
  observe?: (event: StreamEvent) => void,
): Ran {
  const { engine, model, pieceBytes } = side;
  const source =
    pieceBytes === null ? new BufferSource(bytes, "fixture") : new ForwardSource(bytes, pieceBytes);
  return runSource(source, { ...options, engine, model }, observe);
}
