/** The command `bench`: one run through ops/bench, a table or a document. */
import type { BenchDocument } from "../findings/index.js";
import { BENCH_DEFAULTS, type BenchOptions, bench, wasmBytes } from "../ops/index.js";
import { renderBench } from "../report/index.js";
import { EXIT_ACCEPTED } from "./exit-codes.js";
import { interruptible } from "./interruptible.js";
import type { SharedOptions } from "./options.js";
import { writeJson, writeOut } from "./output.js";
import { limitsOf, TOOL } from "./reading.js";

/** What the command's options parse to. */
export interface BenchFlags
  extends Pick<SharedOptions, "json" | "quiet" | "progress" | "maxMemory"> {
  readonly size?: number;
  readonly rounds?: number;
}

/** Returns the exit code. */
export async function benchCommand(file: string | undefined, flags: BenchFlags): Promise<number> {
  return interruptible(async (signal) => {
    const result = await bench(
      { wasmBytes },
      {
        path: file ?? null,
        sizeBytes: flags.size ?? BENCH_DEFAULTS.sizeBytes,
        rounds: flags.rounds ?? BENCH_DEFAULTS.rounds,
        limits: limitsOf(flags),
        signal,
        ...stagesOf(flags),
      },
    );
    const document: BenchDocument = { v: 1, command: "bench", tool: TOOL, ...result };
    if (flags.json) writeJson(document);
    else if (!flags.quiet) writeOut(renderBench(result));
    return EXIT_ACCEPTED;
  });
}

/** What it is at, on a terminal; each stage is a line of its own, for they are few. */
function stagesOf(flags: BenchFlags): Pick<BenchOptions, "onStage"> {
  if (!flags.progress || flags.quiet || !process.stderr.isTTY) return {};
  const texts = { generate: "making an image", check: "checking that outputs are equal" } as const;
  return {
    onStage: (stage) => {
      const text = typeof stage === "number" ? roundText(stage) : texts[stage];
      process.stderr.write(`xenstream: ${text}\n`);
    },
  };
}

function roundText(round: number): string {
  return round === 0 ? "warming up" : `round ${round}`;
}
