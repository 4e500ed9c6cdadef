/**
 * Builds libvirt save files from the layout of the specification page. Nothing here comes from src/.
 */
import { ascii, concat, u32le, zeros } from "./bytes.js";

export const MAGIC = ascii("libvirt-xml\n \0 \r");
export const XML = ascii("<domain type='xen'><name>n</name></domain>\0");

export interface LibvirtOptions {
  readonly version?: number;
  readonly xml?: Uint8Array;
  /** Length of the XML, as claimed. */
  readonly xmlLen?: number;
}

/** A file with the given stream in it. */
export function libvirt(stream: Uint8Array, options: LibvirtOptions = {}): Uint8Array {
  const xml = options.xml ?? XML;
  return concat(
    MAGIC,
    u32le(options.version ?? 2),
    u32le(options.xmlLen ?? xml.length),
    zeros(40),
    xml,
    stream,
  );
}
