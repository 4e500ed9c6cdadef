/**
 * A config in short: every form with all it can tell, forms that lack most of it, and configs that
 * were made to be trouble.
 */
import { describe, expect, it } from "vitest";
import type { ConfigSummary } from "../../../src/findings/index.js";
import type { SectionEvent } from "../../../src/stream/index.js";
import { configFactsOf, summarizeConfig } from "../../../src/stream/index.js";
import { ascii } from "../../builders/bytes.js";

const NONE = { count: 0, shown: [] };
const EMPTY = { disks: NONE, nics: NONE, vfbs: NONE, pci: NONE };

function sectionOf(layer: SectionEvent["layer"], text: string): SectionEvent {
  const body = new TextEncoder().encode(`${text}\0`);
  return { event: "section", layer, name: "config", byteOffset: 0, bytes: body.length, body };
}

function of(layer: SectionEvent["layer"], text: string): ConfigSummary | null {
  return summarizeConfig(sectionOf(layer, text));
}

const factsOf = (layer: SectionEvent["layer"], text: string) =>
  configFactsOf(sectionOf(layer, text));

const json = (config: unknown) => of("xl", JSON.stringify(config));
const domain = (inner: string) => of("libvirt", `<domain type='xen'>${inner}</domain>`);

describe("libxl's JSON in short", () => {
  it("tells the domain and its devices", () => {
    const summary = json({
      c_info: { type: "hvm", name: "web", uuid: "1-2" },
      b_info: {
        ...{ max_vcpus: 4, avail_vcpus: [0, 1], target_memkb: 512, max_memkb: 1024 },
        device_model_version: "qemu_xen_traditional",
      },
      disks: [
        { pdev_path: "/dev/vg/web", vdev: "xvda", format: "raw", readwrite: 1 },
        { pdev_path: "/cd.iso", vdev: "hdc", format: "raw", is_cdrom: 1 },
      ],
      nics: [{ mac: "00:16:3e:00:00:01", bridge: "br0", model: "e1000" }],
      vfbs: [{ vnc: { enable: "True", listen: "0.0.0.0" }, sdl: { enable: "False" } }],
      pcidevs: [{ func: 1, dev: 16, bus: 3, domain: 0 }],
    });
    expect(summary).toEqual({
      ...{ format: "xl-json", name: "web", uuid: "1-2", guest: "hvm" },
      deviceModel: "qemu-xen-traditional",
      ...{ vcpus: 2, maxVcpus: 4, memoryKiB: 512, maxMemoryKiB: 1024 },
      disks: { count: 2, shown: ["xvda raw /dev/vg/web", "hdc raw /cd.iso cdrom"] },
      nics: { count: 1, shown: ["00:16:3e:00:00:01 br0 e1000"] },
      vfbs: { count: 1, shown: ["vnc"] },
      pci: { count: 1, shown: ["0000:03:10.1"] },
    });
  });

  it("leaves out what is missing or of another type", () => {
    expect(json({})).toEqual({ format: "xl-json", ...EMPTY });
    const odd = { c_info: [], b_info: { max_vcpus: "2", max_memkb: -1, avail_vcpus: {} } };
    expect(json({ ...odd, disks: { length: 9 }, nics: "many" })).toEqual({
      format: "xl-json",
      ...EMPTY,
    });
    const devices = { disks: [null, 7, { vdev: {} }], pcidevs: [{ bus: "x" }, { dev: 2 ** 60 }] };
    expect(json(devices)).toMatchObject({
      disks: { count: 3, shown: ["", "", ""] },
      pci: { count: 2, shown: ["", ""] },
    });
  });

  it("is bounded, whatever the config holds", () => {
    const disks = Array.from({ length: 5000 }, () => ({ pdev_path: "x".repeat(5000) }));
    const summary = json({ c_info: { name: "n".repeat(1e6) }, disks });
    expect(summary?.disks.count).toBe(5000);
    expect(summary?.disks.shown.length).toBeLessThan(100);
    expect(JSON.stringify(summary).length).toBeLessThan(20_000);
  });

  it("is none of JSON that does not parse or nests without end", () => {
    expect(of("xl", '{"c_info":')).toBeNull();
    expect(of("xl", '{"a":'.repeat(100_000))).toBeNull();
    const deep = `{"c_info":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect([null, { format: "xl-json", ...EMPTY }]).toContainEqual(of("xl", deep));
  });
});

describe("libvirt's XML in short", () => {
  it("tells the domain and its devices", () => {
    const summary = domain(`
      <name>db &amp; more</name><uuid>1-2</uuid>
      <memory unit='GiB'>2</memory><currentMemory>1048576</currentMemory>
      <vcpu placement='static' current='1'>4</vcpu>
      <os><type arch='x86_64' machine='xenfv'>hvm</type></os>
      <devices>
        <disk type='file' device='disk'><driver name='qemu' type='raw'/>
          <source file='/img'/><target dev='xvda' bus='xen'/></disk>
        <interface type='bridge'><mac address='00:16:3e:00:00:01'/><source bridge='br0'/></interface>
        <graphics type='vnc' port='5900'/>
        <hostdev type='pci'><source><address domain='0x0000' bus='0x03' slot='0x10' function='1'/>
          </source></hostdev>
        <hostdev type='usb'><source><vendor id='1'/></source></hostdev>
      </devices>`);
    expect(summary).toEqual({
      ...{ format: "libvirt-xml", name: "db & more", uuid: "1-2", guest: "hvm" },
      machine: "xenfv",
      ...{ vcpus: 1, maxVcpus: 4, memoryKiB: 1_048_576, maxMemoryKiB: 2_097_152 },
      disks: { count: 1, shown: ["file disk raw /img xvda"] },
      nics: { count: 1, shown: ["bridge 00:16:3e:00:00:01 br0"] },
      vfbs: { count: 1, shown: ["vnc 5900"] },
      pci: { count: 1, shown: ["0000:03:10.1"] },
    });
  });

  it("counts an element by where it stands", () => {
    const metadata = "<metadata><domain><name>other</name><vcpu>9</vcpu></domain></metadata>";
    expect(domain(`${metadata}<name>own</name><disk/>`)).toEqual({
      format: "libvirt-xml",
      name: "own",
      ...EMPTY,
    });
  });

  it("leaves out numbers and units that are none", () => {
    const odd = "<memory unit='furlong'>1</memory><currentMemory>-1</currentMemory><vcpu>x</vcpu>";
    expect(domain(odd)).toEqual({ format: "libvirt-xml", ...EMPTY });
  });

  it("is none of XML that breaks off, and bounded where it nests or repeats", () => {
    expect(of("libvirt", "<domain><name>x</name>")).toBeNull();
    const deep = `${"<a>".repeat(50_000)}${"</a>".repeat(50_000)}`;
    expect(domain(`${deep}<name>x</name>`)).toMatchObject({ name: "x" });
    const many = domain(`<devices>${"<disk type='block'/>".repeat(50_000)}</devices>`);
    expect(many?.disks.count).toBe(50_000);
    expect(many?.disks.shown.length).toBeLessThan(100);
  });
});

describe("xl's text in short", () => {
  it("tells the domain and its devices", () => {
    const text = `# made by hand
      name = "old"
      uuid='1-2'
      builder = 'hvm'; vcpus = 1
      maxvcpus = 4
      memory = 512 # MiB
      maxmem = 1024
      disk = [ 'phy:/dev/vg/a,xvda,w', "file:/cd.iso,hdc:cdrom,r", ]
      vif = ['bridge=br0']
      pci = [
        '0000:03:10.1',
      ]
      device_model_version = "qemu-xen"
      boot = "dc"`;
    expect(of("xl", text)).toEqual({
      ...{ format: "xl-text", name: "old", uuid: "1-2", guest: "hvm" },
      deviceModel: "qemu-xen",
      ...{ vcpus: 1, maxVcpus: 4, memoryKiB: 524_288, maxMemoryKiB: 1_048_576 },
      disks: { count: 2, shown: ["phy:/dev/vg/a,xvda,w", "file:/cd.iso,hdc:cdrom,r"] },
      nics: { count: 1, shown: ["bridge=br0"] },
      vfbs: NONE,
      pci: { count: 1, shown: ["0000:03:10.1"] },
    });
  });

  it("takes a text without sense for an empty one, in time in proportion to it", () => {
    for (const text of ["", "= = =", "name", "]]]", '"'.repeat(200_001), "[".repeat(200_000)]) {
      expect(of("xl", text)).toEqual({ format: "xl-text", ...EMPTY });
    }
  });
});

describe("the facts of a config", () => {
  it("are those of the summary, with names as long as they are", () => {
    const name = "n".repeat(1000);
    const text = JSON.stringify({ c_info: { name }, b_info: { max_vcpus: 3 } });
    expect(factsOf("xl", text)).toEqual({ format: "xl-json", name, maxVcpus: 3 });
  });

  it("are found in XML that is not whole, before the break and behind it", () => {
    const start = "<domain type='xen'><name>x</name><memory>64</memory>";
    const vcpus = { name: "x", maxMemoryKiB: 64, maxVcpus: 4, vcpus: 4 };
    const os = "<os><type machine='xenfv'>hvm</type></os>";
    expect(factsOf("libvirt", `${start}<vcpu>4</vcpu>${os}`)).toMatchObject({
      ...vcpus,
      guest: "hvm",
      machine: "xenfv",
    });
    expect(factsOf("libvirt", `${start}<a b=c d><vcpu>4</vcpu>`)).not.toHaveProperty("vcpus");
    expect(factsOf("libvirt", `${start}<a b=c d></a><!-- -- --><vcpu>4</vcpu>`)).toMatchObject(
      vcpus,
    );
    expect(factsOf("libvirt", `${start}<vcpu>4`)).not.toHaveProperty("vcpus");
  });

  it("are searched for in bounded time where nothing is whole", () => {
    expect(factsOf("libvirt", "</a>".repeat(2_000_000))).toEqual({ format: "libvirt-xml" });
  }, 5000);

  it("are not taken from comments, metadata and other text", () => {
    const decoys = "<!-- <vcpu>1</vcpu> --><metadata><vcpu>2</vcpu></metadata>";
    const text = `<domain>${decoys}<title>&lt;vcpu>3</title><vcpu>8</vcpu></domain>`;
    expect(factsOf("libvirt", text)).toMatchObject({ maxVcpus: 8 });
  });

  it("of xl's text are completed as xl does it", () => {
    const told = factsOf("xl", "builder='hvm'\ntype='pvh'\nvcpus=2\nmemory=1");
    const memory = { memoryKiB: 1024, maxMemoryKiB: 1024 };
    expect(told).toEqual({ format: "xl-text", guest: "pvh", vcpus: 2, maxVcpus: 2, ...memory });
  });

  it("are found behind a list that is not closed", () => {
    const told = factsOf("xl", "disk = [ 'phy:/a,xvda,w',\nvcpus = 4\nname='n'");
    expect(told).toMatchObject({ maxVcpus: 4, name: "n" });
  });

  it("are told by a xend file that has a text, none by its S-expression", () => {
    expect(factsOf("xend", "name = 'old'\nvcpus = 2")).toMatchObject({ name: "old", maxVcpus: 2 });
    expect(factsOf("xend", "(domain (vcpus 2)\n vcpus = 3)")).toBeNull();
  });
});

describe("a section that is no config of these", () => {
  it("has no summary", () => {
    const body = ascii("(domain)\0");
    const event = { event: "section", byteOffset: 0, bytes: body.length } as const;
    expect(summarizeConfig({ ...event, layer: "xend", name: "config", body })).toBeNull();
    expect(summarizeConfig({ ...event, layer: "xl", name: "config", body: null })).toBeNull();
    expect(summarizeConfig({ ...event, layer: "xl", name: "metadata", body })).toBeNull();
  });
});
