/**
 * What a host would make of an image, as text: whether it fits, what is in the way, what could not
 * be checked. The findings themselves are findings.ts.
 */
import type { HostResult } from "../findings/index.js";
import { PLAIN, type TextOptions } from "./style.js";
import { bytesText, fact, hanging, plural } from "./text.js";

/** Reasons that a text shows; JSON has all. */
const SHOWN = 10;

/** A short section; an empty line before it. */
export function hostLines(host: HostResult, options: TextOptions): string[] {
  const { style = PLAIN } = options;
  const { bold, green, red } = style.paint;
  const fits = host.verdict === "fits";
  const word = fits ? green("nothing known is in the way") : red("would not restore there");
  const shown = options.verbose ? host.blocking : host.blocking.slice(0, SHOWN);
  const left = host.blocking.length - shown.length + (host.blockingOmitted ?? 0);
  const reasons = shown.flatMap(({ rule, message, beyondXen }) => {
    const mark = beyondXen ? " (beyond Xen's own checks)" : "";
    return hanging("    ", `${rule}  ${message}${mark}`, style);
  });
  return [
    "",
    `${bold(`on ${host.name}`)}: ${word}`,
    ...needsFact(host, options),
    ...reasons,
    ...(left === 0 ? [] : [`    and ${plural(left, "more reason")}`]),
    ...uncheckedFact(host, options),
  ];
}

function needsFact({ needs }: HostResult, { style = PLAIN }: TextOptions): string[] {
  if (needs === undefined) return [];
  const { memoryBytes, overheadBytesEstimate, vcpus } = needs;
  const more =
    overheadBytesEstimate === 0
      ? ""
      : ` and an estimated ${bytesText(overheadBytesEstimate)} beside them`;
  const cpus = vcpus === null ? "" : `, ${plural(vcpus, "vcpu")}`;
  return fact("needs", `${bytesText(memoryBytes)} of pages${more}${cpus}`, style);
}

function uncheckedFact({ notChecked }: HostResult, options: TextOptions): string[] {
  const { style = PLAIN, verbose } = options;
  if (notChecked.length === 0) return [];
  if (verbose) return notChecked.flatMap((note) => fact("unchecked", note, style));
  const count = plural(notChecked.length, "thing");
  return fact("unchecked", `${count} that neither file tells (--verbose lists them)`, style);
}
