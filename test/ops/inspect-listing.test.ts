/** The lists of an inspect document are bounded, whatever an image consists of. */
import { describe, expect, it } from "vitest";
import { Listing } from "../../src/ops/inspect.js";
import type { StreamEvent } from "../../src/stream/index.js";
import * as legacy from "../builders/legacy.js";
import { runBytes } from "../harness.js";

describe("the listing of headers", () => {
  it("counts those beyond the limit of records: a chunk may be four bytes long", () => {
    const chunks = [...Array.from({ length: 50 }, () => legacy.LAST_CHECKPOINT), legacy.END];
    const events: StreamEvent[] = [];
    const { image } = runBytes(legacy.hvm({ chunks }), {}, (event) => events.push(event));
    const list = (limit: number) => {
      const listing = new Listing(limit);
      for (const event of events) listing.event(event, image);
      return listing.document(image);
    };
    const whole = list(1000);
    expect(whole).not.toHaveProperty("headersOmitted");
    expect(list(20)).toMatchObject({
      headers: whole.headers.slice(0, 20),
      headersOmitted: whole.headers.length - 20,
    });
    expect(whole.headers.length).toBeGreaterThan(50);
  });
});
