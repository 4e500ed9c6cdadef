/**
 * How the user's word on the format reaches the stream inside a container, through the whole
 * pipeline.
 */
import { describe, expect, it } from "vitest";
import { ascii, concat } from "../builders/bytes.js";
import { hvm } from "../builders/legacy.js";
import { libvirt } from "../builders/libvirt.js";
import { xlHeader } from "../builders/libxl.js";
import { runBytes } from "../harness.js";

const CONTAINERS: readonly (readonly [name: string, image: Uint8Array])[] = [
  ["xl", concat(xlHeader({ config: "name='a'", mandatoryFlags: 0 }).bytes, hvm({ width: 32 }))],
  ["libvirt", libvirt(hvm({ width: 64 }), { version: 1 })],
  ["xapi", concat(ascii("XenSavedDomain\n"), hvm({ width: 32 }))],
];

describe("a format hint", () => {
  it.each(CONTAINERS)(
    "that names the container leaves its stream to detection: %s",
    (name, image) => {
      const { errors, image: read } = runBytes(image, { formatHint: name });
      expect(errors).toEqual([]);
      expect(read.restorer.container).toEqual([name, "legacy"]);
    },
  );

  it.each(CONTAINERS)("that names a stream is about the one inside: %s", (name, image) => {
    const { errors } = runBytes(image, {
      formatHint: name === "libvirt" ? "legacy32" : "legacy64",
    });
    expect(errors).not.toEqual([]);
  });
});
