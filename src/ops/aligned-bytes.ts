/**
 * Memory for bytes that the platform fills: whole pages, from a page boundary on. Into an array that
 * begins anywhere else, as those that JavaScript makes do, the kernel may copy at half the speed.
 */

/** Bytes of a page of WebAssembly memory. */
const UNIT_BYTES = 65_536;

/** A new array of zeros that begins on a page boundary; for few and long-lived ones. */
export function alignedBytes(bytes: number): Uint8Array {
  const { Memory } = (globalThis as unknown as { readonly WebAssembly: WasmMemories }).WebAssembly;
  const units = Math.ceil(bytes / UNIT_BYTES);
  return new Uint8Array(new Memory({ initial: units, maximum: units }).buffer, 0, bytes);
}

interface WasmMemories {
  readonly Memory: new (size: {
    initial: number;
    maximum: number;
  }) => { readonly buffer: ArrayBuffer };
}
