/**
 * Names of the formats that can be nested in one another, as they stand in `container` and `layer`
 * of every result document. Not how they are recognised (stream/open.ts).
 */

/** Formats that xenstream reads, outermost first where they nest. */
export const LAYERS = [
  "xl",
  "libvirt",
  "xapi",
  "xend",
  "libxl",
  "libxc",
  "legacy",
  "xenstore",
  "qemu",
  "hvm-context",
] as const;

/** A format that holds records, headers or sections; findings name the one they belong to. */
export type Layer = (typeof LAYERS)[number];

/** Compressions that may stand around any layer. */
export const COMPRESSIONS = ["gzip", "zstd", "xz", "lz4"] as const;

/** A compression recognised by its first bytes. */
export type Compression = (typeof COMPRESSIONS)[number];

/** One link of the `container` chain of a result document. */
export type ContainerName = Layer | Compression;

/** Kind of guest a stream restores: HVM stands for PVH too. */
export type GuestKind = "hvm" | "pv";
