/**
 * What a job may ask of the drivers. Word for word the requests of stream/protocol.ts, declared
 * here again because this room imports no other than findings; a test holds the two together.
 */

/** Fill `into` from `byteOffset`; answered with the bytes got, fewer only at the end of input. */
export interface InputReadRequest {
  readonly request: "read";
  readonly byteOffset: number;
  /** The job's own memory, shared WebAssembly memory included; lent until the answer. */
  readonly into: Uint8Array;
  /**
   * So many bytes will do; a source that is not seekable gives no more, for it could not give the
   * others again. All of `into` if left out.
   */
  readonly enough?: number;
}

/** Pass over `bytes` bytes unseen; answered with the bytes present, fewer only at the end. */
export interface InputSkipRequest {
  readonly request: "skip";
  readonly byteOffset: number;
  readonly bytes: number;
}

/** Bytes at and after `byteOffset` must stay readable again; holds nest. Answered with 0. */
export interface InputHoldRequest {
  readonly request: "hold";
  readonly byteOffset: number;
}

/**
 * End the latest hold: unless an earlier one keeps them, bytes before `byteOffset` are not asked for
 * again. Answered with 0.
 */
export interface InputReleaseRequest {
  readonly request: "release";
  readonly byteOffset: number;
}

/** Any request. Offsets and counts are in bytes of the decompressed input. */
export type InputRequest =
  | InputReadRequest
  | InputSkipRequest
  | InputHoldRequest
  | InputReleaseRequest;

/** Work that needs bytes: yields requests, is resumed with byte counts, returns its result. */
export type InputJob<R> = Generator<InputRequest, R, number>;
