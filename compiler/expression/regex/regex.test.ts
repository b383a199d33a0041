import { RE2JS } from "@bufbuild/re2";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accepts, MOST_BYTES, serialise } from "./automaton.js";
import { compileRegex as compileWith } from "./regex.js";

const compileRegex = (pattern: string) => compileWith(pattern, { left: 10_000_000 });

function found(pattern: string, text: string): boolean | string {
  const automaton = compileRegex(pattern);
  return "reason" in automaton ? automaton.reason : accepts(automaton, Buffer.from(text));
}

describe("a regular expression", () => {
  const cases: [string, string[], string[]][] = [
    ["b", ["b", "abc", "äb"], ["", "a", "B"]],
    ["^/v[12]/", ["/v1/x", "/v2/"], ["/v3/", "a/v1/"]],
    ["^$", [""], ["a", "\n"]],
    ["a$", ["a", "ba"], ["a\n", "ab"]],
    ["(?m)^a$", ["a", "b\na", "a\nb", "b\na\nc"], ["ba", "b\nab"]],
    ["(?i)straße", ["STRAßE", "straẞe"], ["strasse"]],
    ["(?i)k", ["k", "K", "\u212a"], ["j"]],
    ["(?i)Σ", ["σ", "ς", "Σ"], ["s"]],
    ["^.$", ["a", "ä", "€", "😀"], ["\n", "ab", ""]],
    ["(?s)^.$", ["\n", "a"], ["ab"]],
    ["^[^a]$", ["b", "ä", "😀", "\n"], ["a", "bb"]],
    ["^[α-ω]+$", ["αβγ", "ω"], ["a", "αa", ""]],
    ["\\bcat\\b", ["cat", "a cat.", "ä-cat", "äcat"], ["cats", "concat", "cat_"]],
    ["\\B", ["", "ä", "ab"], ["a", "aäa"]],
    ["^\\B€\\B$", ["€"], ["a€"]],
    ["^\\pL$", ["x", "ä", "٣ع".slice(1)], ["1", "_"]],
    ["^(a|b)*abb$", ["abb", "aabb", "babb"], ["ab", "abba"]],
    ["^(\\d{1,3}\\.){3}\\d{1,3}$", ["10.0.0.1"], ["10.0.0", "10.0.0.1234"]],
    ["a\\bb", [], ["ab", "a b"]],
    ["[^\\x00-\\x{10ffff}]", [], ["", "a"]],
    ["a*", ["", "b"], []],
    ["\\x{10ffff}|\\x{e000}|\\x{d7ff}", ["\u{10ffff}", "\ue000", "\ud7ff"], ["\u{10fffe}"]],
    ["\\Qa.b\\E", ["a.b"], ["axb"]],
    ["a\\z", ["ba"], ["a\n"]],
  ];
  it.each(cases)("%s", (pattern, yes, no) => {
    for (const text of yes) expect([text, found(pattern, text)]).toEqual([text, true]);
    for (const text of no) expect([text, found(pattern, text)]).toEqual([text, false]);
  });

  it("has one automaton, whatever way it is written", () => {
    for (const [one, other] of [
      ["a|b|c", "[a-c]"],
      ["aa*", "a"],
      ["^(?:a|ab)c$", "^ab?c$"],
      [".*x.*", "x"],
    ] as const)
      expect(compileRegex(one)).toEqual(compileRegex(other));
  });

  it("takes no byte that is not UTF-8 for a character", () => {
    const automaton = compileRegex("^.$");
    if ("reason" in automaton) throw new Error(automaton.reason);
    for (const bytes of [[0x80], [0xc0, 0x80], [0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff]])
      expect(accepts(automaton, Uint8Array.from(bytes))).toBe(false);
  });

  it.each([
    ["(", "missing closing ): `(`"],
    ["a**", "invalid nested repetition operator: `**`"],
    ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
    ["(a)\\1", "invalid escape sequence: `\\1`"],
    ["(a|b)*a(a|b){30}", "it takes too many states to be looked for in one pass"],
    ["(?:.{1,100}x){10}", "it takes too many states to be looked for in one pass"],
    ["((a{100}){10}b){1000}", "it repeats too much"],
    [`(?:${"a?".repeat(500)}){900}`, "it repeats too much"],
    ["\\pL{900}", "it repeats too much"],
    ["(?i)(a?){500}a{500}", "it takes too many states to be looked for in one pass"],
  ])("of %.40s is refused", (pattern, reason) => {
    expect(compileRegex(pattern)).toMatchObject({ reason });
  });
});

describe("the effort of a file", () => {
  it("is enough for hundreds of patterns, and not for many that cost much", () => {
    const effort = { left: 8_000_000 };
    for (let route = 0; route < 500; route++)
      expect(compileWith(`^/api/v[0-9]+/service-${route}/[a-z0-9-]{1,20}(/|$)`, effort)).toHaveProperty("states");
    expect(effort.left).toBeGreaterThan(0);
    let tries = 0;
    while (effort.left > 0) tries += "reason" in compileWith(`(a|b)*a(a|b){${20 + tries}}`, effort) ? 1 : 1_000;
    expect(tries).toBeLessThan(20);
    expect(compileWith("a", effort)).toEqual({
      reason: "those of the file before it have cost too much already",
      tooLarge: true,
    });
  });
});

const atom = fc.constantFrom(
  ..."a b c . ä € 😀 \\n [ab] [^a] [ä-ü] [^ä] \\w \\W \\d \\s [[:alpha:]] (?i:k) (?i:ä) (?s:.) ^ $ (?m:^) (?m:$) \\b \\B \\A \\z \\pL".split(
    " ",
  ),
);
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atom,
    fc
      .array(tie("pattern"), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.map((part) => `(?:${part})`).join("")),
    fc.array(tie("pattern"), { minLength: 2, maxLength: 3 }).map((parts) => `(?:${parts.join("|")})`),
    fc
      .tuple(tie("pattern"), fc.constantFrom("*", "+", "?", "*?", "{2}", "{1,3}", "{0}", "{2,}"))
      .map(([part, sign]) => `(?:${part})${sign}`),
  ),
}));
const text = fc
  .array(fc.constantFrom(..."a b c k K _ 1 - ä Ä ü € 😀 \u212a".split(" "), " ", "\n"), { maxLength: 8 })
  .map((characters) => characters.join(""));

describe("any regular expression", () => {
  it("is found where RE2 finds it", () => {
    let refused = 0;
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 4, maxLength: 8 }), (source, texts) => {
        const automaton = compileRegex(source);
        if ("reason" in automaton) {
          refused += 1;
          return;
        }
        expect(serialise(automaton).length).toBeLessThanOrEqual(MOST_BYTES);
        const re2 = RE2JS.compile(source);
        for (const one of texts) expect([one, accepts(automaton, Buffer.from(one))]).toEqual([one, re2.test(one)]);
      }),
      { numRuns: 600 },
    );
    expect(refused).toBeLessThan(100);
  });

  it("is compiled or refused, whatever it is", () => {
    const token = fc.constantFrom(
      ..."( ) (?: (?i) (?s-m: (?P<a> [ [^ ] [: :] {1,2} {1000} { } , - * + ? *? | . ^ $ \\ \\Q \\E \\b \\pL \\p{ \\x{ \\x{d800} \\x41 \\1 \\C a ä 😀 k 1 \n \u0000".split(
        " ",
      ),
    );
    const soup = fc.oneof(
      fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join("")),
      fc.string({ unit: "binary", maxLength: 20 }),
    );
    let compiled = 0;
    fc.assert(
      fc.property(soup, (source) => {
        const automaton = compileRegex(source);
        if ("reason" in automaton) expect(automaton.reason).not.toBe("");
        else compiled += 1;
      }),
      { numRuns: 1_500 },
    );
    expect(compiled).toBeGreaterThan(100);
  });
});
