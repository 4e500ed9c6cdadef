/**
 * The libxl reader's transition table against the state table of the document, typed out here by
 * hand: one row per id at least, and nothing else.
 */
import { describe, expect, it } from "vitest";
import { TRANSITIONS, transition } from "../../../src/stream/index.js";

const DOCUMENT = [
  ["LL-SM-1", "start", "header", "normal", "read-record"],
  ["LL-SM-2", "normal", "break", "complete", "fail"],
  ["LL-SM-4", "normal", "emulator", "normal", "process"],
  ["LL-SM-4", "normal", "unknown", "normal", "fail"],
  ["LL-SM-4", "normal", "checkpoint-state", "normal", "fail"],
  ["LL-SM-5", "normal", "libxc-context", "normal", "run-libxc"],
  ["LL-SM-6", "normal", "libxc-checkpoint", "buffering", "read-record"],
  ["LL-SM-6", "buffering", "emulator", "buffering", "queue"],
  ["LL-SM-6", "buffering", "end", "buffering", "queue"],
  ["LL-SM-6", "buffering", "libxc-context", "buffering", "queue"],
  ["LL-SM-6", "buffering", "checkpoint-state", "buffering", "queue"],
  ["LL-SM-6", "buffering", "unknown", "buffering", "queue"],
  ["LL-SM-7", "buffering", "checkpoint-end", "unbuffering", "unbuffer"],
  ["LL-SM-7", "unbuffering", "emulator", "unbuffering", "process"],
  ["LL-SM-7", "unbuffering", "checkpoint-end", "normal", "checkpoint-success"],
  ["LL-SM-8", "buffering", "break", "normal", "checkpoint-failover"],
  ["LL-SM-9", "unbuffering", "unknown", "unbuffering", "fail"],
  ["LL-SM-9", "unbuffering", "checkpoint-state", "unbuffering", "fail"],
  ["LL-SM-10", "normal", "checkpoint-end", "normal", "fail"],
  ["LL-SM-11", "unbuffering", "end", "unbuffering", "fail"],
  ["LL-SM-11", "unbuffering", "libxc-context", "unbuffering", "fail"],
  ["LL-SM-12", "normal", "libxc-plain", "normal", "read-record"],
  ["LL-SM-13", "normal", "libxc-checkpointed", "complete", "finish"],
  ["LL-SM-14", "normal", "end", "complete", "finish"],
] as const;

describe("the libxl reader's transitions", () => {
  it.each(DOCUMENT)("%s: in %s, %s leads to %s by %s", (id, from, on, to, action) => {
    expect(transition(from, on)).toMatchObject({ id, to, action });
  });

  it("has no row that the document lacks", () => {
    expect(TRANSITIONS.length).toBe(DOCUMENT.length);
  });

  it("gives every phase but the last an answer to every record kind", () => {
    const kinds = [
      "end",
      "libxc-context",
      "emulator",
      "checkpoint-end",
      "checkpoint-state",
    ] as const;
    for (const phase of ["normal", "buffering", "unbuffering"] as const) {
      for (const kind of [...kinds, "unknown"] as const) {
        expect(transition(phase, kind), `${phase} on ${kind}`).toBeDefined();
      }
    }
  });

  it("fails only by a rule", () => {
    for (const row of TRANSITIONS) {
      expect(row.action === "fail", row.id).toBe(row.rule !== undefined);
    }
  });
});
