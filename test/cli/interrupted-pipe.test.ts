/**
 * A command that waits for a pipe, and is told to end: it does so at once, with its exit code, and
 * leaves no output. What has nothing to clean up is ended by the signal itself. Run as a user does.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, writeSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { smallImage, temporaryFolder } from "./image.js";
import { COMMAND, plainEnvironment } from "./run.js";

const folder = temporaryFolder();
afterAll(() => folder.remove());
const image = smallImage();
const good = folder.write("good.xcs", image);
const fifo = folder.path("fifo");
spawnSync("mkfifo", [fifo]);
const out = folder.path("out");
/** Of the input that is there; the rest never comes. */
const PRESENT_BYTES = Math.floor(image.length / 2);
/** So long a command may take to end; it hung, else. */
const PATIENCE_MS = 1000;
/** By then a command waits for its input. */
const START_MS = 1500;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly tookMs: number;
}

/** Run a command until it waits, then send the signal. */
async function interrupted(
  args: readonly string[],
  signal: NodeJS.Signals,
  input: Uint8Array | "none",
): Promise<Ended> {
  const env = plainEnvironment();
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env,
    stdio: [input === "none" ? "ignore" : "pipe", "ignore", "ignore"],
  });
  if (input !== "none") child.stdin?.write(input);
  const ended = new Promise<Omit<Ended, "tookMs">>((resolve) =>
    child.once("exit", (code, by) => resolve({ code, signal: by })),
  );
  await new Promise((resolve) => setTimeout(resolve, START_MS));
  const startMs = performance.now();
  child.kill(signal);
  const force = setTimeout(() => child.kill("SIGKILL"), 4 * PATIENCE_MS);
  const { code, signal: by } = await ended;
  clearTimeout(force);
  return { code, signal: by, tookMs: performance.now() - startMs };
}

const COMMANDS = [
  ["convert", "--to", "libxl", "-o", out],
  ["extract", "-o", out],
  ["manifest", "-o", out],
  ["diff", good],
] as const;
const present = image.subarray(0, PRESENT_BYTES);

describe.skipIf(process.platform !== "linux")("a command that waits for a pipe", () => {
  it.each(
    COMMANDS.flatMap((args) => [
      [args[0], [...args, "-"], "SIGINT", 130, present] as const,
      [args[0], [...args, fifo], "SIGTERM", 143, "none"] as const,
    ]),
  )("%s ends at once: %s by %s with %i", async (_, args, signal, code, input) => {
    const ended = await interrupted(args, signal, input);
    expect(ended).toEqual({ code, signal: null, tookMs: expect.any(Number) });
    expect(ended.tookMs).toBeLessThan(PATIENCE_MS);
    expect(readdirSync(folder.path("."))).not.toContainEqual(expect.stringContaining("out"));
  });

  it.each(["verify", "inspect", "restore"])("%s is ended by the signal", async (command) => {
    const ended = await interrupted([command, "-"], "SIGTERM", present);
    expect(ended).toMatchObject({ code: null, signal: "SIGTERM" });
    expect(ended.tookMs).toBeLessThan(PATIENCE_MS);
  });

  it.each(["without a writer", "in the midst of an image"])(
    "batch ends at once, %s",
    async (when) => {
      // To open both ends does not wait here.
      const fd = when === "without a writer" ? null : openSync(fifo, "r+");
      if (fd !== null) writeSync(fd, present);
      try {
        const ended = await interrupted(["batch", "verify", good, fifo], "SIGINT", "none");
        expect(ended).toMatchObject({ code: 130, signal: null });
        expect(ended.tookMs).toBeLessThan(PATIENCE_MS);
      } finally {
        if (fd !== null) closeSync(fd);
      }
    },
  );
});
