/**
 * The VM Generation ID of a target's config: a renewed id is put wherever the config holds one, for
 * a restore by libxl would write an older one back over memory. Which config is taken is config.ts's.
 * Source: VG-3, VG-25.
 */
import { configuredGenids, hexOfBytes, isGenid, withConfiguredGenid } from "../../stream/index.js";
import type { ConfigTarget, ReadyConfig } from "./config.js";
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
  target: ConfigTarget,
  config: ReadyConfig,
  { id, renewed }: TargetGenid,
  given: boolean,
  note: TakeNote,
): ReadyConfig {
  const configured = configuredGenids(target, config.bytes);
  // An absent id leaves memory alone; xl's config is made whole, as a toolstack would write it.
  if (configured.length === 0 && target !== "xl") return config;
  const isDrawn = configured.includes("drawn");
  if (isDrawn && renewed !== "given") return config;
  if (configured.length > 0 && configured.every((other) => isGenid(other, id))) return config;
  if (renewed === null) {
    const other = configured.find((one) => one !== "drawn" && !isGenid(one, id));
    if (given && other instanceof Uint8Array) {
      const ids = `${hexOfBytes(other)}, memory ${hexOfBytes(id)}`;
      const whose =
        target === "xapi" ? "XAPI's own database counts" : "a restore takes the config's";
      const message = `The config has the generation id ${ids}: ${whose}.`;
      note({ note: "genid-differs", message });
    }
    return config;
  }
  const bytes = withConfiguredGenid(target, config.bytes, id);
  if (bytes !== null) return { ...config, bytes };
  const message = "The config has no place for the new generation id: only memory has it.";
  note({ note: "genid-not-configured", message });
  return config;
}
