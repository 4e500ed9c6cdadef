/**
 * What ties an outcome in a journal to its image: a name without secrets, and an identity that
 * changes with the image. Files tell theirs at any time; an object at a URL tells it as it is read,
 * and is asked for it again by the next run.
 */
import { type BatchJob, fileIdentity, type JobOutcome } from "../batch/index.js";
import { isRemote, objectIdentity, shownName } from "../input/index.js";
import { nodeCrypto } from "./builtins.js";

/** Servers are asked about this many objects at a time. */
const LOOKS_AT_ONCE = 8;

/** What an image is called in a journal: the path as it is, a URL without what may be secret. */
export function journalName({ file }: BatchJob): string {
  return shownName(file);
}

/** Of the image as it is on disk now; null for a URL, and for what may change without telling. */
export function identityOnDisk({ file }: BatchJob): string | null {
  return isRemote(file) ? null : fileIdentity(file);
}

/** Of the object that an outcome is of; null for a path, and where its server does not tell. */
export function identityInOutcome({ file }: BatchJob, outcome: JobOutcome): string | null {
  if ("error" in outcome || !isRemote(file)) return null;
  return outcome.objectIdentity === undefined ? null : ofUrl(file, outcome.objectIdentity);
}

/**
 * What the objects at URLs are now, by their jobs. Those are left out that cannot be asked, or do
 * not tell: they are done again, and their jobs say what is wrong.
 */
export async function remoteIdentities(
  jobs: readonly BatchJob[],
  signal: AbortSignal,
): Promise<Map<BatchJob, string>> {
  const identities = new Map<BatchJob, string>();
  const waiting = jobs.values();
  const look = async () => {
    for (const job of waiting) {
      if (signal.aborted) return;
      const identity = await objectIdentity(job.file, { signal }).catch(() => null);
      if (identity !== null) identities.set(job, ofUrl(job.file, identity));
    }
  };
  await Promise.all(Array.from({ length: Math.min(LOOKS_AT_ONCE, jobs.length) }, look));
  return identities;
}

/** The values of a query are not in the name, but may decide which object is given. */
function ofUrl(url: string, identity: string): string {
  const search = URL.canParse(url) ? new URL(url).search : "";
  if (search === "") return identity;
  return `${nodeCrypto().createHash("sha256").update(search).digest("hex")} ${identity}`;
}
