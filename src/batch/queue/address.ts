/**
 * Where a queue is: the URL of a Redis server, and how it may be shown. Whatever is printed of it
 * goes through here: user and password never reach a message.
 */
import { UsageError } from "../../findings/index.js";

/** A Redis server and database. */
export interface QueueAddress {
  /** With credentials: for the client alone, never for a message. */
  readonly url: string;
  /** Without them, for people. */
  readonly shown: string;
  /** The password, as typed and as decoded: must not be shown. */
  readonly secrets: readonly string[];
}

const OPTION = "--queue";
const ALLOWED = "redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE], or rediss:// for TLS";

/**
 * Read the URL of a queue.
 *
 * @param text      as the user gave it
 * @param password  for a URL that has none; as redis-cli takes it from its environment
 * @throws {UsageError} if it is no such URL; the text is not repeated, it may hold a password
 */
export function parseQueueAddress(text: string, password?: string): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : null;
  const good = url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== "";
  if (!good || !/^(\/\d{0,5})?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    throw new UsageError(`${OPTION} is not the URL of a Redis server`, {
      option: OPTION,
      allowed: ALLOWED,
    });
  }
  if (url.password === "" && password !== undefined && password !== "") url.password = password;
  const { username, password: typed } = url;
  const hidden = username === "" && typed === "" ? "" : "***@";
  return {
    url: url.href,
    shown: `${url.protocol}//${hidden}${url.host}${url.pathname}`,
    secrets: typed === "" ? [] : [...new Set([typed, decoded(typed)])],
  };
}

/** A message of the client or server without the address's secrets. */
export function redact(message: string, { secrets }: QueueAddress): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, "***"), message);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a percent sign that stands for itself
  }
}
