/**
 * The edits that faults are made of: change, insert, drop or cut the first item that is of a kind.
 * Each gives a new sequence; items that are not its own pass through as they are.
 */
import type { BatchItem, HeaderItem, HeaderName, Item, RecordItem } from "../items.js";
import type { GenerateOptions } from "../options.js";
import type { Edit } from "./fault.js";

/** Chooses items. */
export type Match = (item: Item) => boolean;

export const CUT: Item = { kind: "cut" };

/** Records of a layer by their type; the n-th one with `skip`. */
export function recordOf(layer: RecordItem["layer"], type: number, skip = 0): () => Match {
  return () => {
    let seen = 0;
    return (item) => {
      if (item.kind !== "record" || item.layer !== layer || item.type !== type) return false;
      return seen++ === skip;
    };
  };
}

/** The n-th item that `match` chooses. */
export function nth(match: Match, skip: number): () => Match {
  return () => {
    let seen = 0;
    return (item) => match(item) && seen++ === skip;
  };
}

export const isBatch: Match = (item) => item.kind === "batch";

function headerOf(name: HeaderName): () => Match {
  return () => (item) => item.kind === "header" && item.name === name;
}

/** Put other items in the place of those chosen. */
export function replace(
  match: () => Match,
  make: (item: Item, options: GenerateOptions) => Iterable<Item>,
): Edit {
  return function* edit(items, options) {
    const chosen = match();
    for (const item of items) {
      if (chosen(item)) yield* make(item, options);
      else yield item;
    }
  };
}

export function drop(match: () => Match): Edit {
  return replace(match, () => []);
}

export function insertBefore(
  match: () => Match,
  make: (options: GenerateOptions, item: Item) => Iterable<Item>,
): Edit {
  return replace(match, (item, options) => [...make(options, item), item]);
}

export function insertAfter(
  match: () => Match,
  make: (options: GenerateOptions, item: Item) => Iterable<Item>,
): Edit {
  return replace(match, function* after(item, options) {
    yield item;
    yield* make(options, item);
  });
}

/** Change the bytes of the first header of a name. */
export function editHeader(
  name: HeaderName,
  change: (bytes: Uint8Array, options: GenerateOptions) => Uint8Array | undefined,
): Edit {
  return replace(nth(headerOf(name)(), 0), (item, options) => {
    const header = item as HeaderItem;
    const bytes = header.bytes.slice();
    return [{ ...header, bytes: change(bytes, options) ?? bytes }];
  });
}

/** End the image inside a header. */
export function cutHeader(name: HeaderName, keepBytes: number): Edit {
  return replace(headerOf(name), (item) => {
    const header = item as HeaderItem;
    return [{ ...header, bytes: header.bytes.subarray(0, keepBytes) }, CUT];
  });
}

/** Change the body of a chosen record, in a copy. */
export function editBody(
  match: () => Match,
  change: (body: Uint8Array, options: GenerateOptions) => Uint8Array | undefined,
): Edit {
  return replace(match, (item, options) => {
    const record = item as RecordItem;
    const body = record.body.slice();
    return [{ ...record, body: change(body, options) ?? body }];
  });
}

/** Change a chosen PAGE_DATA record, in a copy. */
export function editBatch(
  match: () => Match,
  change: (batch: BatchItem, options: GenerateOptions) => BatchItem,
): Edit {
  return replace(match, (item, options) => {
    const batch = item as BatchItem;
    const copy = { ...batch, entries: batch.entries.slice(), pages: batch.pages.slice() };
    return [change(copy, options)];
  });
}
