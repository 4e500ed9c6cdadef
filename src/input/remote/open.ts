/**
 * From a URL to an asynchronous source: seekable where the server gives ranges, else forward-only.
 * Loaded when the first URL is opened: files need nothing of the network.
 */
import type { Limits } from "../../findings/index.js";
import type { AsyncSource } from "../source.js";
import { StreamSource } from "../stream-source.js";
import { parseHttpUrl, parseS3Url, shownName } from "./address.js";
import { HttpTransport } from "./http.js";
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

/**
 * Open the object at a URL, by its first bytes.
 *
 * @throws {InputError} if it cannot be had
 * @throws {UsageError} if the URL is none
 */
export async function openRemote(url: string, options: RemoteOptions): Promise<AsyncSource> {
  const { limits, signal, onNote } = options;
  signal?.throwIfAborted();
  const transport = transportOf(url, limits);
  const object = new RemoteObject(transport, limits);
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const answer = await object.open(FIRST_BYTES, stop.signal);
    if (answer.kind === "ranges") {
      const { sizeBytes, first } = answer;
      if (!object.isPinned) {
        onNote?.(`${object.name}: the server gives no ETag: a change meanwhile might go unseen`);
      }
      return new RangeSource(object, sizeBytes, first, limits.maxRemoteCacheBytes);
    }
    onNote?.(`${object.name}: the server gives no ranges: it is read as a pipe is, to its end`);
    const chunks = Object.assign(answer.chunks, { destroy: () => stop.abort() });
    return new StreamSource(object.name, chunks, limits.maxMemoryBytes);
  } catch (error) {
    object.close();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

function transportOf(url: string, limits: Limits): Transport {
  if (/^s3:/i.test(url)) return S3Transport.open(parseS3Url(url), shownName(url));
  return new HttpTransport(parseHttpUrl(url), limits);
}
