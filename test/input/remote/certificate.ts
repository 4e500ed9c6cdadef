/**
 * A self-signed certificate for the loopback interface, made when a test needs it: nothing that
 * expires or looks like a secret is stored. Source: RFC 5280, X.690 (DER).
 */
import { generateKeyPairSync, sign } from "node:crypto";

const TAG = { boolean: 1, integer: 2, bits: 3, octets: 4, oid: 6, text: 12, time: 23 };
const [SEQUENCE, SET] = [0x30, 0x31];
const ECDSA_WITH_SHA256 = "06082a8648ce3d040302";
const COMMON_NAME = "0603550403";
const SUBJECT_ALT_NAME = "0603551d11";
const BASIC_CONSTRAINTS = "0603551d13";
const DAY_MS = 86_400_000;

/** One DER item. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const long = length > 0xff ? [0x82, length >> 8, length & 0xff] : [0x81, length];
  return Buffer.concat([Buffer.from([tag, ...(length < 0x80 ? [length] : long)]), body]);
}

const hex = (text: string) => Buffer.from(text, "hex");
const ascii = (text: string) => Buffer.from(text, "latin1");
const time = (ms: number) =>
  der(TAG.time, ascii(`${new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14)}Z`));

/** Key and certificate in PEM, good for a day, for 127.0.0.1 and localhost. */
export function selfSigned(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(SEQUENCE, hex(ECDSA_WITH_SHA256));
  const commonName = der(SEQUENCE, hex(COMMON_NAME), der(TAG.text, ascii("xenstream test")));
  const name = der(SEQUENCE, der(SET, commonName));
  const names = der(SEQUENCE, der(0x87, hex("7f000001")), der(0x82, ascii("localhost")));
  const authority = der(SEQUENCE, der(TAG.boolean, hex("ff")));
  const extensions = der(
    SEQUENCE,
    der(SEQUENCE, hex(SUBJECT_ALT_NAME), der(TAG.octets, names)),
    der(SEQUENCE, hex(BASIC_CONSTRAINTS), der(TAG.boolean, hex("ff")), der(TAG.octets, authority)),
  );
  const now = Date.now();
  const body = der(
    SEQUENCE,
    der(0xa0, der(TAG.integer, hex("02"))),
    der(TAG.integer, hex("01")),
    algorithm,
    name,
    der(SEQUENCE, time(now - DAY_MS), time(now + DAY_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = sign("sha256", body, privateKey);
  const whole = der(SEQUENCE, body, algorithm, der(TAG.bits, hex("00"), signature));
  const lines = whole.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
