/** The door of input/: where bytes come from, and the drivers that serve a reader's requests. */
export { type BlobLike, type BlobSlice, BlobSource } from "./blob-source.js";
export { BufferSource } from "./buffer-source.js";
export {
  decompressed,
  decompressedAsync,
  type InputCompression,
  type OpenedInput,
  type OpenInputOptions,
  objectIdentity,
  openInput,
  type Recognised,
  recogniseCompression,
} from "./decompress/recognise.js";
export { type DriveOptions, drive, driveAsync, driveSync } from "./drive.js";
export { type FdIo, NODE_FD_IO } from "./fd.js";
export { FileSource, type FileSourceOptions } from "./file-source.js";
export { type OpenOptions, openSource, STANDARD_INPUT } from "./open.js";
export { loadOptionalPackages, type PackagePlaces } from "./optional-package.js";
export { isRemote, shownName } from "./remote/address.js";
export type * from "./request.js";
export { type Puller, pipeSource, SequentialSource } from "./sequential-source.js";
export type { AsyncSource, InputErrorCode, MaybePromise, Source, SourceFacts } from "./source.js";
export { type ByteChunks, orAborted, StreamSource } from "./stream-source.js";
