/**
 * The libxl reader's state machine as one table, LL-SM-1..14: phase and input give an action and
 * the next phase. What the actions do is reader.ts. Source: the state table of Xen's libxl stream
 * reader (facts).
 */

/** NORMAL, BUFFERING and UNBUFFERING of the document, with a beginning and an end. */
export type Phase = "start" | "normal" | "buffering" | "unbuffering" | "complete";

/** What happened: a header, a record by kind, a break, or the word of the libxc layer. */
export type Input =
  | "header"
  | "end"
  | "libxc-context"
  | "emulator"
  | "checkpoint-end"
  | "checkpoint-state"
  | "unknown"
  | "break"
  | "libxc-plain"
  | "libxc-checkpointed"
  | "libxc-checkpoint";

/** What the reader then does. */
export type Action =
  | "read-record"
  | "process"
  | "queue"
  | "run-libxc"
  | "unbuffer"
  | "checkpoint-success"
  | "checkpoint-failover"
  | "finish"
  | "fail";

/** One row: in `from`, on `on`, do `action` and be in `to`; `rule` is what a failure breaches. */
export interface Transition {
  readonly id: string;
  readonly from: Phase;
  readonly on: Input;
  readonly to: Phase;
  readonly action: Action;
  readonly rule?: string;
}

const row = (
  id: string,
  from: Phase,
  on: Input,
  action: Action,
  to: Phase,
  rule?: string,
): Transition => ({ id, from, on, action, to, ...(rule === undefined ? {} : { rule }) });

/**
 * Every transition. Records are processed one at a time in NORMAL (the queue holds one), are
 * queued unseen in BUFFERING, and processed in order in UNBUFFERING.
 */
export const TRANSITIONS: readonly Transition[] = [
  row("LL-SM-1", "start", "header", "read-record", "normal"),
  row("LL-SM-2", "normal", "break", "fail", "complete", "LL-SM-2"),
  row("LL-SM-4", "normal", "emulator", "process", "normal"),
  row("LL-SM-4", "normal", "unknown", "fail", "normal", "LL-REC-2"),
  row("LL-SM-4", "normal", "checkpoint-state", "fail", "normal", "LL-CS-2"),
  row("LL-SM-5", "normal", "libxc-context", "run-libxc", "normal"),
  row("LL-SM-6", "normal", "libxc-checkpoint", "read-record", "buffering"),
  row("LL-SM-6", "buffering", "emulator", "queue", "buffering"),
  row("LL-SM-6", "buffering", "end", "queue", "buffering"),
  row("LL-SM-6", "buffering", "libxc-context", "queue", "buffering"),
  row("LL-SM-6", "buffering", "checkpoint-state", "queue", "buffering"),
  row("LL-SM-6", "buffering", "unknown", "queue", "buffering"),
  row("LL-SM-7", "buffering", "checkpoint-end", "unbuffer", "unbuffering"),
  row("LL-SM-7", "unbuffering", "emulator", "process", "unbuffering"),
  row("LL-SM-7", "unbuffering", "checkpoint-end", "checkpoint-success", "normal"),
  row("LL-SM-8", "buffering", "break", "checkpoint-failover", "normal"),
  row("LL-SM-9", "unbuffering", "unknown", "fail", "unbuffering", "LL-REC-2"),
  row("LL-SM-9", "unbuffering", "checkpoint-state", "fail", "unbuffering", "LL-CS-2"),
  row("LL-SM-10", "normal", "checkpoint-end", "fail", "normal", "LL-SM-10"),
  row("LL-SM-11", "unbuffering", "end", "fail", "unbuffering", "LL-SM-11"),
  row("LL-SM-11", "unbuffering", "libxc-context", "fail", "unbuffering", "LL-SM-11"),
  row("LL-SM-12", "normal", "libxc-plain", "read-record", "normal"),
  row("LL-SM-13", "normal", "libxc-checkpointed", "finish", "complete"),
  row("LL-SM-14", "normal", "end", "finish", "complete"),
];

/** The row for a phase and an input; undefined where the document knows none. */
export function transition(from: Phase, on: Input): Transition | undefined {
  return TRANSITIONS.find((candidate) => candidate.from === from && candidate.on === on);
}
