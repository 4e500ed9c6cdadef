/**
 * Finds the frame that holds given contents: an open-addressing table from keys to frames. To hash
 * every page whole would cost more than to copy it, so there are two kinds of keys. A sample of the
 * page is enough until a second page with the same sample comes: that one is listed by its digest,
 * and a bit tells that there is more than the sample shows. Every hit is confirmed by bytes.
 *
 * The table is sized by the frames in use, so that a small guest touches little of it. Keys can be
 * forged by whoever writes an image, so every lookup is bounded; a frame that finds no room within
 * the bound is not listed, and its contents are then not shared. Nothing is lost by that but memory.
 *
 *   slot   63..32 upper half of the key | 30 crowded: others are listed by digest | 29..0 frame + 1
 *          0 empty, lower half all ones dead, crowded alone: the frame went, the others are there
 */
import { must } from "./assert";
import { digestPage } from "./digest";
import { avalanche } from "./digest-short";
import {
  ARENA,
  DIGEST_TABLE,
  FRAME_DIGESTS,
  FRAME_REFS,
  FRAME_SAMPLES,
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
  PAGE_BYTES,
  PAGE_SHIFT,
} from "./generated/numbers";
import { samePage } from "./window";

const EMPTY: u64 = 0;
const DEAD: u32 = 0xffffffff;
const CROWDED: u32 = 0x40000000;
const FRAME_MASK: u32 = 0x3fffffff;
/** No slot: no address in the table is zero. */
const NOWHERE: usize = 0;
const SAMPLE_STEP: usize = 512;
const SAMPLE_MIX_1: u64 = 0x9e3779b185ebca87;
const SAMPLE_MIX_2: u64 = 0xc2b2ae3d27d4eb4f;

/** A hash of 16 words that are spread over a page. */
export function samplePage(page: usize): u64 {
  let a: u64 = SAMPLE_MIX_2;
  let b: u64 = SAMPLE_MIX_1;
  let place: usize = 0;
  for (let at = page; at < page + PAGE_BYTES; at += SAMPLE_STEP) {
    a = rotl<u64>(a ^ load<u64>(at + place), 29) * SAMPLE_MIX_1;
    b = rotl<u64>(b ^ load<u64>(at + 256 + place), 31) * SAMPLE_MIX_2;
    place = (place + 72) & 248;
  }
  return avalanche(a ^ rotl<u64>(b, 32));
}

/**
 * Find a frame with the contents of a page.
 *
 * @param sample  samplePage() of it
 * @returns frame + 1, or 0 if none is listed
 */
export function findFrame(sample: u64, page: usize): u32 {
  const place = sampledSlot(sample);
  if (place == NOWHERE) return 0;
  const sampled = load<u32>(place) & FRAME_MASK;
  if (sampled && samePage(frameAt(sampled - 1), page)) return sampled;
  if (!(load<u32>(place) & CROWDED)) return 0;
  return findByDigest(digestPage(page), page);
}

/** List a frame in use under the sample of its contents. */
export function listFrame(frame: u32, sample: u64): void {
  store<u64>(FRAME_SAMPLES + (<usize>frame << 3), sample);
  store<u64>(FRAME_DIGESTS + (<usize>frame << 3), 0);
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  if ((load<u32>(HEADER_DIGEST_SLOTS_USED) + 1) * 8 > slots * 5) {
    rebuild();
  } else {
    insert(frame);
  }
}

/** Take a frame from the table, if it is listed, before its contents change. */
export function unlistFrame(frame: u32): void {
  const sample = load<u64>(FRAME_SAMPLES + (<usize>frame << 3));
  const place = sampledSlot(sample);
  if (place != NOWHERE && (load<u32>(place) & FRAME_MASK) == frame + 1) {
    if (load<u32>(place) & CROWDED) store<u32>(place, CROWDED);
    else leaveSlot(place);
    return;
  }
  // What is not listed by its sample has been digested, when it came or when the table was rebuilt.
  const digest = load<u64>(FRAME_DIGESTS + (<usize>frame << 3));
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  const probes = min(slots, DIGEST_PROBES_MAX);
  for (let probe: u32 = 0; probe < probes; probe++) {
    const slot = slotAt(<u32>digest + probe, slots);
    if (load<u64>(slot) == EMPTY) return;
    if (load<u32>(slot) != frame + 1) continue;
    leaveSlot(slot);
    return;
  }
}

/** Digest of what a frame holds; made when it is first asked for. */
export function digestOfFrame(frame: u32): u64 {
  const place = FRAME_DIGESTS + (<usize>frame << 3);
  let digest = load<u64>(place);
  if (digest == 0) {
    digest = digestPage(frameAt(frame));
    store<u64>(place, digest);
  }
  return digest;
}

@inline
function frameAt(frame: u32): usize {
  return ARENA + (<usize>frame << PAGE_SHIFT);
}

@inline
function slotAt(position: u32, slots: u32): usize {
  return DIGEST_TABLE + (<usize>(position & (slots - 1)) << 3);
}

/** The slot of a sample; NOWHERE if it has none. */
function sampledSlot(sample: u64): usize {
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  const probes = min(slots, DIGEST_PROBES_MAX);
  for (let probe: u32 = 0; probe < probes; probe++) {
    const place = slotAt(<u32>sample + probe, slots);
    const slot = load<u64>(place);
    if (slot == EMPTY) return NOWHERE;
    if (<u32>(slot >> 32) != <u32>(sample >> 32) || <u32>slot == DEAD) continue;
    const held = <u32>slot & FRAME_MASK;
    if (held == 0 || load<u64>(FRAME_SAMPLES + ((<usize>held - 1) << 3)) == sample) return place;
  }
  return NOWHERE;
}

/** Find a frame that is listed by its digest. */
function findByDigest(digest: u64, page: usize): u32 {
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  const probes = min(slots, DIGEST_PROBES_MAX);
  let compares: u32 = 0;
  for (let probe: u32 = 0; probe < probes; probe++) {
    const slot = load<u64>(slotAt(<u32>digest + probe, slots));
    if (slot == EMPTY) return 0;
    if (<u32>(slot >> 32) != <u32>(digest >> 32) || <u32>slot == DEAD) continue;
    const held = <u32>slot & FRAME_MASK;
    if (held == 0 || load<u64>(FRAME_DIGESTS + ((<usize>held - 1) << 3)) != digest) continue;
    if (samePage(frameAt(held - 1), page)) return held;
    if (++compares == DIGEST_COMPARES_MAX) return 0;
  }
  return 0;
}

/** List a frame by its sample, or by its digest if another one has that sample. */
function insert(frame: u32): void {
  const sample = load<u64>(FRAME_SAMPLES + (<usize>frame << 3));
  const place = sampledSlot(sample);
  if (place == NOWHERE) {
    insertKey(sample, frame);
    return;
  }
  store<u32>(place, load<u32>(place) | CROWDED);
  insertKey(digestOfFrame(frame), frame);
}

function insertKey(key: u64, frame: u32): void {
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  for (let probe: u32 = 0; probe < DIGEST_PROBES_MAX; probe++) {
    const place = slotAt(<u32>key + probe, slots);
    const slot = load<u64>(place);
    if (slot != EMPTY && <u32>slot != DEAD) continue;
    if (slot == EMPTY) {
      store<u32>(HEADER_DIGEST_SLOTS_USED, load<u32>(HEADER_DIGEST_SLOTS_USED) + 1);
    }
    store<u64>(place, (key & 0xffffffff00000000) | (<u64>frame + 1));
    return;
  }
}

/** Empty a slot. */
function leaveSlot(place: usize): void {
  const slots = load<u32>(HEADER_DIGEST_SLOTS);
  const next = place + 8 == DIGEST_TABLE + (<usize>slots << 3) ? DIGEST_TABLE : place + 8;
  // No lookup goes on behind this slot if the next one is empty: it need not be kept as dead.
  if (load<u64>(next) == EMPTY) {
    store<u64>(place, EMPTY);
    store<u32>(HEADER_DIGEST_SLOTS_USED, load<u32>(HEADER_DIGEST_SLOTS_USED) - 1);
  } else {
    store<u64>(place, <u64>DEAD);
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
    if (load<u32>(FRAME_REFS + (<usize>frame << 2)) > 0) insert(frame);
  }
}
