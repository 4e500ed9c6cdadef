/**
 * From a URL to an asynchronous source: seekable where the server gives ranges, else forward-only.
 * Loaded when the first URL is opened: files need nothing of the network.
 */
import type { Limits } from "../../findings/index.js";
import type { AsyncSource } from "../source.js";
import { StreamSource } from "../stream-source.js";
import { parseHttpUrl, parseS3Url, shownName } from "./address.js";
import { HttpTransport } from "./http.js";
import { identityOfObject } from "./identity.js";
import { RangeSource } from "./range-source.js";
import { RemoteObject } from "./remote-object.js";
import { S3Transport } from "./s3.js";
import type { Transport } from "./transport.js";

/** Covers the headers and the first record of most images. */
const FIRST_BYTES = 64 * 1024;

/** How a URL is opened. */
export interface RemoteOptions {
  readonly limits: Limits;
  /** Ends the opening; what is read later has signals of its own. */
  readonly signal?: AbortSignal | undefined;
  /** Told what is worth knowing of the server. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** An object that was opened. */
export interface OpenedObject {
  readonly source: AsyncSource;
  /** Differs from that of any other object at this URL; null if the server tells too little. */
  readonly identity: string | null;
}

/**
 * Open the object at a URL, by its first bytes.
 *
 * @throws {InputError} if it cannot be had
 * @throws {UsageError} if the URL is none
 */
export async function openRemote(url: string, options: RemoteOptions): Promise<OpenedObject> {
  const { limits, signal, onNote } = options;
  signal?.throwIfAborted();
  const transport = transportOf(url, limits);
  const object = new RemoteObject(transport, limits);
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const answer = await object.open(FIRST_BYTES, stop.signal);
    const identity = identityOfObject(answer.facts);
    if (answer.kind === "ranges") {
      const { sizeBytes, first } = answer;
      if (!object.isPinned) {
        onNote?.(`${object.name}: the server gives no ETag: a change meanwhile might go unseen`);
      }
      const source = new RangeSource(object, sizeBytes, first, limits.maxRemoteCacheBytes);
      return { source, identity };
    }
    onNote?.(`${object.name}: the server gives no ranges: it is read as a pipe is, to its end`);
    const chunks = Object.assign(answer.chunks, { destroy: () => stop.abort() });
    return { source: new StreamSource(object.name, chunks, limits.maxMemoryBytes), identity };
  } catch (error) {
    object.close();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/**
 * What identity the object at a URL has now, as openRemote() would tell it: one request, of one
 * byte. The server is asked once only.
 *
 * @throws as openRemote()
 */
export async function remoteIdentity(
  url: string,
  { limits, signal }: RemoteOptions,
): Promise<string | null> {
  const object = new RemoteObject(transportOf(url, limits), { ...limits, maxRemoteTries: 1 });
  const stop = new AbortController();
  try {
    const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    return identityOfObject((await object.open(1, either)).facts);
  } finally {
    stop.abort(); // of a server without ranges the whole object would come
    object.close();
  }
}

function transportOf(url: string, limits: Limits): Transport {
  if (/^s3:/i.test(url)) return S3Transport.open(parseS3Url(url), shownName(url));
  return new HttpTransport(parseHttpUrl(url), limits);
}
