/**
 * How values are written in the `expected` and `actual` of a fault: short, and raw values in hex.
 */

/** A raw value as `0x...`, lower-case, without leading zeros. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/** A length or count with its unit: `1 byte`, `24 bytes`. */
export function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
