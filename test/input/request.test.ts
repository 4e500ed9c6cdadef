/** The requests of input/ and of stream/ are one and the same; the compiler checks it here. */
import { describe, expect, expectTypeOf, it } from "vitest";
import type { InputJob, InputRequest } from "../../src/input/index.js";
import { BufferSource, driveSync } from "../../src/input/index.js";
import type { Job, Request } from "../../src/stream/protocol.js";
import { readBytes } from "../../src/stream/requests.js";

describe("the requests of input/", () => {
  it("are assignable to those of the readers, and those to them", () => {
    expectTypeOf<InputRequest>().toEqualTypeOf<Request>();
    expectTypeOf<InputJob<string>>().toEqualTypeOf<Job<string>>();
  });

  it("let a driver run a job of stream/ as it is", () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5);
    expect(driveSync(readBytes(1, 3), new BufferSource(bytes))).toEqual(Uint8Array.of(2, 3, 4));
  });
});
