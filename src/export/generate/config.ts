/**
 * The configurations that containers carry, for a synthetic guest: libxl's JSON, libvirt's XML, the
 * Xenops record of XAPI. Only what their readers need, and what says the same as the stream.
 * Sources: Xen libxl_types.idl, libvirt's domain XML, xen-api suspend_image.ml (facts).
 */
import { uuidOfGenid, xenstoreGenid } from "../../stream/index.js";
import { encodeXenops } from "../writers/index.js";
import { type GenerateOptions, isPv } from "./options.js";
import { mix, saltOf, seedOf } from "./random.js";

const PURPOSE_UUID = 80;
const KIB = 1024;
const SAVED_AT = "20260101T00:00:00Z";
const NUL = "\0";
const GENID_KEY = "/local/domain/1/platform/generation-id";

function nameOf({ guest, seed }: GenerateOptions): string {
  return `xenstream-${guest}-${seed}`;
}

/** A UUID of version 4, by the seed. */
function uuidOf({ seed }: GenerateOptions): string {
  const salt = saltOf(seedOf(seed), PURPOSE_UUID);
  const digits = [0, 1, 2, 3].map((n) => mix(salt, n).toString(16).padStart(8, "0")).join("");
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`];
  return [...parts, `8${digits.slice(17, 20)}`, digits.slice(20)].join("-");
}

/** libxl's JSON of the domain, with its NUL. */
export function libxlConfig(options: GenerateOptions): Uint8Array {
  const { guest, vcpus, genid, sizeBytes } = options;
  const type = isPv(guest) ? "pv" : guest;
  const memory = sizeBytes / KIB;
  const config = {
    c_info: { type, name: nameOf(options), uuid: uuidOf(options) },
    b_info: {
      max_vcpus: vcpus,
      avail_vcpus: Array.from({ length: vcpus }, (_, id) => id),
      max_memkb: memory,
      target_memkb: memory,
      [`type.${type}`]: genid === null ? {} : { ms_vm_genid: [...genid] },
    },
    on_reboot: "restart",
  };
  return new TextEncoder().encode(`${JSON.stringify(config, null, 4)}\n${NUL}`);
}

/** The domain XML, with its NUL. */
export function domainXml(options: GenerateOptions): Uint8Array {
  const { guest, vcpus, genid, sizeBytes } = options;
  const osType = isPv(guest) ? "linux" : guest === "pvh" ? "xenpvh" : "hvm";
  const lines = [
    "<domain type='xen'>",
    `  <name>${nameOf(options)}</name>`,
    `  <uuid>${uuidOf(options)}</uuid>`,
    ...(genid === null ? [] : [`  <genid>${uuidOfGenid(genid)}</genid>`]),
    `  <memory unit='KiB'>${sizeBytes / KIB}</memory>`,
    `  <vcpu>${vcpus}</vcpu>`,
    `  <os><type>${osType}</type></os>`,
    "</domain>",
  ];
  return new TextEncoder().encode(`${lines.join("\n")}\n${NUL}`);
}

/** The Xenops record. */
export function xenopsRecord(options: GenerateOptions): Uint8Array {
  const { vcpus, genid, sizeBytes } = options;
  const pair = genid === null ? null : xenstoreGenid(genid);
  const platform = pair === null ? "" : `(platformdata ((generation-id ${pair})))`;
  const vm = `((id ${uuidOf(options)})(name ${nameOf(options)})(vcpus ${vcpus})${platform})`;
  const memory = ["memory/target", `${sizeBytes / KIB}`] as const;
  const subtree = pair === null ? [memory] : [memory, [GENID_KEY, pair] as const];
  return encodeXenops([
    ["time", SAVED_AT],
    ["word_size", "64"],
    ["vm_str", vm],
    ["xs_subtree", subtree],
  ]);
}
