/**
 * Assertions of the module. A failed one traps: that is a bug of ours, never an image's fault, and
 * the bridge turns it into an InternalError. Not AssemblyScript's assert(), which needs strings.
 */

/** Trap unless `ok`. */
@inline
export function must(ok: bool): void {
  if (!ok) unreachable();
}
