/**
 * Finds the frame that holds given contents: an open-addressing table from digests to frames. It
 * is sized by the frames in use, so that a small guest touches little of it. Digests can be forged
 * by whoever writes an image, so every lookup is bounded; a frame that finds no room within the
 * bound is not listed, and its contents are then not shared. Nothing is lost by that but memory.
 *
 *   slot   63..32 upper half of the digest | 31..0 frame + 1; 0 empty, all ones dead
 */
import { must } from "./assert";
import {
  ARENA,
  DIGEST_TABLE,
  FRAME_DIGESTS,
  FRAME_REFS,
  HEADER_DIGEST_SLOTS,
  HEADER_DIGEST_SLOTS_USED,
  HEADER_FRAMES_HIGH,
  HEADER_FRAMES_IN_USE,
} from "./generated/layout";
import {
  DIGEST_COMPARES_MAX,
  DIGEST_PROBES_MAX,
  DIGEST_SLOTS_MAX,
  DIGEST_SLOTS_MIN,
  PAGE_SHIFT,
} from "./generated/numbers";
import { samePage } from "./window";

const EMPTY: u64 = 0;
const DEAD: u32 = 0xffffffff;

/**
 * Find a frame with the contents of a page.
 *
 * @returns frame + 1, or 0 if none is listed
 */
export function findFrame(digest: u64, page: usize): u32 {
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  if (slots == 0) return 0;
  const probes = min(slots, DIGEST_PROBES_MAX);
  let compares: u32 = 0;
  for (let probe: u32 = 0; probe < probes; probe++) {
    const slot = load<u64>(slotAt(<u32>digest + probe, slots));
    if (slot == EMPTY) return 0;
    const held = <u32>slot;
    if (<u32>(slot >> 32) != <u32>(digest >> 32) || held == DEAD) continue;
    const frame = <usize>held - 1;
    if (load<u64>(FRAME_DIGESTS + (frame << 3)) != digest) continue;
    if (samePage(ARENA + (frame << PAGE_SHIFT), page)) return held;
    if (++compares == DIGEST_COMPARES_MAX) return 0;
  }
  return 0;
}

/** List a frame in use under its digest, which is noted for it. */
export function listFrame(frame: u32, digest: u64): void {
  store<u64>(FRAME_DIGESTS + (<usize>frame << 3), digest);
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  if ((load<u32>(HEADER_DIGEST_SLOTS_USED) + 1) * 8 > slots * 5) {
    rebuild();
  } else {
    insert(frame, digest, slots);
  }
}

/** Take a frame from the table, if it is listed, before its contents change. */
export function unlistFrame(frame: u32): void {
  const digest = load<u64>(FRAME_DIGESTS + (<usize>frame << 3));
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  const probes = min(slots, DIGEST_PROBES_MAX);
  for (let probe: u32 = 0; probe < probes; probe++) {
    const place = slotAt(<u32>digest + probe, slots);
    const slot = load<u64>(place);
    if (slot == EMPTY) return;
    if (<u32>slot != frame + 1) continue;
    // No lookup goes on behind this slot if the next one is empty: it need not be kept as dead.
    if (load<u64>(slotAt(<u32>digest + probe + 1, slots)) == EMPTY) {
      store<u64>(place, EMPTY);
      store<u32>(HEADER_DIGEST_SLOTS_USED, load<u32>(HEADER_DIGEST_SLOTS_USED) - 1);
    } else {
      store<u64>(place, <u64>DEAD);
    }
    return;
  }
}

@inline
function slotAt(position: u32, slots: u32): usize {
  return DIGEST_TABLE + (<usize>(position & (slots - 1)) << 3);
}

function insert(frame: u32, digest: u64, slots: u32): void {
  for (let probe: u32 = 0; probe < DIGEST_PROBES_MAX; probe++) {
    const place = slotAt(<u32>digest + probe, slots);
    const slot = load<u64>(place);
    if (slot != EMPTY && <u32>slot != DEAD) continue;
    if (slot == EMPTY) {
      store<u32>(HEADER_DIGEST_SLOTS_USED, load<u32>(HEADER_DIGEST_SLOTS_USED) + 1);
    }
    store<u64>(place, (digest & 0xffffffff00000000) | (<u64>frame + 1));
    return;
  }
}

/**
 * List all frames in use anew, in a table of three to six slots for each: no slot is dead then. The
 * first frame of an image comes here too, so a reset need not clear the table.
 */
function rebuild(): void {
  const wanted = load<u32>(HEADER_FRAMES_IN_USE) * 3;
  let slots = DIGEST_SLOTS_MIN;
  while (slots < wanted) slots <<= 1;
  must(slots <= DIGEST_SLOTS_MAX);
  memory.fill(DIGEST_TABLE, 0, slots << 3);
  store<u32>(HEADER_DIGEST_SLOTS, slots);
  store<u32>(HEADER_DIGEST_SLOTS_USED, 0);
  const high = load<u32>(HEADER_FRAMES_HIGH);
  for (let frame: u32 = 0; frame < high; frame++) {
    if (load<u32>(FRAME_REFS + (<usize>frame << 2)) == 0) continue;
    insert(frame, load<u64>(FRAME_DIGESTS + (<usize>frame << 3)), slots);
  }
}
