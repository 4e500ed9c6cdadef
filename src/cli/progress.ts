/**
 * The progress line on standard error: how far, how fast, how long still. Drawn from inside the
 * work, as a synchronous read lets no timer in; cleared when the work is done. No signal handler is
 * set here: Ctrl-C stops at once where nothing is half-written; interruptible.ts is for the rest.
 */
import { SingleBar } from "cli-progress";
import type { ReadingHooks, ReadingProgress } from "../ops/index.js";
import { bytesText, cutMiddle, durationText, printable } from "../report/index.js";
import { DEFAULT_COLUMNS } from "./output.js";
import { factsOf, isUnicode } from "./terminal.js";

/** Work that is done within this time shows nothing. */
const QUIET_MS = 1000;
/** Less than this is not told apart. */
const LEAST_LEFT_MS = 1000;
const FRAMES_PER_SECOND = 10;
const BAR_CHARACTERS = 20;
/** A name is cut to no less, whatever the width of the terminal. */
const NAME_CHARACTERS = 12;

/** The line of a file, or of several that belong together: make it when the work begins, end it before anything else is printed. */
export class ProgressLine {
  /** For the operation that is watched. */
  readonly hooks: ReadingHooks = { onProgress: (progress) => this.#tick(progress) };
  readonly #name: string;
  readonly #unicode: boolean;
  readonly #openedMs = performance.now();
  #phase: ReadingProgress["phase"] = "read";
  #phaseMs = this.#openedMs;
  #bytes = 0;
  #bar: SingleBar | null = null;

  constructor(files: readonly string[]) {
    const names = files.map((file) => (file === "-" ? "standard input" : printable(file)));
    this.#name = names.join(" ");
    this.#unicode = isUnicode(factsOf("stderr"));
  }

  /** Clear the line, if it was ever drawn. */
  end(): void {
    this.#bar?.stop();
    this.#bar = null;
  }

  #tick(progress: ReadingProgress): void {
    const nowMs = performance.now();
    // The second of two inputs is read from its beginning.
    if (progress.phase !== this.#phase || progress.bytes < this.#bytes) {
      this.#phase = progress.phase;
      this.#phaseMs = nowMs;
    }
    this.#bytes = progress.bytes;
    if (nowMs - this.#openedMs < QUIET_MS) return;
    const { bytes } = progress;
    const total = progress.totalBytes ?? 0;
    const text = this.#text(progress, nowMs - this.#phaseMs);
    if (this.#bar === null) {
      this.#bar = this.#newBar();
      this.#bar.start(total, bytes, { text });
    } else {
      this.#bar.setTotal(total);
      this.#bar.update(bytes, { text });
    }
  }

  #newBar(): SingleBar {
    return new SingleBar({
      stream: process.stderr,
      format: (_options, _params, payload: { text: string }) => payload.text,
      fps: FRAMES_PER_SECOND,
      clearOnComplete: true,
      // Neither is switched off, for a process that is killed could not switch it on again.
      hideCursor: false,
      linewrap: true,
      gracefulExit: false,
      forceRedraw: true,
    });
  }

  /** One line: name, bar, share, rate, time left; without a total only what is known. */
  #text({ phase, bytes, totalBytes }: ReadingProgress, elapsedMs: number): string {
    const rate = elapsedMs > 0 ? (bytes * 1000) / elapsedMs : 0;
    const parts: string[] = [];
    if (totalBytes !== null && totalBytes > 0) {
      const share = Math.min(1, bytes / totalBytes);
      parts.push(this.#drawn(share), `${Math.floor(share * 100)} %`);
    } else {
      parts.push(bytesText(bytes));
    }
    if (rate > 0) {
      parts.push(`${bytesText(rate)}/s`);
      const leftMs = totalBytes === null ? null : ((totalBytes - bytes) * 1000) / rate;
      if (leftMs !== null) parts.push(`${durationText(Math.max(LEAST_LEFT_MS, leftMs))} left`);
    }
    const facts = ["", ...(phase === "read" ? [] : [phase]), ...parts].join("  ");
    const columns = (process.stderr.columns || DEFAULT_COLUMNS) - 1;
    const room = Math.max(NAME_CHARACTERS, columns - facts.length);
    return `${cutMiddle(this.#name, room)}${facts}`.slice(0, columns);
  }

  #drawn(share: number): string {
    const full = Math.round(share * BAR_CHARACTERS);
    const [done, open] = this.#unicode ? ["\u2588", "\u2591"] : ["#", "-"];
    return done.repeat(full) + open.repeat(BAR_CHARACTERS - full);
  }
}
