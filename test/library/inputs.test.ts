import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/findings/index.js";
import { type FileResult, type ImageInput, inspect, restore, verify } from "../../src/index.js";
import {
  inspectFile,
  Platform,
  READING_DEFAULTS,
  restoreFile,
  verifyFile,
  wasmBytes,
} from "../../src/ops/index.js";
import { FIXTURE_VCPUS, fixture, MUTATED, mutated } from "../fixtures/load.js";
import { comparable, fileOf, INPUT_KINDS, type InputKind, temporaryFolder } from "./support.js";

const rejected = MUTATED.find(
  ({ restore: verdict, base, checkpointed }) =>
    verdict === "reject" && base === "hvm-tiny.xcs" && !checkpointed,
);
if (rejected === undefined) throw new Error("no mutation of hvm-tiny.xcs that is rejected");

const IMAGES: readonly { name: string; checkpointed: boolean; bytes: Uint8Array }[] = [
  { name: "hvm-tiny.xcs", checkpointed: false, bytes: fixture("hvm-tiny.xcs") },
  { name: "pv64-tiny.xcs", checkpointed: false, bytes: fixture("pv64-tiny.xcs") },
  { name: "hvm-remus-1.xcs", checkpointed: true, bytes: fixture("hvm-remus-1.xcs") },
  { name: "xl-hvm-tiny.xlsave", checkpointed: false, bytes: fixture("xl-hvm-tiny.xlsave") },
  { name: "legacy-hvm-32.legacy", checkpointed: false, bytes: fixture("legacy-hvm-32.legacy") },
  { name: "xenstore-v2-full.xss", checkpointed: false, bytes: fixture("xenstore-v2-full.xss") },
  { name: "hvm-tiny.xcs.gz", checkpointed: false, bytes: gzipSync(fixture("hvm-tiny.xcs")) },
  { name: rejected.name, checkpointed: false, bytes: mutated(rejected) },
  { name: "noise", checkpointed: false, bytes: new Uint8Array(5000).fill(0x5a) },
  { name: "nothing", checkpointed: false, bytes: new Uint8Array(0) },
];

const commands = {
  ...READING_DEFAULTS,
  vcpus: FIXTURE_VCPUS,
  engine: "wasm",
  limits: DEFAULT_LIMITS,
} as const;
const platform = new Platform({ wasmBytes });
const library = { vcpus: FIXTURE_VCPUS, maxMemoryBytes: DEFAULT_LIMITS.maxMemoryBytes };

/**
 * What is read once has no bytes to show around its findings; and where framing is lost, it is not
 * read to its end and does not tell its size.
 */
function expectSame(kind: InputKind, result: FileResult, told: FileResult): void {
  const expected = comparable(told);
  if (!kind.seekable) {
    expected.findings = told.findings.map(({ excerpt: _excerpt, ...finding }) => finding);
    if (result.verdict === "reject" && !("bytes" in result)) delete expected.bytes;
  }
  expect(comparable(result), kind.kind).toEqual(expected);
}

describe.each(IMAGES)("$name as every kind of input", ({ name, checkpointed, bytes }) => {
  let path = "";
  const inputs = (): [InputKind, ImageInput][] =>
    INPUT_KINDS.map((kind) => [kind, kind.make(path, bytes)]);

  beforeAll(async () => {
    path = fileOf(await temporaryFolder(), name.replaceAll("/", "_"), bytes);
  });

  it("is verified as the command verifies the file", async () => {
    const told = await verifyFile(platform, path, { ...commands, checkpointed });
    for (const [kind, input] of inputs()) {
      const result = await verify(input, { ...library, checkpointed, name: path });
      expectSame(kind, result, told);
    }
  });

  it("is inspected as the command inspects the file", async () => {
    const told = await inspectFile(platform, path, { ...commands, checkpointed });
    for (const [kind, input] of inputs()) {
      const result = await inspect(input, { ...library, checkpointed, name: path });
      expectSame(kind, result, told);
    }
  });

  it.each(["sha256", "xxh3"] as const)("is restored with the command's %s", async (digest) => {
    const memory = "auto";
    const told = await restoreFile(platform, path, { ...commands, checkpointed, memory, digest });
    for (const [kind, input] of inputs()) {
      const result = await restore(input, { ...library, checkpointed, digest, name: path });
      expectSame(kind, result, told);
    }
  });
});

describe("an input that can be read again", () => {
  it("gives the same digests indexed as resident, on either engine", async () => {
    const bytes = fixture("pv32-list.xcs");
    for (const { kind, seekable, make } of INPUT_KINDS) {
      if (!seekable || kind.includes("path") || kind.includes("URL")) continue;
      for (const engine of ["wasm", "reference"] as const) {
        for (const memory of ["indexed", "resident"] as const) {
          const options = { ...library, engine, memory, digest: "sha256" } as const;
          const result = await restore(make("", bytes), options);
          expect(result.memory, `${kind} ${engine} ${memory}`).toMatchObject({
            model: memory,
            streamSha256: "48763924e97a62459cb1e8c3a20a7995a6da3f849c12092532f4f59bee4e4f42",
            restoredSha256: "e2088f498919f75190e9bf8ae2db7be383225df770ff9a80bd0058ab61f900b6",
          });
        }
      }
    }
  });
});

describe("the name of a result", () => {
  it("is the path, the caller's own, or the kind of input", async () => {
    const bytes = fixture("hvm-tiny.xcs");
    expect((await verify(bytes)).file).toBe("(memory)");
    expect((await verify(new Blob([new Uint8Array(bytes)]))).file).toBe("(blob)");
    expect((await verify(new Blob([new Uint8Array(bytes)]).stream())).file).toBe("(stream)");
    expect((await verify(bytes, { name: "vm 7" })).file).toBe("vm 7");
  });
});
