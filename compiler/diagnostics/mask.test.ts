import { describe, expect, test } from "vitest";
import { maskText } from "./mask.js";

describe("maskText", () => {
  test.each([
    ["expected a list, found a text", ["a"], "expected a list, found a text"],
    ["unknown key `a`; a list is a list", ["a"], "unknown key `*`; a list is a list"],
    ['found "value", expected one of: value', ["value"], 'found "*****", expected one of: value'],
    ["expected a text, found 12345", ["12345"], "expected a text, found *****"],
    ["at most 123456 of 12", ["12"], "at most 123456 of **"],
    ["found hunter2-secret here", ["hunter2-secret"], "found ************** here"],
    ['found "sk_live_01...", expected', ["sk_live_0123456789"], 'found "*************", expected'],
    ['found "say \\"hi\\" now"', ['say "hi" now'], 'found "**************"'],
    ['write `"0x1F"`', ["0x1F"], 'write `"****"`'],
    ["unknown key `key`", ['"key"'], "unknown key `***`"],
    ["a `b` c", ["", '""'], "a `b` c"],
    ["is `$&`", ["$&"], "is `**`"],
    ["found a-b", ["a-b"], "found ***"],
    ["is `]-/^`", ["]-/^"], "is `****`"],
  ])("%s without %j", (sentence, secrets, expected) => {
    expect(maskText(sentence, secrets)).toBe(expected);
  });
});
