/**
 * What a fault is: a rule, the images it can be put into, and the edit that does it. The edits work
 * on items as they pass, so that they cost no memory either; edits.ts has the common ones.
 */
import type { Item, Items } from "../items.js";
import { type GenerateOptions, isPv } from "../options.js";

/** Changes a sequence of items. */
export type Edit = (items: Iterable<Item>, options: GenerateOptions) => Items;

/** What an image must be for a fault to show in it. */
export interface FaultNeeds {
  readonly kind?: "hvm" | "pv";
  readonly guests?: readonly GenerateOptions["guest"][];
  readonly containers?: readonly GenerateOptions["container"][];
  readonly version?: 2 | 3;
  readonly checkpointsMin?: number;
  readonly checkpointsMax?: number;
  readonly verify?: true;
  readonly genid?: true;
}

/** One row of the tables of faults. */
export interface FaultRow {
  readonly rule: string;
  readonly edit: Edit;
  readonly needs?: FaultNeeds;
}

/** A fault that can be put into an image. */
export interface ImageFault {
  readonly rule: string;
  /** Options that an image gets for it unless the caller chose them. */
  readonly preferred: Partial<GenerateOptions>;
  /** What the options would have to be; null if the fault can show. */
  refuses(options: GenerateOptions): string | null;
  apply(items: Iterable<Item>, options: GenerateOptions): Items;
}

const GENID = Uint8Array.from({ length: 16 }, (_, index) => index + 1);

/** Make a fault of its row. */
export function imageFault({ rule, edit, needs = {} }: FaultRow): ImageFault {
  return {
    rule,
    preferred: preferredFor(needs),
    refuses: (options) => unmet(needs, options),
    apply: (items, options) => edit(items, options),
  };
}

function preferredFor(needs: FaultNeeds): Partial<GenerateOptions> {
  const guest = needs.guests?.[0] ?? (needs.kind === "pv" ? "pv64" : undefined);
  const container = needs.containers?.[0];
  return {
    ...(guest === undefined ? {} : { guest }),
    ...(container === undefined ? {} : { container }),
    ...(needs.version === undefined ? {} : { version: needs.version }),
    ...(needs.checkpointsMin === undefined ? {} : { checkpoints: needs.checkpointsMin }),
    ...(needs.verify === undefined ? {} : { verify: true }),
    ...(needs.genid === undefined ? {} : { genid: GENID }),
  };
}

function unmet(needs: FaultNeeds, options: GenerateOptions): string | null {
  const { guest, container, checkpoints } = options;
  if (needs.kind !== undefined && isPv(guest) !== (needs.kind === "pv")) {
    return needs.kind === "pv" ? "--guest pv64 or pv32" : "--guest hvm or pvh";
  }
  if (needs.guests !== undefined && !needs.guests.includes(guest)) {
    return `--guest ${needs.guests.join(" or ")}`;
  }
  if (needs.containers !== undefined && !needs.containers.includes(container)) {
    return `--container ${needs.containers.join(" or ")}`;
  }
  if (needs.version !== undefined && needs.version !== options.version) {
    return `--stream-version ${needs.version}`;
  }
  if (checkpoints < (needs.checkpointsMin ?? 0)) {
    return `--checkpoints ${needs.checkpointsMin} or more`;
  }
  if (checkpoints > (needs.checkpointsMax ?? checkpoints)) return "no --checkpoints";
  if (needs.verify === true && !options.verify) return "--verify";
  return needs.genid === true && options.genid === null ? "--genid" : null;
}
