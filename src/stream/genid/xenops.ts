/**
 * The VM Generation ID in the Xenops record of a XAPI image. XAPI keeps the id in its database and
 * writes that one to a guest that is restored; the record is a witness of what it was at the save,
 * in three places, each in the releases of its time:
 *
 *   (xs_subtree ((/local/domain/7/platform/generation-id W0:W1)...))   the domain's Xenstore keys
 *   (vm_str "(...(platformdata ((generation-id W0:W1)...))...)")       the VM, in an atom, escaped
 *   (vm_str "(...(generation_id (W0:W1))...)")                         the same, a field of its own
 *
 * Source: xen-api suspend_image.ml, xenopsd domain.ml, xenops_interface.ml (facts); VG-1, VG-10.
 */
import { concatBytes, latin1Bytes } from "../bytes.js";
import { SexpTokens, UnreadableSexp, unescapeAtom } from "../xapi/sexp-tokens.js";
import { type ConfiguredGenid, genidOfXenstore, xenstoreGenid } from "./text.js";

/** XAPI's word for: draw one when the VM is started. */
const DRAWN = "0:0";
const KEY_PATH = /(?:^|\/)platform\/generation-id$/;
/** Nothing that is looked at stands deeper; what does is counted, not kept. */
const DEPTH_KEPT = 4;
/** In a path, the list of an optional value. */
const SOME = "()";

/** The value of a pair that is an id: bytes `from` to `to` of the record. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The ids that a Xenops record tells, in its order. */
export function xenopsGenids(record: Uint8Array): readonly ConfiguredGenid[] {
  return placesOf(record).flatMap(({ text }): readonly ConfiguredGenid[] => {
    if (text === DRAWN) return ["drawn"];
    const id = genidOfXenstore(text);
    return id === null ? [] : [id];
  });
}

/**
 * The record with another id in each place that has one.
 *
 * @returns null where there is none
 */
export function withXenopsGenid(record: Uint8Array, id: Uint8Array): Uint8Array | null {
  const pair = latin1Bytes(xenstoreGenid(id));
  const places = placesOf(record);
  if (places.length === 0) return null;
  const pieces: Uint8Array[] = [];
  let done = 0;
  for (const { from, to } of places) {
    pieces.push(record.subarray(done, from), pair);
    done = to;
  }
  pieces.push(record.subarray(done));
  return concatBytes(...pieces);
}

function placesOf(record: Uint8Array): Place[] {
  const places: Place[] = [];
  eachPair(record, (path, place) => {
    if (path.length === 3 && path[0] === "xs_subtree" && KEY_PATH.test(path[2] ?? "")) {
      places.push(place);
    } else if (path.join() === "vm_str") places.push(...placesOfVm(record, place));
  });
  return places.filter(({ text }) => text === DRAWN || genidOfXenstore(text) !== null);
}

/** Those of the VM, which is an S-expression in an atom. */
function placesOfVm(record: Uint8Array, { from, to }: Place): Place[] {
  const { bytes, indexes } = unescapeAtom(record.subarray(from, to));
  const at = (index: number) => from + (indexes[index] ?? 0);
  const places: Place[] = [];
  eachPair(bytes, (path, place) => {
    if (!VM_PATHS.has(path.join())) return;
    places.push({ ...place, from: at(place.from), to: at(place.to) });
  });
  return places;
}

/** Where a VM has its id: names of lists, "" for one without, from the VM's fields on. */
const VM_PATHS: ReadonlySet<string> = new Set([
  "platformdata,,generation-id",
  "generation_id",
  `generation_id,${SOME}`,
]);

/**
 * Walk over an S-expression and give each atom that is the second element of a list, or alone in a
 * list that is. What comes before a fault of its syntax counts; the record's rule tells of that.
 *
 * @param take  gets the first elements of the lists that the atom is in, but the outermost
 */
function eachPair(bytes: Uint8Array, take: (path: readonly string[], place: Place) => void): void {
  const tokens = new SexpTokens(bytes);
  /** By depth: the first element of the open list there, and how many it has so far. */
  const heads: string[] = [];
  const counts: number[] = [];
  let depth = 0;
  const pathTo = (last: number) => heads.slice(1, last);
  const element = (text: string) => {
    if (depth === 0 || depth > DEPTH_KEPT) return;
    if (counts[depth - 1] === 0) heads[depth - 1] = text;
    counts[depth - 1] = (counts[depth - 1] ?? 0) + 1;
  };
  for (let token = nextOf(tokens); token !== null; token = nextOf(tokens)) {
    if (token.kind === "left") {
      element("");
      depth += 1;
      if (depth <= DEPTH_KEPT) [heads[depth - 1], counts[depth - 1]] = ["", 0];
    } else if (token.kind === "right") depth -= depth > 0 ? 1 : 0;
    else {
      element(token.text);
      if (depth < 2 || depth > DEPTH_KEPT) continue;
      if (counts[depth - 1] === 2) take(pathTo(depth), token);
      else if (counts[depth - 1] === 1 && counts[depth - 2] === 2) {
        take([...pathTo(depth - 1), SOME], token);
      }
    }
  }
}

function nextOf(tokens: SexpTokens) {
  try {
    return tokens.next();
  } catch (cause) {
    if (!(cause instanceof UnreadableSexp)) throw cause;
    return null;
  }
}
