/** What releases of Xen take: each bound holds below the release that moved it, no further. */
import { describe, expect, it } from "vitest";
import {
  isAtLeast,
  NEWEST_RELEASE,
  releaseLimits,
  type XenRelease,
} from "../../src/format/index.js";

const xen = (minor: number, major = 4): XenRelease => ({ major, minor });

describe("what a release takes", () => {
  it.each([
    [5, []],
    [6, [2]],
    [13, [2]],
    [14, [2, 3]],
  ])("has the stream versions of 4.%i", (minor, versions) => {
    expect(releaseLimits(xen(minor)).streamVersions).toEqual(versions);
  });

  it("changes with the release that changed it", () => {
    expect(releaseLimits(xen(9)).recordBodyBytes).toBe(0x80_0000);
    expect(releaseLimits(xen(10)).recordBodyBytes).toBe(0x800_0000);
    expect(releaseLimits(xen(13)).recordTypeMax).toBe(0x0f);
    expect(releaseLimits(xen(14)).recordTypeMax).toBe(0x12);
    expect(releaseLimits(xen(20)).xenstoreVersions).toEqual([1]);
    expect(releaseLimits(xen(21)).xenstoreVersions).toEqual([1, 2]);
    expect(releaseLimits(xen(4)).xlMandatoryFlags).toBe(0);
    expect(releaseLimits(xen(5)).xlMandatoryFlags).toBe(1);
    expect(releaseLimits(xen(6)).xlMandatoryFlags).toBe(3);
    expect(releaseLimits(xen(2)).hvmContextTypeMax).toBe(18);
    expect(releaseLimits(xen(3)).hvmContextTypeMax).toBeNull();
  });

  it("bounds the length of an HVM context record until the release that lengthened it", () => {
    expect(releaseLimits(xen(20)).hvmContextBytes.LAPIC).toBe(24);
    expect(releaseLimits(xen(21)).hvmContextBytes.LAPIC).toBeUndefined();
    expect(releaseLimits(xen(13)).hvmContextBytes.RTC).toBe(16);
    expect(releaseLimits(xen(14)).hvmContextBytes.RTC).toBeUndefined();
  });

  it("is known of the newest release, and of none behind it", () => {
    expect(releaseLimits(NEWEST_RELEASE).streamVersions).toEqual([2, 3]);
    for (const later of [xen(NEWEST_RELEASE.minor + 1), xen(0, 5)]) {
      expect(releaseLimits(later)).toMatchObject({
        streamVersions: null,
        recordBodyBytes: null,
        recordTypeMax: null,
        hvmParams: null,
        xlMandatoryFlags: null,
        xenstoreVersions: null,
        hvmContextBytes: {},
      });
    }
  });

  it("is that of the oldest rows before 4.0", () => {
    expect(releaseLimits(xen(4, 3))).toMatchObject({
      streamVersions: [],
      hvmContextBytes: { CPU: 1016, LAPIC: 16 },
    });
  });
});

describe("one release and another", () => {
  it("are compared by their major first", () => {
    expect(isAtLeast(xen(0, 5), xen(22))).toBe(true);
    expect(isAtLeast(xen(22), xen(0, 5))).toBe(false);
    expect(isAtLeast(xen(9), xen(10))).toBe(false);
    expect(isAtLeast(xen(10), xen(10))).toBe(true);
  });
});
