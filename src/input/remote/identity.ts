/**
 * Which object it was that a URL gave, as one text that can be kept and compared with that of
 * another day. Not what holds within one reading, where every answer is compared with the first
 * (remote-object.ts). Source: RFC 9110 (8.8.1 strong and weak, 8.8.2.2 dates, 8.8.3 ETag).
 */
import { isStrong, type ObjectFacts } from "./transport.js";

/** A date counts in seconds: a change in the same second, or just after, might not show in it. */
const SETTLED_MS = 2000;

/**
 * The strong ETag; else date and size, once the date is some seconds old; null where neither would
 * tell a change.
 *
 * @param nowMs  when the answer was given
 */
export function identityOfObject(facts: ObjectFacts, nowMs = Date.now()): string | null {
  const { etag, lastModified, sizeBytes, encoding } = facts;
  const coding = encoding === null ? "" : ` ${encoding}`;
  const size = `${sizeBytes ?? "?"} bytes${coding}`;
  if (isStrong(etag)) return `${etag} ${size}`;
  if (lastModified === null || sizeBytes === null) return null;
  const settled = nowMs - Date.parse(lastModified) >= SETTLED_MS;
  return settled ? `${lastModified} ${etag ?? ""} ${size}` : null;
}
