/**
 * A source that makes reading hard: forwards only, a few bytes at a time, as a pipe does at its
 * worst. Not a test itself.
 */
import { SequentialSource } from "../src/input/index.js";

/** Gives `bytes` in pieces of `pieceBytes`, forwards only. */
export class ForwardSource extends SequentialSource {
  constructor(bytes: Uint8Array, pieceBytes: number) {
    const puller = {
      pull(into: Uint8Array, byteOffset: number): number {
        const piece = bytes.subarray(byteOffset, byteOffset + Math.min(pieceBytes, into.length));
        into.set(piece);
        return piece.length;
      },
      close() {},
    };
    super("test pipe", puller, 1024 ** 3);
  }
}
