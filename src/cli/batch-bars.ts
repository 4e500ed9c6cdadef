/**
 * The progress of a batch on a terminal: a line for each image at work and one for all. Loaded with
 * the library that draws it, only where somebody would see it.
 */

import { MultiBar } from "cli-progress";
import { shownName } from "../ops/index.js";
import { bytesText, cutMiddle, printable } from "../report/index.js";
import { BAR_OPTIONS } from "./bar-options.js";
import { type BatchCount, ShownProgress } from "./batch-count.js";
import { DEFAULT_COLUMNS } from "./output.js";

/** A batch that is done within this time shows nothing. */
const QUIET_MS = 1000;
/** A line for each worker would fill the screen beyond this. */
const MAX_LINES = 16;
const NAME_CHARACTERS = 12;

const OPTIONS: ConstructorParameters<typeof MultiBar>[0] = {
  format: (_options, _params, payload: { text: () => string }) => payload.text(),
  ...BAR_OPTIONS,
};

/** Lines that are drawn again and again. */
export class BarProgress extends ShownProgress {
  readonly #timer: NodeJS.Timeout;
  #bars: MultiBar | null = null;

  constructor(count: BatchCount, workerCount: number) {
    super(count);
    const lineCount = Math.min(workerCount, MAX_LINES);
    this.#timer = setTimeout(() => this.#show(lineCount), QUIET_MS);
    this.#timer.unref();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#bars?.stop();
    this.#bars = null;
  }

  #show(lineCount: number): void {
    const bars = new MultiBar({ ...OPTIONS, stream: process.stderr });
    for (let line = 0; line < lineCount; line += 1) {
      bars.create(1, 0, { text: () => cutTo(this.#lineOf(line)) });
    }
    bars.create(1, 0, { text: () => cutTo(this.count.text()) });
    this.#bars = bars;
  }

  /** `vm.save  34 %  1.2 GiB`; empty where nothing is at work. */
  #lineOf(line: number): string {
    const active = [...this.count.active.values()][line];
    if (active === undefined) return "";
    const { job, bytes, totalBytes, share } = active;
    // Of the whole job: that of a pass would go back to nothing when the next one begins.
    const percent = totalBytes ? `  ${Math.floor(share * 100)} %` : "";
    const facts = `${percent}  ${bytesText(job.bytes ?? bytes)}`;
    const room = Math.max(NAME_CHARACTERS, columns() - 1 - facts.length);
    return `${cutMiddle(printable(shownName(job.file)), room)}${facts}`;
  }
}

function columns(): number {
  return process.stderr.columns || DEFAULT_COLUMNS;
}

function cutTo(text: string): string {
  return text.slice(0, columns() - 1);
}
