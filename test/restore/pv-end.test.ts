/** What a PV stream is judged by once it is over: the p2m as a whole, the last record of a vcpu. */
import { describe, expect, it } from "vitest";
import { driveSync } from "../../src/input/index.js";
import { concat, u32le, zeros } from "../builders/bytes.js";
import { msrPolicy, p2mFrames, REC, staticDataEnd, vcpuRecord } from "../builders/libxc.js";
import { insertBefore, join, libxcRecord, type Part, without } from "../builders/parts.js";
import { extendedBlob, pvStream, simplePlan } from "../builders/pv.js";
import { ENGINES, runBytes } from "../harness.js";

const PLAN = simplePlan(8);
const STREAM = pvStream(PLAN);
const [P2M_PFN = 0] = PLAN.p2m.map(Number);
/** Entries of a p2m page of a 64-bit guest. */
const PER_PAGE = 512;

/** The sound stream with these P2M_FRAMES in place of its own. */
function withFrames(...frames: readonly Part[]): Uint8Array {
  const parts = STREAM.flatMap((part) => (part.type === REC.X86_PV_P2M_FRAMES ? frames : [part]));
  return join(parts);
}

describe("the p2m at the end", () => {
  const upper = p2mFrames(PER_PAGE, 2 * PER_PAGE - 1, [P2M_PFN]);

  it("has a frame for each of its pages, LC-PV-25", () => {
    const { errors, findings } = runBytes(withFrames(upper), { vcpus: 1 });
    expect(errors).toEqual(["LC-PV-25"]);
    expect(findings.find(({ rule }) => rule === "LC-PV-25")?.actual).toBe("none for p2m page 0");
  });

  it("may have them from several records, in any order", () => {
    const lower = p2mFrames(0, PER_PAGE - 1, [P2M_PFN]);
    expect(runBytes(withFrames(upper, lower), { vcpus: 1 }).errors).toEqual([]);
  });

  it.each(ENGINES)("may name one page many thousand times: its last table stays, %s", (engine) => {
    const pages = 20_000;
    const frames = p2mFrames(0, PER_PAGE * pages - 1, Array(pages).fill(P2M_PFN));
    const { errors, image, source } = runBytes(withFrames(frames), { engine, vcpus: 1 });
    expect(errors).toEqual([]);
    const page = driveSync(image.restorer.guest?.readPage(P2M_PFN, "restored") ?? fail(), source);
    expect(page.every((byte) => byte === 0xff)).toBe(true);
  });
});

function fail(): never {
  throw new Error("there is a guest");
}

describe("X86_PV_VCPU_EXTENDED with an inner size below 32, LC-PV-15", () => {
  const early = vcpuRecord(REC.X86_PV_VCPU_EXTENDED, 0, concat(u32le(0), u32le(31), zeros(56)));
  const good = vcpuRecord(REC.X86_PV_VCPU_EXTENDED, 0, extendedBlob(0));
  const judged = (...records: readonly Part[]) => {
    const parts = without(STREAM, REC.X86_PV_VCPU_EXTENDED);
    return runBytes(join(insertBefore(parts, REC.END, ...records)), { vcpus: 1 }).errors;
  };

  it("refuses where it is the vcpu's last", () => {
    expect(judged(early)).toEqual(["LC-PV-15"]);
    expect(judged(good, early)).toEqual(["LC-PV-15"]);
  });

  it("is never seen by the hypervisor where a later one replaces it", () => {
    expect(judged(early, good)).toEqual([]);
  });

  it("keeps its limits of length, which are asked on arrival", () => {
    const long = vcpuRecord(REC.X86_PV_VCPU_EXTENDED, 0, zeros(129));
    expect(judged(long, good)).toEqual(["LC-PV-15"]);
  });
});

describe("vcpu ids where nobody tells how many vcpus there are", () => {
  it("may be as many as a stream has room for", () => {
    const count = 150_000;
    const recordBytes = 32;
    const bytes = new Uint8Array(count * recordBytes);
    const view = new DataView(bytes.buffer);
    for (let id = 0; id < count; id += 1) {
      const words = [REC.X86_PV_VCPU_MSRS, 24, id, 0, 0x48];
      words.forEach((word, i) => {
        view.setUint32(id * recordBytes + i * 4, word, true);
      });
    }
    const parts = insertBefore(STREAM, REC.END, { layer: "libxc", type: null, bytes });
    const { errors, findings } = runBytes(join(parts), { vcpus: null });
    expect(errors).toEqual([]);
    const assumed = findings.find(({ rule }) => rule === "LC-PV-14");
    expect(assumed?.message).toContain(`${count} are taken`);
  });
});

describe("a CHECKPOINT inside the static part, LC-CP-2", () => {
  const parts = [
    ...STREAM.slice(
      0,
      STREAM.findIndex(({ type }) => type === REC.STATIC_DATA_END),
    ),
    libxcRecord(REC.CHECKPOINT),
  ];
  const rest = STREAM.slice(parts.length);
  const rules = (...static_: readonly Part[]) => {
    const bytes = join([...parts, ...static_, ...rest.slice(0, -1), libxcRecord(REC.CHECKPOINT)]);
    const ran = runBytes(bytes, { checkpointed: true, vcpus: 1, profile: "strict" });
    const late = ran.findings.filter(({ rule }) => rule === "LC-CP-2");
    return late.map(({ recordType }) => recordType);
  };

  it("leaves policies and STATIC_DATA_END to a later epoch", () => {
    expect(rules(msrPolicy([[0xce, 0n]]), staticDataEnd())).toEqual([
      "X86_MSR_POLICY",
      "STATIC_DATA_END",
      "X86_PV_P2M_FRAMES",
    ]);
  });
});
