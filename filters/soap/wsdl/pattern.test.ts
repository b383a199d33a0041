import { RE2JS } from "@bufbuild/re2";
import { describe, expect, it } from "vitest";
import { translatePattern } from "./pattern.js";

function compiled(pattern: string, loose = false): RE2JS {
  const translated = translatePattern(pattern, loose);
  if ("reason" in translated) throw new Error(translated.reason);
  return RE2JS.compile(translated.re2);
}

/** A pattern, values that it takes, and values that it does not take. */
const TAKEN: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["", [""], ["a"]],
  ["a|b{2,3}|c{2}|d{2,}", ["a", "bb", "bbb", "cc", "dddd"], ["b", "bbbb", "c", "ccc", "d"]],
  ["(ab)*c?", ["", "abab", "abc"], ["a", "cc"]],
  ["a.c", ["abc", "a😀c", "a c"], ["a\nc", "a\rc", "ac"]],
  ["a^b$c", ["a^b$c"], ["abc", "a"]],
  ["\\^a\\$", ["^a$"], ["a"]],
  ["[0-9]{3}-\\d", ["123-4", "123-٣"], ["123-", "1234"]],
  ["[^a-c]", ["d", "é"], ["a", "b", "c", ""]],
  ["[a-z-[aeiou]]+", ["xyz", "b"], ["abc", "e", "B"]],
  ["[\\w-[\\d]]+", ["abc_", "é"], ["a1"]],
  ["[^\\d-[a-f]]", ["g", "%"], ["a", "5"]],
  ["[\\p{L}-[\\p{Lu}]]+", ["abc", "ß"], ["aB", "1"]],
  ["[a-z-[c-x-[g-i]]]+", ["abghiyz"], ["c", "f", "j"]],
  ["[\\d-[^0-4]]", ["0", "4"], ["5", "٣"]],
  ["[-a]+", ["-a-"], ["b"]],
  ["[a\\-z]+", ["a-z"], ["b"]],
  ["[a-]+", ["a-"], ["b"]],
  ["[+\\-*/.,;()]+", ["+-*/.,;()"], ["a"]],
  ["[\\^\\]\\[\\\\]+", ["^][\\"], ["a"]],
  ["\\i\\c*", ["_a1", ":b", "été"], ["1a", "-", ""]],
  ["\\I\\C", ["1 ", "- "], ["ab"]],
  ["\\s\\S", [" a", "\ta"], ["  ", "aa"]],
  ["\\D\\W", ["a.", "a "], ["1.", "aa"]],
  ["\\n\\r\\t\\\\\\|\\.\\?\\*\\+\\(\\)\\{\\}", ["\n\r\t\\|.?*+(){}"], ["n"]],
  ["\\p{Lu}\\P{Lu}", ["Aa", "Éé"], ["AA", "aa"]],
  ["\\p{IsGreek}+\\P{IsGreek}", ["αβa"], ["αβ", "aa"]],
  ["\\p{IsBasicLatin}*", ["abc ~"], ["é"]],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ["^a$", "`^` and `$` are plain characters in XML Schema, where a pattern covers the whole value anyway"],
  ["*a", "`*` repeats nothing"],
  ["a+?", "`?` repeats nothing"],
  ["(*)", "`*` repeats nothing"],
  ["(a", "a `(` is not closed"],
  ["a)", "a `)` closes nothing"],
  ["a]", "`]` closes nothing"],
  ["a}", "`}` closes nothing"],
  ["[a", "a `[` is not closed"],
  ["[]", "a class has no characters"],
  ["[z-a]", "a range of characters ends before it begins"],
  ["[a[b]", "a class has an unescaped `[`, or no end"],
  ["a{,3}", "`{,3}` is no number of repetitions"],
  ["a{3,2}", "`{3,2}` is no number of repetitions"],
  ["a{3", "`{}` is no number of repetitions"],
  ["\\b", "there is no escape `\\b`"],
  ["\\", "there is no escape `\\`"],
  ["\\p{IsKlingon}", "there is no category or block `IsKlingon`"],
  ["\\pL", "there is no category or block ``"],
  [`[a${"-[a".repeat(20)}${"]".repeat(21)}`, "it takes too many classes from one another"],
];

describe("a pattern of XML Schema", () => {
  it.each(TAKEN)("%s means the same in RE2", (pattern, yes, no) => {
    const re2 = compiled(pattern);
    for (const value of yes) expect(re2.matches(value), JSON.stringify(value)).toBe(true);
    for (const value of no) expect(re2.matches(value), JSON.stringify(value)).toBe(false);
  });

  it.each(REFUSED)("%s is refused", (pattern, reason) => {
    const translated = translatePattern(pattern);
    expect("reason" in translated ? translated.reason : translated.re2).toBe(reason);
  });

  it("that is loose differs only beyond ASCII", () => {
    for (const pattern of [
      "\\w",
      "\\W",
      "\\d",
      "\\D",
      "\\p{Po}",
      "\\P{S}",
      "[^\\w]",
      "[\\w-[a-f]]",
      "[^\\p{L}-[x-z]]",
    ]) {
      const [loose, exact] = [compiled(pattern, true), compiled(pattern)];
      for (let code = 0; code < 0x80; code++) {
        const value = String.fromCharCode(code);
        expect(loose.matches(value), `${pattern} ${code}`).toBe(exact.matches(value));
      }
      expect(loose.matches("é")).toBe(true);
    }
  });
});
