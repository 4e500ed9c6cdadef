/**
 * The report files of a command that judges images: which are asked for, whether they can be, and
 * writing them once all is done. What stands in them is report/files; loaded only if one is wanted.
 */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UsageError } from "../findings/index.js";
import {
  followed,
  identitiesOf,
  isFilePath,
  OutcomeSpool,
  outputError,
  STANDARD_OUTPUT,
  writeOutput,
} from "../ops/index.js";
import {
  htmlReport,
  type ImageOutcome,
  junitReport,
  prometheusReport,
  type ReportFormat,
  type ReportHead,
  reportText,
  sarifReport,
  stateOf,
} from "../report/files/index.js";
import { EXIT_ACCEPTED, exitCodeOf } from "./exit-codes.js";
import { GithubStep } from "./github.js";
import { interruptible } from "./interruptible.js";
import type { ReportFlags } from "./options.js";
import { printError } from "./output.js";

/** Each flag that names a file, with what it writes. */
const FORMATS = {
  junit: junitReport,
  sarif: sarifReport,
  html: htmlReport,
  prometheus: prometheusReport,
} as const satisfies Readonly<Partial<Record<keyof ReportFlags, ReportFormat>>>;

/** A file that was asked for. */
interface Wanted {
  readonly option: string;
  readonly path: string;
  readonly format: ReportFormat;
}

/** Writes what the flags ask for. Made before the work, which a bad flag then does not cost. */
export class ReportFiles {
  readonly #wanted: readonly Wanted[];
  readonly #github: GithubStep | null;
  readonly #states = { accept: 0, reject: 0, error: 0 };
  #spool: OutcomeSpool | null = null;

  /**
   * @param json  standard output is taken by the JSON document
   * @throws {UsageError} two reports, or a report and the document, would go to one place
   * @throws {InputError} code "output": there is no place for one
   */
  constructor(flags: ReportFlags, json: boolean) {
    this.#wanted = wantedBy(flags);
    const places = new Set<string>(json ? [STANDARD_OUTPUT] : []);
    for (const { option, path } of this.#wanted) {
      const place = path === STANDARD_OUTPUT ? path : placeOf(path);
      if (places.has(place)) {
        const what = path === STANDARD_OUTPUT ? "standard output" : path;
        throw new UsageError(`${what} would be written to twice`, {
          option,
          allowed: "a path of its own",
        });
      }
      places.add(place);
    }
    this.#github = flags.github ? new GithubStep(places.has(STANDARD_OUTPUT)) : null;
  }

  /** Whether a report takes standard output, so that nothing else may be written there. */
  get takesStdout(): boolean {
    return this.#wanted.some(({ path }) => path === STANDARD_OUTPUT);
  }

  /**
   * Refuse reports that would replace one of these files, by whatever name.
   *
   * @param kind  what they are, for the message
   * @throws {UsageError}
   */
  spare(kept: Iterable<string>, kind: "image" | "journal" = "image"): void {
    const files = this.#wanted.filter(({ path }) => path !== STANDARD_OUTPUT);
    const taken = new Map(
      files.flatMap((wanted) => identitiesOf(wanted.path).map((id) => [id, wanted])),
    );
    if (taken.size === 0) return;
    for (const file of kept) {
      const wanted = identitiesOf(file)
        .map((id) => taken.get(id))
        .find((hit) => hit !== undefined);
      if (wanted === undefined) continue;
      throw new UsageError(
        `the report ${wanted.path} would replace ${kind === "image" ? "an image" : "the journal"}`,
        {
          option: wanted.option,
          allowed: `a path that is no ${kind}`,
        },
      );
    }
  }

  /**
   * To be called before the work, and before anything is printed.
   *
   * @throws {InputError} code "output", as take(): there is no place to keep results
   */
  begin(): void {
    this.#spool = new OutcomeSpool();
    this.#github?.begin();
  }

  /**
   * Keep what came of an image until write(), once for each; in any order, `index` is its place in
   * the input.
   */
  take(index: number, outcome: ImageOutcome): void {
    this.#spool?.put(index, outcome);
    this.#states[stateOf(outcome)] += 1;
  }

  /**
   * Write all of them; one that cannot be written is told of and does not keep the others back.
   *
   * @returns the exit code that the writing asks for
   */
  write(batch: Omit<ReportHead, "states">): Promise<number> {
    const head = { ...batch, states: this.#states };
    const outcomes = () => this.#spool?.outcomes() ?? [];
    const files = this.#wanted.map(
      ({ path, format }) =>
        () =>
          writeReport(path, reportText(format, head, outcomes())),
    );
    const all = [...files, () => this.#github?.end(head, outcomes)];
    return interruptible(async () => {
      let code: number = EXIT_ACCEPTED;
      for (const write of all) {
        try {
          write();
        } catch (error) {
          printError(error);
          code = Math.max(code, exitCodeOf(error));
        }
      }
      return code;
    });
  }

  /** Forget what was kept. */
  close(): void {
    this.#spool?.close();
    this.#spool = null;
  }
}

function wantedBy(flags: ReportFlags): Wanted[] {
  const names = Object.keys(FORMATS) as (keyof typeof FORMATS)[];
  return names.flatMap((name) => {
    const path = flags[name];
    return path === undefined ? [] : [{ option: `--${name}`, path, format: FORMATS[name] }];
  });
}

/**
 * The file that is to be written. That there is no folder for it is told before the work: it would
 * be for nothing.
 *
 * @throws {InputError} code "output"
 */
function placeOf(path: string): string {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error("it is a folder");
    const place = resolve(followed(path));
    if (isFilePath(path)) accessSync(dirname(place), constants.W_OK | constants.X_OK);
    return place;
  } catch (cause) {
    throw outputError(path, cause);
  }
}

function writeReport(path: string, pieces: Iterable<string>): void {
  writeOutput(path, (output) => {
    for (const piece of pieces) output.write(Buffer.from(piece, "utf8"));
  });
}
