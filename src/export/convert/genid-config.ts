/**
 * The VM Generation ID of xl's config: a renewed id is put into it, for a restore would write an
 * older one back over memory. Which config is taken is config.ts's. Source: VG-3, VG-25.
 */
import { configuredGenid, hexOfBytes, withConfiguredGenid } from "../../stream/index.js";
import type { ReadyConfig } from "./config.js";
import type { TakeNote } from "./note.js";

/** The VM Generation ID of the output. */
export interface TargetGenid {
  /** Guest-physical, of its first byte. */
  readonly address: number;
  /** 16 bytes in memory order. */
  readonly id: Uint8Array;
  /**
   * Null: it is the source's. Else memory and config are to get it, unless it was drawn and the
   * config has each restore draw one anyway.
   */
  readonly renewed: "drawn" | "given" | null;
}

/**
 * The config that goes with an id in memory.
 *
 * @param given  it is the caller's: what the source's own says was told while it was read
 */
export function agreeingConfig(
  config: ReadyConfig,
  { id, renewed }: TargetGenid,
  given: boolean,
  note: TakeNote,
): ReadyConfig {
  const configured = configuredGenid(config.bytes);
  if (configured === "drawn" && renewed !== "given") return config;
  if (configured instanceof Uint8Array && hexOfBytes(configured) === hexOfBytes(id)) return config;
  if (renewed === null) {
    if (given && configured instanceof Uint8Array) {
      const ids = `${hexOfBytes(configured)}, memory ${hexOfBytes(id)}`;
      const message = `The config has the generation id ${ids}: a restore takes the config's.`;
      note({ note: "genid-differs", message });
    }
    return config;
  }
  const bytes = withConfiguredGenid(config.bytes, id);
  if (bytes !== null) return { ...config, bytes };
  const message = "The config has no place for the new generation id: only memory has it.";
  note({ note: "genid-not-configured", message });
  return config;
}
