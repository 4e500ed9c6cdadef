/**
 * Which inputs are remote, how their addresses are read, and how they are shown: without what could
 * be a secret. Opens nothing.
 */
import { UsageError } from "../../findings/index.js";

const REMOTE = /^(https?|s3):\/\//i;
const S3_OPTIONS = /\?((?:(?:versionId|region|pathStyle)=[^&]*(?:&|$))+)$/;
/** Bucket names, of old ones too, and aliases of access points. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;
const HIDDEN = "***";

/** An object of S3, and what its address decides about the way to it. */
export interface S3Address {
  readonly bucket: string;
  readonly key: string;
  /** Null: the latest. */
  readonly versionId: string | null;
  /** Null: as the environment says. */
  readonly region: string | null;
  /** Whether the bucket stands in the path, not in the host name; null: as the environment says. */
  readonly pathStyle: boolean | null;
}

/** True for http://, https:// and s3:// URLs; anything else is a path. */
export function isRemote(path: string): boolean {
  return REMOTE.test(path);
}

/**
 * What messages and documents call an input: a path as it is, a URL without user, password, values
 * of its query and fragment, which may all be credentials.
 */
export function shownName(path: string): string {
  if (!isRemote(path)) return path;
  const scheme = path.slice(0, path.indexOf(":")).toLowerCase();
  if (scheme === "s3") return path.replace(/^(s3:\/\/)[^/]*@/i, `$1${HIDDEN}@`);
  if (!URL.canParse(path)) return `${scheme}://${HIDDEN}`;
  const { username, password, host, pathname, search } = new URL(path);
  const user = username === "" && password === "" ? "" : `${HIDDEN}@`;
  const query = search === "" ? "" : search.replace(/([?&][^=&]*=|[?&])[^&]*/g, `$1${HIDDEN}`);
  return `${scheme}://${user}${host}${pathname}${query}`;
}

/**
 * Read an http:// or https:// URL.
 *
 * @throws {UsageError} if it is none
 */
export function parseHttpUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw new UsageError(`${shownName(text)} is no URL`, {
    option: "FILE",
    allowed: "a path, -, https://HOST/PATH or s3://BUCKET/KEY",
  });
}

/**
 * Read `s3://BUCKET/KEY`. The key is taken as it stands, as the AWS tools do; behind it may stand
 * `?versionId=…`, `region=…` and `pathStyle=true|false`, joined by `&`.
 *
 * @throws {UsageError} if it names no object
 */
export function parseS3Url(text: string): S3Address {
  const options = new URLSearchParams(S3_OPTIONS.exec(text)?.[1] ?? "");
  const [bucket = "", ...rest] = text.slice("s3://".length).replace(S3_OPTIONS, "").split("/");
  const key = rest.join("/");
  const pathStyle = options.get("pathStyle");
  const wrong = !BUCKET.test(bucket) || key === "" || !["true", "false", null].includes(pathStyle);
  if (wrong) {
    throw new UsageError(`${shownName(text)} names no object`, {
      option: "FILE",
      allowed: "s3://BUCKET/KEY, then ?versionId=ID&region=NAME&pathStyle=true|false",
    });
  }
  return {
    bucket,
    key,
    versionId: options.get("versionId"),
    region: options.get("region"),
    pathStyle: pathStyle === null ? null : pathStyle === "true",
  };
}
