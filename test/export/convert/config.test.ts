/** What a made config takes from the source's: the domain's name, vcpus and memory. */
import { describe, expect, it } from "vitest";
import { identityOf, UNKNOWN_DOMAIN } from "../../../src/export/convert/config.js";
import type { SectionEvent } from "../../../src/stream/index.js";

function identity(layer: SectionEvent["layer"], text: string) {
  const body = new TextEncoder().encode(text);
  const bytes = body.length;
  return identityOf({ event: "section", layer, name: "config", byteOffset: 0, bytes, body });
}

describe("the domain that a config tells of", () => {
  it("is that of libvirt's XML, whatever its units and characters", () => {
    const xml = `<domain><!-- <name>no</name> --><name>a &amp; b</name>
      <memory dumpCore='off' unit='GiB'>2</memory><vcpu current='1'>4</vcpu></domain>`;
    expect(identity("libvirt", xml)).toEqual({ name: "a & b", vcpus: 4, memoryKiB: 2_097_152 });
  });

  it("is that of xl's JSON, and of the text of older releases", () => {
    const json = '{"c_info":{"name":"n"},"b_info":{"max_vcpus":2,"max_memkb":1024}}';
    const told = { name: "n", vcpus: 2, memoryKiB: 1024 };
    expect(identity("xl", json)).toEqual(told);
    expect(identity("xl", "name='n'\nvcpus=2\nmemory=1\n")).toEqual(told);
  });

  it("has the whole name or none", () => {
    const named = (chars: number) => `<domain><name>${"n".repeat(chars)}</name></domain>`;
    expect(identity("libvirt", named(255)).name).toHaveLength(255);
    expect(identity("libvirt", named(256)).name).toBeNull();
    expect(identity("libvirt", named(5000)).name).toBeNull();
  });

  it("is unknown where there is no config that can be read", () => {
    expect(identity("xl", '{"c_info":{"name":"n"')).toEqual(UNKNOWN_DOMAIN);
    expect(identity("xend", "(domain (name n))")).toEqual(UNKNOWN_DOMAIN);
  });
});
