/** The parts of the conversion that other rooms use by the door of export/. */
export { type ConfigTarget, type DomainIdentity, givenConfig, type ReadyConfig } from "./config.js";
export type { TargetGenid } from "./genid-config.js";
export { type GuestConversion, GuestConverter } from "./guest.js";
export type { LibxcForm } from "./libxc-stream.js";
export type { ConversionNote, ConversionNoteKind, TakeNote } from "./note.js";
export type { GuestTarget } from "./target.js";
