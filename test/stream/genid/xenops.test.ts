/** The id in XAPI's Xenops record: Xenstore's pair, in the places of each release. */
import { describe, expect, it } from "vitest";
import { configuredGenids, withConfiguredGenid } from "../../../src/stream/index.js";
import { ascii } from "../../builders/bytes.js";

const NEW = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const PAIR = "578437695752307201:1157159078456920585";
const OLD_ID = Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0);

const record = (pairs: string) => `((time t)(word_size 64)${pairs})`;
const idsOf = (pairs: string) => configuredGenids("xapi", ascii(record(pairs)));
const changed = (pairs: string) => {
  const bytes = withConfiguredGenid("xapi", ascii(record(pairs)), NEW);
  return bytes === null ? null : new TextDecoder().decode(bytes);
};

const KEYS = "(xs_subtree ((/a 7:9)(/local/domain/7/platform/generation-id 7:9)(/b 7:9)))";
const PLATFORM = '(vm_str "((id x)(platformdata((acpi 1)(generation-id 7:9))))")';
const QUOTED =
  '(vm_str "((name \\"a \\\\\\"b\\")(platformdata((\\"generation-id\\" \\"7:9\\"))))")';
const FIELD = '(vm_str "((name n)(generation_id(7:9))(vcpus 2))")';

describe("the pair of a Xenops record", () => {
  it.each([
    ["Xenstore keys", KEYS],
    ["a relative key", "(xs_subtree ((platform/generation-id 7:9)))"],
    ["the VM's platform data", PLATFORM],
    ["a field of the VM", FIELD],
    ["a field that is no option", '(vm_str "((generation_id 7:9))")'],
    ["hex and octal words", "(xs_subtree ((platform/generation-id 0x7:011)))"],
    ["quotes", '(xs_subtree (("platform/generation-id" "7:9")))'],
  ])("is found in %s", (_, pairs) => {
    expect(idsOf(pairs)).toEqual([OLD_ID]);
  });

  it.each([
    ["in a key of another name", "(xs_subtree ((/vm/platform/generation-id-x 7:9)))"],
    ["in the text of a value", '(xs_subtree ((/a "(platform/generation-id 7:9)")))'],
    ["in another pair of the record", "(other ((platform/generation-id 7:9)))"],
    ["in another VM's list", '(vm_str "((other((generation-id 7:9))))")'],
    ["deeper", "(xs_subtree (((platform/generation-id 7:9))))"],
    ["with one word", "(xs_subtree ((platform/generation-id 7)))"],
    ["with a word too long", "(xs_subtree ((platform/generation-id 18446744073709551616:1)))"],
    ["empty", '(xs_subtree ((platform/generation-id "")))'],
    ["behind a quote that does not end", '(xs_subtree ("((platform/generation-id 7:9)))'],
  ])("is none %s", (_, pairs) => {
    expect(idsOf(pairs)).toEqual([]);
    expect(changed(pairs)).toBeNull();
  });

  it("is drawn by XAPI where both words are zero", () => {
    expect(idsOf("(xs_subtree ((platform/generation-id 0:0)))")).toEqual(["drawn"]);
  });

  it.each([KEYS, PLATFORM, QUOTED, FIELD])("is written over and nothing else: %j", (pairs) => {
    const at = pairs === KEYS ? pairs.indexOf("id 7:9") + 3 : pairs.lastIndexOf("7:9");
    const expected = `${pairs.slice(0, at)}${PAIR}${pairs.slice(at + 3)}`;
    expect(changed(pairs)).toBe(record(expected));
  });

  it("is written over in each place that has one", () => {
    const all = changed(`${KEYS}${QUOTED}`) ?? "";
    expect(all.split(PAIR)).toHaveLength(3);
    expect(configuredGenids("xapi", ascii(all))).toEqual([NEW, NEW]);
  });

  it("is found in bounded time and memory in a record that nests without end", () => {
    const deep = `(xs_subtree ${"(".repeat(200_000)}`;
    expect(configuredGenids("xapi", ascii(record(deep)))).toEqual([]);
  });
});
