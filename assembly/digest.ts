/**
 * XXH3-64 with seed 0 and the default secret, which the bridge writes into the constants region.
 * The long form works on 64-byte stripes with v128; digest-short.ts has the forms up to 240 bytes.
 *
 *   block = 16 stripes | stripe i uses secret[8 * i ...] | after a block the accumulators are mixed
 *
 * Source: xxHash, specification of the XXH3 algorithm.
 */
import {
  PRIME32_1,
  PRIME32_2,
  PRIME32_3,
  PRIME64_1,
  PRIME64_2,
  PRIME64_3,
  PRIME64_4,
  PRIME64_5,
  avalanche,
  foldedProduct,
  shortDigest,
} from "./digest-short";
import { must } from "./assert";
import {
  CONSTANTS,
  RESULT_DIGEST,
  XXH3_INPUT,
  XXH3_INPUT_BYTES,
  XXH3_STATE_ACCUMULATORS,
  XXH3_STATE_CONSUMED_BYTES,
  XXH3_STATE_FINISH,
  XXH3_STATE_STRIPE_IN_BLOCK,
} from "./generated/layout";
import { PAGE_BYTES, XXH3_SECRET_BYTES, XXH3_STRIPE_BYTES } from "./generated/numbers";

const STRIPES_PER_BLOCK: u32 = 16;
const SHORT_BYTES_MAX: u64 = 240;
/** Where in the secret: the mix after a block, the last stripe, the merge. */
const SECRET_SCRAMBLE: usize = CONSTANTS + XXH3_SECRET_BYTES - XXH3_STRIPE_BYTES;
const SECRET_LAST_STRIPE: usize = SECRET_SCRAMBLE - 7;
const SECRET_MERGE: usize = CONSTANTS + 11;

/** XXH3-64 of one page. Uses the accumulators for finishing, never those of a stream. */
export function digestPage(page: usize): u64 {
  const accumulators = XXH3_STATE_FINISH;
  begin(accumulators);
  const stripes = PAGE_BYTES / XXH3_STRIPE_BYTES - 1;
  accumulate(accumulators, page, stripes, 0);
  return finish(accumulators, page + PAGE_BYTES - XXH3_STRIPE_BYTES, PAGE_BYTES);
}

/** Begin a new stream of bytes. */
export function xxh3Reset(): void {
  begin(XXH3_STATE_ACCUMULATORS);
  store<u64>(XXH3_STATE_CONSUMED_BYTES, 0);
  store<u32>(XXH3_STATE_STRIPE_IN_BLOCK, 0);
}

/**
 * Consume whole stripes of the `bytes` bytes that stand in the input; at least one byte is left,
 * and the 64 bytes before what is left are kept, for the digest ends with the last 64 of all.
 *
 * @returns bytes left, moved to the start of the input
 */
export function xxh3Consume(bytes: u32): u32 {
  must(bytes > XXH3_STRIPE_BYTES && bytes <= XXH3_INPUT_BYTES);
  const stripes = (bytes - 1) / XXH3_STRIPE_BYTES;
  const consumed = stripes * XXH3_STRIPE_BYTES;
  const next = accumulate(
    XXH3_STATE_ACCUMULATORS,
    XXH3_INPUT,
    stripes,
    load<u32>(XXH3_STATE_STRIPE_IN_BLOCK),
  );
  store<u32>(XXH3_STATE_STRIPE_IN_BLOCK, next);
  store<u64>(XXH3_STATE_CONSUMED_BYTES, load<u64>(XXH3_STATE_CONSUMED_BYTES) + consumed);
  const left = bytes - consumed;
  const kept = XXH3_INPUT - XXH3_STRIPE_BYTES;
  memory.copy(kept, kept + consumed, XXH3_STRIPE_BYTES + left);
  return left;
}

/** Write the digest of all bytes, `bytes` of them not consumed, to the result block. */
export function xxh3Digest(bytes: u32): void {
  must(bytes <= XXH3_INPUT_BYTES);
  const consumed = load<u64>(XXH3_STATE_CONSUMED_BYTES);
  const total = consumed + bytes;
  if (total <= SHORT_BYTES_MAX) {
    must(consumed == 0);
    store<u64>(RESULT_DIGEST, shortDigest(XXH3_INPUT, bytes));
    return;
  }
  memory.copy(XXH3_STATE_FINISH, XXH3_STATE_ACCUMULATORS, XXH3_STRIPE_BYTES);
  const stripes = (bytes - 1) / XXH3_STRIPE_BYTES;
  accumulate(XXH3_STATE_FINISH, XXH3_INPUT, stripes, load<u32>(XXH3_STATE_STRIPE_IN_BLOCK));
  const lastStripe = XXH3_INPUT + bytes - XXH3_STRIPE_BYTES;
  store<u64>(RESULT_DIGEST, finish(XXH3_STATE_FINISH, lastStripe, total));
}

function begin(accumulators: usize): void {
  v128.store(accumulators, i64x2(PRIME32_3, PRIME64_1));
  v128.store(accumulators, i64x2(PRIME64_2, PRIME64_3), 16);
  v128.store(accumulators, i64x2(PRIME64_4, PRIME32_2), 32);
  v128.store(accumulators, i64x2(PRIME64_5, PRIME32_1), 48);
}

/**
 * Take `stripes` stripes into the accumulators, mixing after each whole block.
 *
 * @param stripeInBlock  0..15, of the first stripe
 * @returns stripeInBlock of the stripe that comes next
 */
function accumulate(accumulators: usize, input: usize, stripes: u32, stripeInBlock: u32): u32 {
  let a = v128.load(accumulators);
  let b = v128.load(accumulators, 16);
  let c = v128.load(accumulators, 32);
  let d = v128.load(accumulators, 48);
  let stripe = input;
  let left = stripes;
  let inBlock = stripeInBlock;
  while (left > 0) {
    const now = min(left, STRIPES_PER_BLOCK - inBlock);
    const secret = CONSTANTS + (<usize>inBlock << 3);
    const end = stripe + now * XXH3_STRIPE_BYTES;
    let sumA = i64x2.splat(0);
    let sumB = sumA;
    for (let at = stripe, key = secret; at < end; at += XXH3_STRIPE_BYTES, key += 8) {
      const dataA = v128.load(at);
      const dataB = v128.load(at, 16);
      sumA = i64x2.add(sumA, dataA);
      sumB = i64x2.add(sumB, dataB);
      const keyedA = v128.xor(dataA, v128.load(key));
      const keyedB = v128.xor(dataB, v128.load(key, 16));
      const lower = lowerHalves(keyedA, keyedB);
      const upper = upperHalves(keyedA, keyedB);
      a = i64x2.add(a, i64x2.extmul_low_i32x4_u(lower, upper));
      b = i64x2.add(b, i64x2.extmul_high_i32x4_u(lower, upper));
    }
    a = i64x2.add(a, swapped(sumA));
    b = i64x2.add(b, swapped(sumB));
    sumA = i64x2.splat(0);
    sumB = sumA;
    for (let at = stripe, key = secret; at < end; at += XXH3_STRIPE_BYTES, key += 8) {
      const dataA = v128.load(at, 32);
      const dataB = v128.load(at, 48);
      sumA = i64x2.add(sumA, dataA);
      sumB = i64x2.add(sumB, dataB);
      const keyedA = v128.xor(dataA, v128.load(key, 32));
      const keyedB = v128.xor(dataB, v128.load(key, 48));
      const lower = lowerHalves(keyedA, keyedB);
      const upper = upperHalves(keyedA, keyedB);
      c = i64x2.add(c, i64x2.extmul_low_i32x4_u(lower, upper));
      d = i64x2.add(d, i64x2.extmul_high_i32x4_u(lower, upper));
    }
    c = i64x2.add(c, swapped(sumA));
    d = i64x2.add(d, swapped(sumB));
    stripe = end;
    left -= now;
    inBlock += now;
    if (inBlock == STRIPES_PER_BLOCK) {
      inBlock = 0;
      a = scramble(a, v128.load(SECRET_SCRAMBLE));
      b = scramble(b, v128.load(SECRET_SCRAMBLE, 16));
      c = scramble(c, v128.load(SECRET_SCRAMBLE, 32));
      d = scramble(d, v128.load(SECRET_SCRAMBLE, 48));
    }
  }
  v128.store(accumulators, a);
  v128.store(accumulators, b, 16);
  v128.store(accumulators, c, 32);
  v128.store(accumulators, d, 48);
  return inBlock;
}

/** Lower halves of the u64 lanes of two vectors. */
@inline
function lowerHalves(left: v128, right: v128): v128 {
  return v128.shuffle<i32>(left, right, 0, 2, 4, 6);
}

/** Upper halves of the u64 lanes of two vectors. */
@inline
function upperHalves(left: v128, right: v128): v128 {
  return v128.shuffle<i32>(left, right, 1, 3, 5, 7);
}

/** A vector with its two u64 lanes exchanged. */
@inline
function swapped(lanes: v128): v128 {
  return v128.shuffle<i64>(lanes, lanes, 1, 0);
}

/** Per lane: the other lane's data, and the product of the halves of data ^ secret, are added. */
@inline
function addStripe(accumulator: v128, data: v128, secret: v128): v128 {
  const keyed = v128.xor(data, secret);
  const lower = v128.shuffle<i32>(keyed, keyed, 0, 2, 0, 2);
  const upper = v128.shuffle<i32>(keyed, keyed, 1, 3, 1, 3);
  const product = i64x2.extmul_low_i32x4_u(lower, upper);
  return i64x2.add(i64x2.add(accumulator, swapped(data)), product);
}

@inline
function scramble(accumulator: v128, secret: v128): v128 {
  const mixed = v128.xor(v128.xor(accumulator, i64x2.shr_u(accumulator, 47)), secret);
  return i64x2.mul(mixed, i64x2.splat(PRIME32_1));
}

/** Take the last stripe of `total` bytes and merge the accumulators to a digest. */
function finish(accumulators: usize, lastStripe: usize, total: u64): u64 {
  for (let offset: usize = 0; offset < XXH3_STRIPE_BYTES; offset += 16) {
    const data = v128.load(lastStripe + offset);
    const secret = v128.load(SECRET_LAST_STRIPE + offset);
    v128.store(accumulators + offset, addStripe(v128.load(accumulators + offset), data, secret));
  }
  let merged = total * PRIME64_1;
  for (let offset: usize = 0; offset < XXH3_STRIPE_BYTES; offset += 16) {
    merged += foldedProduct(
      load<u64>(accumulators + offset) ^ load<u64>(SECRET_MERGE + offset),
      load<u64>(accumulators + offset, 8) ^ load<u64>(SECRET_MERGE + offset, 8),
    );
  }
  return avalanche(merged);
}
