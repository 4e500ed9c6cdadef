/** What a restore takes from the config of a container: values, not what looks like one. */
import { describe, expect, it } from "vitest";
import { domainConfigOf, qemuOfConfig } from "../../src/restore/config.js";
import type { SectionEvent } from "../../src/stream/index.js";

const NOTHING = { vcpus: null, type: null };

function section(layer: SectionEvent["layer"], text: string): SectionEvent {
  const body = new TextEncoder().encode(text);
  return { event: "section", layer, name: "config", byteOffset: 0, bytes: body.length, body };
}

describe("the domain by its config", () => {
  it("has the most vcpus that it may have, whichever form the config has", () => {
    const xml = "<domain><vcpu current='1'>4</vcpu><os><type>xenpvh</type></os></domain>\0";
    expect(domainConfigOf(section("libvirt", xml))).toEqual({ vcpus: 4, type: "pvh" });
    const json = '{"c_info":{"type":"hvm"},"b_info":{"max_vcpus":4,"avail_vcpus":[0]}}';
    expect(domainConfigOf(section("xl", json))).toEqual({ vcpus: 4, type: "hvm" });
    const text = "type = 'pvh'\nvcpus = 1\nmaxvcpus = 4\n";
    expect(domainConfigOf(section("xl", text))).toEqual({ vcpus: 4, type: "pvh" });
    expect(domainConfigOf(section("xend", "vcpus = 4"))).toEqual({ vcpus: 4, type: null });
  });

  it("is not what a comment or the metadata of others say", () => {
    const decoys = "<!-- <vcpu>1</vcpu> --><metadata><x><type>xenpvh</type></x></metadata>";
    const xml = `<domain>${decoys}<vcpu>2</vcpu></domain>`;
    expect(domainConfigOf(section("libvirt", xml))).toEqual({ vcpus: 2, type: null });
    expect(domainConfigOf(section("xl", "# \nx = [ 'y',\n'vcpus = 9' ]\n"))).toEqual(NOTHING);
  });

  it("is told as far as a config that is not whole goes", () => {
    const cut = "<domain><vcpu>2</vcpu><os><type>xenpvh</type>";
    expect(domainConfigOf(section("libvirt", cut))).toEqual({ vcpus: 2, type: "pvh" });
    expect(domainConfigOf(section("xl", '{"b_info":{"max_vcpus":2'))).toEqual(NOTHING);
    expect(domainConfigOf(section("xl", '{"b_info":{"max_vcpus":0}}'))).toEqual(NOTHING);
  });

  it("has the QEMU that the config names, if that may be a name", () => {
    const xml = "<domain><!-- <type machine='a'/> --><os><type machine='xenfv'>hvm</type></os>";
    expect(qemuOfConfig(section("libvirt", xml))).toEqual({ machine: "xenfv", deviceModel: null });
    const json = '{"b_info":{"device_model_version":"qemu_xen"}}';
    expect(qemuOfConfig(section("xl", json))).toEqual({ machine: null, deviceModel: "qemu-xen" });
    const other = '{"b_info":{"device_model_version":"unknown"}}';
    expect(qemuOfConfig(section("xl", other)).deviceModel).toBeNull();
    const long = `device_model_version="${"x".repeat(65)}"`;
    expect(qemuOfConfig(section("xl", long)).deviceModel).toBeNull();
  });
});
