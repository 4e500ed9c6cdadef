/**
 * Checks the shape of a JSON document value by value: each function takes a value and the path to
 * it, and gives it back as its type or throws. What the document means is its caller's.
 */
import { UsageError } from "../../findings/index.js";

/** Checks a value at a path: gives it back as its type, or throws. */
export type Shape<T> = (value: unknown, path: string) => T;

/** The value at `path` is not as it should be. */
export function misshapen(path: string, allowed: string): UsageError {
  return new UsageError(`host file: ${path} is not ${allowed}`, { option: "--on", allowed });
}

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): Shape<number> {
  return (value, path) => {
    const ok = typeof value === "number" && Number.isSafeInteger(value);
    if (ok && value >= min && value <= max) return value;
    throw misshapen(path, `a whole number from ${min} to ${max}`);
  };
}

/** A hex string of at most so many bits, as "0x1f". */
export function hexString(bits: 32 | 64): Shape<string> {
  const pattern = new RegExp(`^0x[0-9a-f]{1,${bits / 4}}$`);
  return (value, path) => {
    if (typeof value === "string" && pattern.test(value)) return value;
    throw misshapen(path, `a hex string of up to ${bits} bits, as "0x1f"`);
  };
}

/** A text that a pattern takes; `what` says which. */
export function text(pattern: RegExp, what: string): Shape<string> {
  return (value, path) => {
    if (typeof value === "string" && pattern.test(value)) return value;
    throw misshapen(path, what);
  };
}

/** True or false. */
export const flag: Shape<boolean> = (value, path) => {
  if (typeof value === "boolean") return value;
  throw misshapen(path, "true or false");
};

/** One of a few values. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Shape<T> {
  return (value, path) => {
    const found = values.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    throw misshapen(path, values.map((one) => JSON.stringify(one)).join(" or "));
  };
}

/** A list of at most `most` items. */
export function list<T>(item: Shape<T>, most: number): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > most) {
      throw misshapen(path, `a list of at most ${most} items`);
    }
    return value.map((one, index) => item(one, `${path}[${index}]`));
  };
}

type Shapes = Readonly<Record<string, Shape<unknown>>>;
type Of<S extends Shapes, R extends keyof S> = { readonly [K in R]: ReturnType<S[K]> } & {
  readonly [K in Exclude<keyof S, R>]?: ReturnType<S[K]>;
};

/** An object with these fields and no others; those in `required` must be there. */
export function record<const S extends Shapes, const R extends keyof S & string = never>(
  shapes: S,
  required: readonly R[] = [],
): Shape<Of<S, R>> {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw misshapen(path, "an object");
    }
    const given = value as Readonly<Record<string, unknown>>;
    const result: Record<string, unknown> = {};
    for (const [name, one] of Object.entries(given)) {
      const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
      const at = path === "" ? name : `${path}.${name}`;
      if (shape === undefined) throw misshapen(at, `one of ${Object.keys(shapes).join(", ")}`);
      result[name] = shape(one, at);
    }
    for (const name of required) {
      if (!Object.hasOwn(given, name)) {
        throw misshapen(path === "" ? name : `${path}.${name}`, "left out where it must be there");
      }
    }
    return result as Of<S, R>;
  };
}
