/**
 * What reaches remote objects (http.ts, s3.ts) and what reads them (remote-object.ts) say to each
 * other: one request for a range, its answer, and the two ways in which it fails.
 */
import type { InputError } from "../../findings/index.js";
import { errnoOf } from "../fd.js";
import { type InputErrorCode, inputError } from "../source.js";

/** What an answer tells of the whole object. Two answers that differ are of two objects. */
export interface ObjectFacts {
  /** Null where the server does not tell. */
  readonly sizeBytes: number | null;
  /** As the server wrote it, `W/` included; null if it gave none. */
  readonly etag: string | null;
  /** As the server wrote it; null if it gave none. */
  readonly lastModified: string | null;
  /** Content coding of the stored bytes, which are read as they are stored. */
  readonly encoding: string | null;
}

/** Bytes of the object that are asked for. */
export interface ByteRange {
  readonly byteOffset: number;
  /** At least 1; may go past the end of the object. */
  readonly bytes: number;
}

/** The beginning of an answer; its bytes are still to come. */
export interface Answer {
  readonly facts: ObjectFacts;
  /** The range that it holds; null for the whole object, from a server that gives no ranges. */
  readonly range: ByteRange | null;
  /** The bytes as stored. Chunks may be kept. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Done with the body; `whole` if all of it was taken, so that its connection may serve again. */
  end(whole: boolean): void;
}

/** The way to one object. */
export interface Transport {
  /** Of the object, in messages: no credentials are in it. */
  readonly name: string;
  /**
   * Ask once for a range, without trying again.
   *
   * @param pin  facts of the first answer: the server is asked to refuse any other object
   * @throws {InputError} if asking again would not help
   * @throws {PassingFailure} if it might
   */
  get(range: ByteRange, pin: ObjectFacts | null, signal: AbortSignal): Promise<Answer>;
  /** Give back what is kept open. */
  close(): void;
}

/** A failure that may be over soon. Never leaves this folder. */
export class PassingFailure extends Error {
  /** How long the server wants to be left alone; null if it does not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, options: { retryAfterMs?: number | null; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** The error for an object that is not the one whose reading began. */
export function changed(name: string, how: string): InputError {
  const what = "read it again, or give a copy that nobody writes to (s3: a versionId)";
  return inputError(
    "remote-changed",
    name,
    `the object changed while it was read: ${how}; ${what}`,
  );
}

const TOO_MANY = 429;
const SERVER_ERROR = 500;
const PASSING: readonly number[] = [408, 425, TOO_MANY];
/** Not Implemented, HTTP Version Not Supported: they stay. */
const LASTING: readonly number[] = [501, 505];
const REFUSALS: Readonly<Record<number, readonly [InputErrorCode, string]>> = {
  401: ["permission-denied", "the server wants credentials, or others"],
  403: ["permission-denied", "the server refuses to give it (a signed URL may have expired)"],
  404: ["not-found", "no such object"],
  407: ["permission-denied", "the proxy wants credentials"],
  410: ["not-found", "no such object any more"],
};

/**
 * The failure that a status other than 2xx is.
 *
 * @param pin     as get() was given it
 * @param detail  what else the server said; printed
 */
export function failureOf(
  name: string,
  status: number,
  pin: ObjectFacts | null,
  { detail = "", retryAfter = null }: { detail?: string; retryAfter?: string | null } = {},
): InputError | PassingFailure {
  const said = detail === "" ? `HTTP ${status}` : `HTTP ${status} ${detail}`;
  if (PASSING.includes(status) || (status >= SERVER_ERROR && !LASTING.includes(status))) {
    return new PassingFailure(`the server answered ${said}`, {
      retryAfterMs: parseRetryAfter(retryAfter),
    });
  }
  if (pin !== null && [404, 410, 412, 416].includes(status)) return changed(name, said);
  const [code, reason] = REFUSALS[status] ?? ["open-failed", "the server refuses"];
  return inputError(code, name, `${reason} (${said})`);
}

/** Failures of a connection that the next one need not have. */
const PASSING_CODES = /^(ECONN|ETIMEDOUT|EPIPE|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|HPE_)/;
const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO)/;

/** What a failed connection means; `pin` is null while the object was never reached. */
export function connectionFailure(
  name: string,
  error: unknown,
  pin: ObjectFacts | null,
): InputError | PassingFailure {
  const code = errnoOf(error);
  const told = error instanceof Error ? error.message || code : String(error);
  const reason = told === "aborted" ? "closed within an answer" : told;
  if (TLS_CODES.test(code)) {
    const help = "NODE_EXTRA_CA_CERTS names certificates of one's own authority";
    const text = `no trusted connection: ${reason} (${code}); ${help}`;
    return inputError("open-failed", name, text, { cause: error });
  }
  const mistaken = code === "ECONNREFUSED" && pin === null;
  if (PASSING_CODES.test(code) && !mistaken) {
    return new PassingFailure(`the connection failed: ${reason}`, { cause: error });
  }
  return inputError("open-failed", name, `no connection: ${reason}`, { cause: error });
}

/** The chunks of a body, its failures told as those of connections. */
export async function* chunksOf(
  name: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of body) yield chunk;
  } catch (error) {
    throw connectionFailure(name, error, null);
  }
}

/** An object of no bytes, of which no range can be given. */
export function emptyAnswer(facts: ObjectFacts): Answer {
  async function* nothing(): AsyncGenerator<Uint8Array> {}
  const range = { byteOffset: 0, bytes: 0 };
  return { facts: { ...facts, sizeBytes: 0 }, range, body: nothing(), end() {} };
}

/** Retry-After in seconds or as a date; null for anything else. Source: RFC 9110, 10.2.3. */
export function parseRetryAfter(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d+$/.test(text.trim())) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

/** A range as the Range header wants it. Source: RFC 9110, 14.1.2. */
export function rangeHeader({ byteOffset, bytes }: ByteRange): string {
  return `bytes=${byteOffset}-${byteOffset + bytes - 1}`;
}

/** An answer with a part of the object, and no sound Content-Range. */
export function namelessPart(): PassingFailure {
  return new PassingFailure("the server gave a part without saying which");
}

/**
 * `bytes FIRST-LAST/SIZE` of a Content-Range, SIZE possibly `*`; null if it is none, or could not
 * be. Source: RFC 9110, 14.4.
 */
export function parseContentRange(
  text: string | null | undefined,
): { readonly range: ByteRange; readonly sizeBytes: number | null } | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text?.trim() ?? "");
  if (match === null) return null;
  const [byteOffset, last] = [Number(match[1]), Number(match[2])];
  const sizeBytes = match[3] === "*" ? null : Number(match[3]);
  const sound = last >= byteOffset && (sizeBytes === null || last < sizeBytes);
  if (!sound || !Number.isSafeInteger(sizeBytes ?? last)) return null;
  return { range: { byteOffset, bytes: last - byteOffset + 1 }, sizeBytes };
}

/** The size that the Content-Range of a 416 tells; null if it does not. */
export function unsatisfiedSize(text: string | null | undefined): number | null {
  const match = /^bytes \*\/(\d+)$/.exec(text?.trim() ?? "");
  return match === null ? null : Number(match[1]);
}

/** An entity tag that tells byte from byte, which a weak one does not. */
export function isStrong(etag: string | null): etag is string {
  return etag !== null && /^"[^"]*"$/.test(etag);
}
