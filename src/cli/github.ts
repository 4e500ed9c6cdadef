/**
 * Talking to GitHub Actions: annotations on a stream that its runner reads, and the file that it
 * shows as the step's summary. What is said is report/files. The documentation names standard
 * output for commands; the runner looks for them on standard error as well, where they go when
 * standard output is a document.
 */
import { appendFileSync, statSync } from "node:fs";
import { InputError } from "../findings/index.js";
import {
  GITHUB_SUMMARY_BYTES,
  githubAnnotations,
  githubSummary,
  type ImageOutcome,
  type ReportHead,
  reportText,
} from "../report/files/index.js";
import { writeErr, writeOut } from "./output.js";

/** One step of a workflow. */
export class GithubStep {
  readonly #say: (text: string) => void;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #token: string | null = null;

  /** @param stdoutTaken  standard output is a document */
  constructor(stdoutTaken: boolean, env = process.env) {
    this.#say = stdoutTaken ? writeErr : writeOut;
    this.#env = env;
  }

  /** Have the runner obey nothing that is printed: names and findings are not to be trusted. */
  begin(): void {
    if (this.#env.GITHUB_ACTIONS !== "true") return;
    this.#token = crypto.randomUUID();
    this.#say(`::stop-commands::${this.#token}\n`);
  }

  /**
   * Annotations, then the summary where GitHub asks for one.
   *
   * @throws {InputError} code "output": the summary cannot be written
   */
  end(head: ReportHead, outcomes: () => Iterable<ImageOutcome>): void {
    if (this.#token !== null) this.#say(`::${this.#token}::\n`);
    this.#token = null;
    for (const piece of reportText(githubAnnotations, head, outcomes())) this.#say(piece);
    const path = this.#env.GITHUB_STEP_SUMMARY;
    if (path === undefined || path === "") return;
    try {
      const used = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      const format = githubSummary(GITHUB_SUMMARY_BYTES - used);
      appendFileSync(path, [...reportText(format, head, outcomes())].join(""));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InputError(`cannot write the step's summary: ${reason}`, {
        code: "output",
        source: path,
        cause,
      });
    }
  }
}
