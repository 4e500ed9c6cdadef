/**
 * One line of a journal: a JSON object that begins with the checksum of its rest. Not what the
 * lines of a journal are, nor where they stand.
 */
import { crc32 } from "node:zlib";

const CRC_FIELD = /^\{"c":"([0-9a-f]{8})",/;

/** A value as a line, with its newline and a checksum of what follows it. */
export function sealed(value: object): string {
  const rest = JSON.stringify(value).slice(1);
  return `{"c":"${crcOf(rest)}",${rest}\n`;
}

/** Null if the line is not as sealed() made it. */
export function unsealed(line: string): unknown {
  const crc = CRC_FIELD.exec(line);
  if (crc === null) return null;
  const rest = line.slice(crc[0].length);
  if (crcOf(rest) !== crc[1]) return null;
  try {
    return JSON.parse(`{${rest}`);
  } catch {
    return null; // somebody else's checksum
  }
}

function crcOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
