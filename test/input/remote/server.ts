/**
 * A real HTTP(S) server of one object on the loopback interface, which counts what it gives and
 * misbehaves where a test wants it to. Not a test itself.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** What a request may be answered with instead of what is right; undefined: what is right. */
export type Misbehave = (request: Asked, response: ServerResponse) => "answered" | undefined;

/** One request as a test sees it. */
export interface Asked {
  /** From 0, of all requests. */
  readonly index: number;
  readonly message: IncomingMessage;
  readonly range: { readonly first: number; readonly last: number } | null;
}

/** How the object is served. */
export interface ServeOptions {
  readonly misbehave?: Misbehave;
  /** False: Range is ignored. */
  readonly ranges?: boolean;
  /** Null: none. By default a strong one, of the bytes. */
  readonly etag?: string | null;
  readonly lastModified?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Body of a refusal with this status. */
  readonly errorBody?: (status: number) => string;
  /** Key and certificate, in PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A server that runs. */
export class ObjectServer {
  #bytes: Uint8Array;
  #digest: string;
  readonly asked: Asked[] = [];
  /** Of bodies. */
  bytesGiven = 0;
  connections = 0;
  /** Requests that were under way at the same time, at most. */
  mostAtOnce = 0;
  #underWay = 0;
  readonly #server: Server;
  readonly #options: ServeOptions;

  constructor(bytes: Uint8Array, options: ServeOptions = {}) {
    this.#bytes = bytes;
    this.#digest = digestOf(bytes);
    this.#options = options;
    const handle = (message: IncomingMessage, response: ServerResponse) =>
      this.#handle(message, response);
    this.#server =
      options.tls === undefined ? createServer(handle) : createTlsServer(options.tls, handle);
  }

  /** Start serving on a port of its own. */
  async start(): Promise<this> {
    this.#server.on("connection", () => {
      this.connections += 1;
    });
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = "/vm.save"): string {
    const scheme = this.#options.tls === undefined ? "http" : "https";
    return `${scheme}://127.0.0.1:${this.port}${path}`;
  }

  /** Forget what was counted. */
  reset(): void {
    this.asked.length = 0;
    this.mostAtOnce = 0;
    this.bytesGiven = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Of the object, null if it has none. */
  get etag(): string | null {
    return this.#options.etag === undefined ? this.#digest : this.#options.etag;
  }

  /** Replace the object. */
  set bytes(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#digest = digestOf(bytes);
  }

  #handle(message: IncomingMessage, response: ServerResponse): void {
    const match = /^bytes=(\d+)-(\d+)$/.exec(message.headers.range ?? "");
    const range = match === null ? null : { first: Number(match[1]), last: Number(match[2]) };
    const asked: Asked = { index: this.asked.length, message, range };
    this.asked.push(asked);
    this.#underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay);
    response.once("close", () => {
      this.#underWay -= 1;
    });
    if (this.#options.misbehave?.(asked, response) === "answered") return;
    this.serve(asked, response);
  }

  /** The right answer. */
  serve({ message, range }: Asked, response: ServerResponse): void {
    const { ranges = true, lastModified = null, headers = {}, errorBody } = this.#options;
    const refuse = (status: number, more: Record<string, string> = {}) =>
      response.writeHead(status, more).end(errorBody?.(status));
    const { etag } = this;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (etag !== null) response.setHeader("etag", etag);
    if (lastModified !== null) response.setHeader("last-modified", lastModified);
    const condition = message.headers["if-match"];
    if (condition !== undefined && condition !== etag) {
      refuse(412);
    } else if (range === null || !ranges) {
      response.writeHead(200, { "content-length": this.bytes.length });
      this.give(response, this.bytes);
    } else if (range.first >= this.bytes.length) {
      refuse(416, { "content-range": `bytes */${this.bytes.length}` });
    } else {
      const part = this.bytes.subarray(range.first, range.last + 1);
      response.writeHead(206, contentRange(range.first, part.length, this.bytes.length));
      this.give(response, part);
    }
  }

  /** Send a body and count it. */
  give(response: ServerResponse, body: Uint8Array): void {
    this.bytesGiven += body.length;
    response.end(body);
  }
}

function digestOf(bytes: Uint8Array): string {
  return `"${createHash("sha1").update(bytes).digest("hex")}"`;
}

/** The headers of a part. */
export function contentRange(first: number, bytes: number, size: number) {
  return {
    "content-range": `bytes ${first}-${first + bytes - 1}/${size}`,
    "content-length": bytes,
  };
}
