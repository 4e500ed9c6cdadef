/** The door of the library's part of ops/: what src/index.ts gives to the world. */
export {
  type GuestDigests,
  type GuestPage,
  NoGuestError,
  OpenGuest,
  type PageOptions,
  type PagesOptions,
  type PfnRun,
} from "./guest.js";
export type { ImageInput } from "./input.js";
export {
  createXenstream,
  inspect,
  openGuest,
  restore,
  verify,
  type Xenstream,
  type XenstreamOptions,
} from "./library.js";
export type {
  DigestName,
  InspectOptions,
  OpenGuestOptions,
  Progress,
  ProgressCallback,
  ReadOptions,
  RestoreOptions,
  VerifyOptions,
} from "./options.js";
export type { DigestHooks } from "./run.js";
