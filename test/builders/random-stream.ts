/**
 * Random sound streams from a seed: HVM and PV, versions 2 and 3, plain and checkpointed, bare or
 * in libxl and xl containers. Small (2 to 64 pages and a little) and fast, for differential
 * campaigns. Each says beside its bytes how it is to be read and what stream memory it leaves.
 * Source: libxc-stream sections 8 to 10, libxl-stream sections 4, 6 and 7.
 */
import { DOMAIN_HVM, DOMAIN_PV, end, type HvmParam, headers, staticDataEnd } from "./libxc.js";
import {
  checkpointEnd,
  emulatorContext,
  emulatorXenstore,
  libxcContext,
  libxlEnd,
  libxlHeader,
  PHYSMAP,
  xlHeader,
} from "./libxl.js";
import { join, type Part } from "./parts.js";
import { Prng } from "./prng.js";
import {
  randomEnding,
  randomOptional,
  randomParams,
  randomPass,
  randomPfns,
  randomPolicies,
  randomTsc,
  sendAgain,
  sendBatches,
} from "./random-hvm.js";
import {
  firstPvPass,
  lastCopies,
  laterPvPass,
  pvFrames,
  pvStatic,
  randomPvEnding,
  randomPvGuest,
  randomVcpus,
} from "./random-pv.js";
import { few, Script } from "./script.js";

/** A sound stream, how it is to be read, and what it should leave in memory. */
export interface RandomStream {
  readonly seed: number;
  readonly parts: readonly Part[];
  readonly bytes: Uint8Array;
  readonly guest: "hvm" | "pv";
  readonly container: "libxc" | "libxl" | "xl";
  /** To be told to the reader; a checkpointed stream inside libxl need not be. */
  readonly checkpointed: boolean;
  /** To be told to the reader; undefined: nobody knows. */
  readonly vcpus: number | undefined;
  /** Stream memory that a restorer should end with. */
  readonly intended: ReadonlyMap<number, Uint8Array>;
  /** False where a VERIFY pass may differ from what was sent before: strict refuses that. */
  readonly isStrictClean: boolean;
}

/** The random choices that shape a stream as a whole. */
interface Shape {
  readonly guest: "hvm" | "pv";
  readonly version: 2 | 3;
  readonly container: "libxc" | "libxl" | "xl";
  /** Committed checkpoints; 0 for a plain stream. */
  readonly checkpoints: number;
  readonly hasVerify: boolean;
}

/** The guest's side of a stream: what to write at which point of a save. */
interface Actor {
  /** X86_PV_INFO or nothing. */
  readonly staticParts: readonly Part[];
  /** X86_PV_P2M_FRAMES or nothing. */
  readonly frames: readonly Part[];
  firstPass(): void;
  laterPass(): void;
  verifyPass(): void;
  ending(): Part[];
}

function randomShape(prng: Prng): Shape {
  const checkpoints = prng.chance(25) ? few(prng, 3) : 0;
  return {
    guest: prng.chance(65) ? "hvm" : "pv",
    version: prng.chance(75) ? 3 : 2,
    container: prng.pick(["libxc", "libxc", "libxl", "xl"]),
    checkpoints,
    hasVerify: checkpoints === 0 && prng.chance(15),
  };
}

function hvmActor(prng: Prng, script: Script): Actor {
  const pfns = randomPfns(prng);
  const params: HvmParam[] = prng.chance(85) ? randomParams(prng, pfns) : [];
  return {
    staticParts: [],
    frames: [],
    firstPass: () => sendBatches(prng, script, randomPass(prng, pfns, prng.pick([100, 100, 60]))),
    laterPass: () => sendBatches(prng, script, randomPass(prng, pfns, 20)),
    verifyPass: () => sendAgain(prng, script, true),
    ending: () => randomEnding(prng, params),
  };
}

function pvActor(prng: Prng, script: Script, vcpus: readonly number[]): Actor {
  const guest = randomPvGuest(prng);
  const first = firstPvPass(prng, guest);
  const sent = [...first];
  return {
    staticParts: [pvStatic(guest)],
    frames: pvFrames(prng, guest),
    firstPass: () => sendBatches(prng, script, first),
    laterPass: () => {
      const entries = laterPvPass(prng, guest, first);
      sent.push(...entries);
      sendBatches(prng, script, entries);
    },
    verifyPass: () => {
      script.verify();
      sendBatches(prng, script, lastCopies(sent));
    },
    ending: () => [randomTsc(prng), ...randomPvEnding(prng, guest, vcpus)],
  };
}

/** Headers and the static part. */
function writeStart(prng: Prng, script: Script, shape: Shape, actor: Actor): void {
  const isV3 = shape.version === 3;
  const type = shape.guest === "hvm" ? DOMAIN_HVM : DOMAIN_PV;
  script.add(headers({ version: shape.version, type, xenMinor: isV3 ? 22 : 6 }));
  script.add(...actor.staticParts);
  if (isV3) script.add(...randomPolicies(prng), staticDataEnd());
  script.add(...actor.frames);
}

/** Everything of a plain save up to END. */
function writePlain(prng: Prng, script: Script, shape: Shape, actor: Actor): void {
  actor.firstPass();
  for (let pass = prng.pick([0, 0, 1, 3]); pass > 0; pass -= 1) actor.laterPass();
  if (shape.hasVerify) actor.verifyPass();
  if (prng.chance(10)) script.add(randomOptional(prng));
  script.add(...actor.ending(), end());
}

/** A part cut short, as a connection that breaks off leaves it. */
function cutShort(prng: Prng, part: Part): Part {
  return { ...part, type: null, bytes: part.bytes.subarray(0, prng.below(part.bytes.length)) };
}

/**
 * The epochs of a checkpointed save, and the way it ends: cleanly by END, or broken off anywhere in
 * an epoch that is then never committed.
 */
function writeEpochs(
  prng: Prng,
  script: Script,
  shape: Shape,
  actor: Actor,
  emulator: () => Part[],
): void {
  const between = (): Part[] =>
    shape.container === "libxc" ? [] : [...emulator(), checkpointEnd()];
  actor.firstPass();
  for (let epoch = 0; epoch < shape.checkpoints; epoch += 1) {
    if (epoch > 0 || prng.chance(30)) actor.laterPass();
    script.add(...actor.ending());
    script.checkpoint(between());
  }
  const lost = prng.below(4);
  if (lost > 0) actor.laterPass();
  if (lost === 1) script.add(end());
  if (lost === 2) script.add(cutShort(prng, prng.pick(actor.ending())));
  if (lost === 3 && shape.container !== "libxc") {
    const records = between();
    const cutAt = prng.below(records.length);
    script.add(...actor.ending());
    // A checkpoint whose libxl part is not whole was never confirmed.
    script.add(UNCONFIRMED, ...records.slice(0, cutAt), cutShort(prng, records[cutAt] as Part));
  }
}

/** A CHECKPOINT that the script does not count as one. */
const UNCONFIRMED: Part = {
  layer: "libxc",
  type: 0x0e,
  bytes: Uint8Array.of(14, 0, 0, 0, 0, 0, 0, 0),
};

/** The emulator's records behind an HVM stream or checkpoint; PV guests have none. */
function randomEmulator(prng: Prng, shape: Shape): Part[] {
  if (shape.guest === "pv") return [];
  const parts = prng.chance(50) ? [emulatorXenstore(PHYSMAP.slice(0, prng.below(4)))] : [];
  return prng.chance(95) ? [...parts, emulatorContext()] : parts;
}

function randomXlHeader(prng: Prng, shape: Shape, vcpus: number): Part {
  const config = `{"c_info":{"type":"${shape.guest}"},"b_info":{"max_vcpus":${vcpus}}}\0`;
  const kind = prng.below(100);
  if (kind < 10) return xlHeader({ config: null });
  if (kind < 20) return xlHeader({ config: `vcpus=${vcpus}`, mandatoryFlags: 2 });
  return xlHeader(kind < 30 ? { config, rest: prng.bytes(prng.below(9)) } : { config });
}

/** A sound stream; the same seed gives the same bytes. */
export function randomStream(seed: number): RandomStream {
  const prng = new Prng(seed);
  const shape = randomShape(prng);
  const script = new Script(shape.guest);
  const online = randomVcpus(prng);
  const vcpuCount = (online.at(-1) ?? 0) + 1 + prng.below(2);
  const isBare = shape.container === "libxc";
  if (shape.container === "xl") script.add(randomXlHeader(prng, shape, vcpuCount));
  if (!isBare) script.add(libxlHeader(), libxcContext());
  const actor = shape.guest === "hvm" ? hvmActor(prng, script) : pvActor(prng, script, online);
  writeStart(prng, script, shape, actor);
  const emulator = (): Part[] => randomEmulator(prng, shape);
  if (shape.checkpoints > 0) writeEpochs(prng, script, shape, actor, emulator);
  else writePlain(prng, script, shape, actor);
  if (!isBare && shape.checkpoints === 0) script.add(...emulator(), libxlEnd());
  return {
    seed,
    parts: script.parts,
    bytes: join(script.parts),
    guest: shape.guest,
    container: shape.container,
    checkpointed: shape.checkpoints > 0 && (isBare || prng.chance(50)),
    // A config that tells the vcpus and an option that tells others would contradict each other.
    vcpus: shape.container === "xl" || prng.chance(50) ? vcpuCount : undefined,
    intended: script.intended,
    isStrictClean: !shape.hasVerify,
  };
}
