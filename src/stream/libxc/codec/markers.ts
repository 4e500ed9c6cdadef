/**
 * Records that say all by being there (END, VERIFY, CHECKPOINT, STATIC_DATA_END), and TOOLSTACK,
 * which was withdrawn before any release. What their place in the stream means is not judged here.
 * Source: libxc stream document.
 */
import { ANY_SIZE, exactly, type RecordCodec, sizeFaults } from "../../codec.js";
import { printedBlob, printedIfAny } from "../../print.js";

/** A marker: its body should be empty; a restorer reads and drops whatever there is. */
export interface Marker {
  readonly body: Uint8Array;
}

/** Codec of the four markers. LC-REC-8. */
export const MARKER_CODEC: RecordCodec<Marker> = {
  sizes: ANY_SIZE,
  lengthFaults: (bodyBytes, context) => sizeFaults(exactly(0), "LC-REC-8", bodyBytes, context),
  decode: (body, context) => ({
    value: { body },
    faults: MARKER_CODEC.lengthFaults(body.length, context),
  }),
  encode: (value) => value.body.slice(),
  interpret: (value) => printedIfAny("body", value.body),
};

/** A body that nothing is known of. */
export interface OpaqueBody {
  readonly body: Uint8Array;
}

/** Codec of TOOLSTACK: no reader of v2 or v3 ever took one, so its body has no rules. */
export const TOOLSTACK_CODEC: RecordCodec<OpaqueBody> = {
  sizes: ANY_SIZE,
  lengthFaults: () => [],
  decode: (body) => ({ value: { body }, faults: [] }),
  encode: (value) => value.body.slice(),
  interpret: (value) => printedBlob("body", value.body),
};
