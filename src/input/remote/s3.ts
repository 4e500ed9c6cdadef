/**
 * s3:// objects over the AWS SDK, which brings endpoints, regions, credentials and signatures, by
 * its own environment. An optional package: loaded when the first such URL is opened. It tries
 * once; trying again is RemoteObject's. Source: Amazon S3 API reference, GetObject, HeadObject.
 */
import { env } from "node:process";
import type { Readable } from "node:stream";
import { loadOptionalPackages } from "../optional-package.js";
import { inputError } from "../source.js";
import type { S3Address } from "./address.js";
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
} from "./transport.js";

const SDK = "@aws-sdk/client-s3";
const PARTIAL_CONTENT = 206;
const RANGE_NOT_SATISFIABLE = 416;

/** What of the SDK is used. Its own types would be wanted by every user of ours. */
interface Sdk {
  readonly S3Client: new (config: Record<string, unknown>) => S3Client;
  readonly GetObjectCommand: new (input: Record<string, unknown>) => unknown;
  readonly HeadObjectCommand: new (input: Record<string, unknown>) => unknown;
}

/** Of what it gives and throws, if the server answered. */
interface S3Metadata {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

interface S3Client {
  send(command: unknown, options: { abortSignal: AbortSignal }): Promise<S3Output>;
  destroy(): void;
}

interface S3Output extends S3Metadata {
  readonly Body?: Readable;
  readonly ContentRange?: string;
  readonly ContentLength?: number;
  readonly ETag?: string;
  readonly LastModified?: Date;
  readonly ContentEncoding?: string;
}

/** What it throws. */
interface S3Failure extends Error, S3Metadata {
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** The way to one s3:// object. */
export class S3Transport implements Transport {
  readonly name: string;
  readonly #address: S3Address;
  readonly #sdk: Sdk;
  readonly #client: S3Client;

  private constructor(address: S3Address, name: string, sdk: Sdk) {
    this.name = name;
    this.#address = address;
    this.#sdk = sdk;
    this.#client = new sdk.S3Client(configOf(address));
  }

  /**
   * @param name  for messages
   * @throws {InputError} code "package-missing" if the SDK is not installed
   */
  static open(address: S3Address, name: string): S3Transport {
    const packages = loadOptionalPackages<{ readonly [SDK]: Sdk }>(name, [SDK]);
    return new S3Transport(address, name, packages[SDK]);
  }

  async get(range: ByteRange, pin: ObjectFacts | null, signal: AbortSignal): Promise<Answer> {
    const command = new this.#sdk.GetObjectCommand({
      ...this.#object(),
      Range: rangeHeader(range),
      ...conditionOf(pin),
    });
    let output: S3Output;
    try {
      output = await this.#client.send(command, { abortSignal: signal });
    } catch (error) {
      if (pin === null && statusOf(error) === RANGE_NOT_SATISFIABLE) {
        return await this.#emptyObject(this.#failure(error, pin), signal);
      }
      throw this.#failure(error, pin);
    }
    const answer = answerOf(this.name, output);
    if (answer.range !== null || statusOf(output) !== PARTIAL_CONTENT) return answer;
    answer.end(false);
    if (pin === null) return await this.#emptyObject(namelessPart(), signal);
    throw namelessPart();
  }

  close(): void {
    this.#client.destroy();
  }

  #object(): Record<string, unknown> {
    const { bucket, key, versionId } = this.#address;
    return { Bucket: bucket, Key: key, ...(versionId === null ? {} : { VersionId: versionId }) };
  }

  /** Of an empty object no range can be given, and no server says that this is why. */
  async #emptyObject(otherwise: Error, signal: AbortSignal): Promise<Answer> {
    const command = new this.#sdk.HeadObjectCommand(this.#object());
    let output: S3Output;
    try {
      output = await this.#client.send(command, { abortSignal: signal });
    } catch (error) {
      throw this.#failure(error, null);
    }
    if (output.ContentLength !== 0) throw otherwise;
    return emptyAnswer(factsOf(output));
  }

  #failure(error: unknown, pin: ObjectFacts | null): Error {
    const status = statusOf(error);
    const { name, message, $response } = error as S3Failure;
    if (status !== null) {
      const retryAfter = $response?.headers?.["retry-after"] ?? null;
      const said = message === name || message === "UnknownError" ? name : `${name}: ${message}`;
      return failureOf(this.name, status, pin, { detail: said, retryAfter });
    }
    if (name === "CredentialsProviderError") {
      const help = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
      const text = `no credentials: ${message}; ${help}`;
      return inputError("permission-denied", this.name, text, { cause: error });
    }
    if (/region is missing/i.test(message)) {
      const text = "no region: set AWS_REGION, or put ?region=NAME behind the URL";
      return inputError("open-failed", this.name, text, { cause: error });
    }
    return connectionFailure(this.name, error, pin);
  }
}

/** All that is not said here the SDK takes from its environment and profiles. */
function configOf({ region, pathStyle }: S3Address): Record<string, unknown> {
  // The SDK for other languages, and the AWS command, know this name as well.
  const fallback = env.AWS_REGION === undefined ? env.AWS_DEFAULT_REGION : undefined;
  const chosen = region ?? fallback;
  return {
    maxAttempts: 1,
    followRegionRedirects: true,
    forcePathStyle: pathStyle ?? isPathStyle(),
    ...(chosen === undefined ? {} : { region: chosen }),
  };
}

/** Buckets have host names of their own at Amazon, and rarely elsewhere. */
function isPathStyle(): boolean {
  const told = env.XENSTREAM_S3_PATH_STYLE;
  if (told !== undefined && told !== "") return /^(1|true|yes)$/i.test(told);
  return (env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL ?? "") !== "";
}

/** Makes S3 refuse (412) where it has another object by now. */
function conditionOf(pin: ObjectFacts | null): Record<string, unknown> {
  if (pin === null) return {};
  if (isStrong(pin.etag)) return { IfMatch: pin.etag };
  return pin.lastModified === null ? {} : { IfUnmodifiedSince: new Date(pin.lastModified) };
}

function statusOf(given: unknown): number | null {
  return (given as S3Metadata).$metadata?.httpStatusCode ?? null;
}

function factsOf(output: S3Output): ObjectFacts {
  return {
    sizeBytes: output.ContentLength ?? null,
    etag: output.ETag ?? null,
    lastModified: output.LastModified?.toUTCString() ?? null,
    encoding: output.ContentEncoding ?? null,
  };
}

function answerOf(name: string, output: S3Output): Answer {
  const { Body: body, ContentRange: contentRange } = output;
  const parsed = parseContentRange(contentRange);
  const facts = factsOf(output);
  return {
    facts: parsed === null ? facts : { ...facts, sizeBytes: parsed.sizeBytes },
    range: parsed?.range ?? null,
    body: body === undefined ? emptyAnswer(facts).body : chunksOf(name, body),
    end: (whole) => {
      if (whole) body?.resume();
      else body?.destroy();
    },
  };
}
