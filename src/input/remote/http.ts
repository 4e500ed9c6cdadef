/**
 * http:// and https:// objects over node:http and node:https, whose bytes come as they are stored:
 * fetch() would take off a content coding, and ranges count in coded bytes. Follows redirects by
 * itself. Source: RFC 9110 (13 conditions, 14 ranges, 15.4 redirects).
 */
import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { inputError } from "../source.js";
import { shownName } from "./address.js";
import type { RemoteLimits } from "./patience.js";
import {
  type Answer,
  type ByteRange,
  chunksOf,
  connectionFailure,
  emptyAnswer,
  failureOf,
  isStrong,
  namelessPart,
  type ObjectFacts,
  parseContentRange,
  rangeHeader,
  type Transport,
  unsatisfiedSize,
} from "./transport.js";

const OK = 200;
const PARTIAL_CONTENT = 206;
const RANGE_NOT_SATISFIABLE = 416;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** What a place that was redirected to answers when its time is over. */
const EXPIRED: readonly number[] = [401, 403, 404, 410];

/** The way to one http:// or https:// object. */
export class HttpTransport implements Transport {
  readonly name: string;
  readonly #url: URL;
  readonly #limits: RemoteLimits;
  /** Where the last redirect led to: asked at once from then on. */
  #target: URL;

  constructor(url: URL, limits: RemoteLimits) {
    this.name = shownName(url.href);
    this.#url = url;
    this.#target = url;
    this.#limits = limits;
  }

  async get(range: ByteRange, pin: ObjectFacts | null, signal: AbortSignal): Promise<Answer> {
    const headers = headersOf(range, pin);
    let message = await this.#follow(this.#target, headers, pin, signal);
    if (this.#target !== this.#url && EXPIRED.includes(message.statusCode ?? 0)) {
      // Signed places expire while a long image is read: the original address knows a new one.
      message.destroy();
      message = await this.#follow(this.#url, headers, pin, signal);
    }
    return this.#answerOf(message, pin);
  }

  /** Connections are the process's own, which closes those that are idle. */
  close(): void {}

  async #follow(
    from: URL,
    headers: Readonly<Record<string, string>>,
    pin: ObjectFacts | null,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    let url = from;
    for (let redirects = 0; ; redirects += 1) {
      const message = await this.#send(url, headers, pin, signal);
      if (!REDIRECTS.includes(message.statusCode ?? 0)) {
        this.#target = url;
        return message;
      }
      message.destroy();
      if (redirects === this.#limits.maxRedirects) {
        const text = `more than ${redirects} redirects, the last from ${shownName(url.href)}`;
        throw inputError("open-failed", this.name, text);
      }
      url = this.#redirected(url, message.headers.location);
    }
  }

  #redirected(from: URL, location: string | undefined): URL {
    const refused = (why: string) => {
      return inputError("open-failed", this.name, `the server redirects ${why}`);
    };
    if (location === undefined || !URL.canParse(location, from.href)) throw refused("to nowhere");
    const to = new URL(location, from);
    if (to.protocol !== "http:" && to.protocol !== "https:") {
      throw refused(`to ${to.protocol}, which is not followed`);
    }
    if (from.protocol === "https:" && to.protocol === "http:") {
      throw refused(`from https to ${shownName(to.href)}, which is not followed`);
    }
    if (to.origin === from.origin && to.username === "") {
      to.username = from.username;
      to.password = from.password;
    }
    return to;
  }

  /** One request; its credentials are those in the URL. */
  #send(
    url: URL,
    headers: Readonly<Record<string, string>>,
    pin: ObjectFacts | null,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const request = url.protocol === "https:" ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const sent = request(url, { headers });
      // Not by its option `signal`, which listens on after the answer and throws at nobody then.
      const abort = () => sent.destroy();
      signal.addEventListener("abort", abort, { once: true });
      sent.once("close", () => signal.removeEventListener("abort", abort));
      sent.once("response", resolve);
      // Not once: a connection that fails during the body is told of here as well.
      sent.on("error", (error) => reject(connectionFailure(this.name, error, pin)));
      sent.end();
    });
  }

  #answerOf(message: IncomingMessage, pin: ObjectFacts | null): Answer {
    const { statusCode: status = 0, headers } = message;
    const contentRange = headers["content-range"];
    const facts = factsOf(message);
    if (status === OK) {
      const length = headers["content-length"];
      const sizeBytes = length === undefined ? null : Number(length);
      return this.#answer(message, { ...facts, sizeBytes }, null);
    }
    if (status === PARTIAL_CONTENT) {
      const parsed = parseContentRange(contentRange);
      if (parsed !== null) {
        const { range, sizeBytes } = parsed;
        return this.#answer(message, { ...facts, sizeBytes }, range);
      }
      message.destroy();
      throw namelessPart();
    }
    message.destroy();
    if (status === RANGE_NOT_SATISFIABLE && pin === null && unsatisfiedSize(contentRange) === 0) {
      return emptyAnswer(facts);
    }
    const detail = message.statusMessage ?? "";
    const retryAfter = headers["retry-after"] ?? null;
    throw failureOf(this.name, status, pin, { detail, retryAfter });
  }

  #answer(message: IncomingMessage, facts: ObjectFacts, range: ByteRange | null): Answer {
    return {
      facts,
      range,
      body: chunksOf(this.name, message),
      end: (whole) => {
        if (whole && message.complete) message.resume();
        else message.destroy();
      },
    };
  }
}

function headersOf(range: ByteRange, pin: ObjectFacts | null) {
  return {
    "user-agent": "xenstream",
    accept: "*/*",
    // Ranges of bytes that were encoded on the way could not be told from stored ones.
    "accept-encoding": "identity",
    range: rangeHeader(range),
    ...conditionOf(pin),
  };
}

/** Makes a server refuse (412) where it has another object by now. */
function conditionOf(pin: ObjectFacts | null): Record<string, string> {
  if (pin === null) return {};
  if (isStrong(pin.etag)) return { "if-match": pin.etag };
  return pin.lastModified === null ? {} : { "if-unmodified-since": pin.lastModified };
}

function factsOf({ headers }: IncomingMessage): ObjectFacts {
  const encoding = headers["content-encoding"] ?? null;
  return {
    sizeBytes: null,
    etag: headers.etag ?? null,
    lastModified: headers["last-modified"] ?? null,
    encoding: encoding === "identity" ? null : encoding,
  };
}
