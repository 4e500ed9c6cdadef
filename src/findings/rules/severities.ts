/**
 * The four pairs of severities that nearly every rule has, by name. What they follow from is the
 * "Profile" paragraph of each specification page; single rows that differ write their own.
 */

/** Xen's restorer, hypervisor or daemon refuses it, or would crash: an error in any profile. */
export const REJECTED = { restore: "error", strict: "error" } as const;

/** Only the document or Xen's verifier forbids it: restores, but is not as it should be. */
export const STRICT_ONLY = { restore: "warning", strict: "error" } as const;

/** Nobody refuses it, or a tool is asked to warn: never an error. */
export const WARNED = { restore: "warning", strict: "warning" } as const;

/** Information: nothing is wrong with the image. Also what a rule that never fires carries. */
export const NOTED = { restore: "note", strict: "note" } as const;

/** The `on-host` case of rules whose limits moved with releases: fired by the host-fit checks. */
export const ON_HOST = {
  ...REJECTED,
  what: "the host that the image was checked against would refuse it, whatever others do",
} as const;
