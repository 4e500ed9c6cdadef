/**
 * The typed errors: thrown when work cannot go on. A breach of a rule in an image is a finding, not
 * an error, as long as framing survives. Match on `code`; message text may change.
 */
import type { Fault } from "./finding.js";

/** Base of every error that xenstream throws on purpose. */
export abstract class XenstreamError extends Error {
  /** Stable, for programs. */
  abstract readonly code: string;
  /** Whose fault: decides the exit code. */
  abstract readonly exitCode: 1 | 2 | 3;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The image's fault: its framing is lost and nothing behind this point can be read. */
export class StreamError extends XenstreamError {
  readonly exitCode = 1;
  readonly code = "stream-broken";
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`${fault.rule} at byte ${fault.byteOffset}: ${fault.message ?? "framing is lost"}`);
    this.fault = fault;
  }
}

/** The fault of a disk, pipe or codec: bytes could not be had. */
export class InputError extends XenstreamError {
  readonly exitCode = 2;
  readonly code: string;
  readonly source: string;
  readonly byteOffset: number | undefined;

  constructor(
    message: string,
    options: { code: string; source: string; byteOffset?: number; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.source = options.source;
    this.byteOffset = options.byteOffset;
  }
}

/** The caller's fault: an option or argument that cannot be. */
export class UsageError extends XenstreamError {
  readonly exitCode = 2;
  readonly code = "usage";
  readonly option: string;
  readonly allowed: string | undefined;

  constructor(message: string, options: { option: string; allowed?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.option = options.option;
    this.allowed = options.allowed;
  }
}

/** A limit of ours is in the way; `option` names what raises it. */
export class CapacityError extends XenstreamError {
  readonly exitCode = 2;
  readonly code = "capacity";
  readonly limit: string;
  readonly asked: number;
  readonly option: string;

  constructor(message: string, options: { limit: string; asked: number; option: string }) {
    super(message);
    this.limit = options.limit;
    this.asked = options.asked;
    this.option = options.option;
  }
}

/** Our own fault: an invariant does not hold. Asks for a report. */
export class InternalError extends XenstreamError {
  readonly exitCode = 3;
  readonly code: string;
  readonly invariant: string;

  constructor(invariant: string, options?: { code?: string; cause?: unknown }) {
    super(`internal error: ${invariant} (please report this)`, { cause: options?.cause });
    this.code = options?.code ?? "invariant";
    this.invariant = invariant;
  }
}
