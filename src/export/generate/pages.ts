/**
 * Contents of ordinary pages: each a function of seed, pfn and version alone, so that an image of
 * any size needs no memory and can be made twice. A mix of zero, repeated, text and random pages.
 */
import { PAGE_BYTES } from "../../format/index.js";
import { mix, Random, type Seed, saltOf } from "./random.js";

const PATTERNS = 16;
const TEXT_BYTES = 64 * 1024;
/** Of the pages that are neither zero nor repeated, one in this many is text. */
const TEXT_ONE_IN = 4;

const WORDS =
  "page frame record guest domain event channel grant ring store console vector state save " +
  "restore stream header entry batch type pin table level memory processor timer interrupt";

const PURPOSE = { choice: 1, pattern: 2, text: 3, content: 4 } as const;

/** Makes pages. One scratch generator is reused, so the instance is not for concurrent use. */
export class PageMaker {
  readonly #zeroPercent: number;
  readonly #repeatPercent: number;
  readonly #choiceSalt: number;
  readonly #contentSalt: number;
  readonly #patterns: readonly Uint8Array[];
  readonly #text: Uint8Array;
  readonly #random: Random;

  constructor(seed: Seed, zeroPercent: number, repeatPercent: number) {
    this.#zeroPercent = zeroPercent;
    this.#repeatPercent = repeatPercent;
    this.#choiceSalt = saltOf(seed, PURPOSE.choice);
    this.#contentSalt = saltOf(seed, PURPOSE.content);
    this.#random = new Random(this.#contentSalt, 0);
    const patternSalt = saltOf(seed, PURPOSE.pattern);
    this.#patterns = Array.from({ length: PATTERNS }, (_, index) => {
      const pattern = new Uint8Array(PAGE_BYTES);
      new Random(patternSalt, index).fill(pattern);
      return pattern;
    });
    this.#text = textBlock(saltOf(seed, PURPOSE.text));
  }

  /**
   * Write one page.
   *
   * @param version  which of the pfn's contents: a page that is sent again has another one
   * @param into     4096 bytes, all of which are written
   */
  make(pfn: number, version: number, into: Uint8Array): void {
    const choice = mix(this.#choiceSalt ^ Math.imul(version, 0x9e3779b1), pfn);
    const percent = choice % 100;
    if (percent < this.#zeroPercent) {
      into.fill(0);
      return;
    }
    if (percent < this.#zeroPercent + this.#repeatPercent) {
      into.set(this.#patterns[(choice >>> 8) % PATTERNS] as Uint8Array);
      return;
    }
    if ((choice >>> 8) % TEXT_ONE_IN === 0) {
      const offset = mix(choice, version) % (TEXT_BYTES - PAGE_BYTES);
      into.set(this.#text.subarray(offset, offset + PAGE_BYTES));
      return;
    }
    this.#random.reset(this.#contentSalt ^ Math.imul(version, 0x85ebca77), pfn);
    this.#random.fill(into);
  }
}

function textBlock(salt: number): Uint8Array {
  const words = WORDS.split(" ");
  const random = new Random(salt, 0);
  let text = "";
  while (text.length < TEXT_BYTES) {
    const word = words[random.below(words.length)] as string;
    text += `${word}${random.below(12) === 0 ? "\n" : " "}`;
  }
  return new TextEncoder().encode(text.slice(0, TEXT_BYTES));
}
