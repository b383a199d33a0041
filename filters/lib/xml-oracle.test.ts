import fc from "fast-check";
import { SaxesParser } from "saxes";
import { beforeAll, describe, expect, it } from "vitest";
import { type ScannedEvent, XmlScanner } from "../../test/support/xml.js";

// The scanner against saxes, a strict parser by others.

const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 500);
const WHITE: fc.Arbitrary<string> = fc.constantFrom("", " ", "\n", "\r\n", "\t  ");
const GAP = fc.constantFrom(" ", "\n", "\r", "\t ");

let scanner: XmlScanner;
beforeAll(async () => {
  scanner = await XmlScanner.create();
});

/** What saxes reads, or nothing if it refuses. */
function oracle(document: string): ScannedEvent[] | undefined {
  const events: ScannedEvent[] = [];
  let refused = false;
  const parser = new SaxesParser({ xmlns: true });
  const addText = (text: string) => {
    const last = events.at(-1);
    if (last?.kind === "text") last.text += text;
    else if (text !== "") events.push({ kind: "text", text });
  };
  parser.on("error", () => {
    refused = true;
  });
  let depth = 0;
  parser.on("text", (text) => {
    if (depth > 0) addText(text);
  });
  parser.on("cdata", addText);
  parser.on("opentag", ({ local, uri, attributes }) => {
    depth++;
    const listed = Object.values(attributes)
      .filter(({ prefix, name }) => prefix !== "xmlns" && name !== "xmlns")
      .map(({ prefix, local, value }) => ({ prefix, local, value }));
    events.push({ kind: "start", local, namespace: uri, attributes: listed });
  });
  parser.on("closetag", () => {
    depth--;
    events.push({ kind: "end" });
  });
  parser.write(document).close();
  return refused ? undefined : events;
}

const name = fc.constantFrom("a", "b-c", "d.1", "_e", "été", "longer-than-sixteen-bytes", "日本", "x\u{10400}");
const prefix = fc.constantFrom("", "", "p:", "q:", "prefix-that-is-long:");
const character = fc.oneof(
  fc.constantFrom("x", "é", "€", "\u{1F600}", "]", "]]", "-", " ", "\n", "\r", "\t", "'", '"', "0123456789abcdef"),
  fc.constantFrom("&lt;", "&gt;", "&amp;", "&apos;", "&quot;", "&#65;", "&#x20AC;", "&#x1F600;", "&#13;", "&#xA;"),
);
const text = fc.array(character, { maxLength: 8 }).map((all) => all.join(""));
const value = text.map((each) => each.replaceAll('"', "'"));
const aside = fc.oneof(
  text.map((each) => `<!--${each.replaceAll("-", "")}-->`),
  text.map((each) => `<![CDATA[${each.replaceAll("]", "")}]]]>`),
  text.map((each) => `<?p ${each}?>`),
);

const DECLARED = ` xmlns:p="u:1" xmlns:q='u:2' xmlns:prefix-that-is-long="u:3"`;

const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  content: fc
    .array(fc.oneof({ weight: 2, arbitrary: tie("element") }, { weight: 3, arbitrary: text }, aside), { maxLength: 5 })
    .map((all) => all.join("")),
  element: fc
    .record({
      prefix,
      name,
      gap: GAP,
      white: WHITE,
      attributes: fc.uniqueArray(fc.tuple(prefix, name, value, WHITE), {
        maxLength: 12,
        selector: ([one, other]) => one + other,
      }),
      declared: fc.constantFrom("", "", ' xmlns="u:4"', ' xmlns=""', " xmlns:p='u:5'"),
      content: fc.oneof({ depthSize: "small", withCrossShrink: true }, fc.constant(""), tie("content")),
    })
    .map((made) => {
      const full = made.prefix + made.name;
      const attributes = made.attributes.map(
        ([one, other, text, white]) => `${made.gap}${one}${other}${white}="${text}"`,
      );
      const open = `<${full}${made.declared}${attributes.join("")}${made.white}`;
      return made.content === "" ? `${open}/>` : `${open}>${made.content}</${full}${made.white}>`;
    }),
}));

const document = fc
  .tuple(WHITE, element, WHITE)
  .map(([before, root, after]) => `${before}<root${DECLARED}>${root}</root>${after}<!-- end -->`);

describe("the scanner and saxes", () => {
  it("read the same in well-formed documents", () => {
    fc.assert(
      fc.property(document, (each) => {
        const expected = oracle(each);
        expect(expected).toBeDefined();
        const limits = { name: 65_536 };
        expect(scanner.scan(each, { limits })).toEqual({ events: expected });
      }),
      { numRuns: RUNS },
    );
  });

  it("agree about what is well-formed", () => {
    let agreed = 0;
    const pieces = fc.constantFrom(
      "<",
      ">",
      "&",
      ";",
      "/",
      "!",
      "?",
      "[",
      "]",
      "-",
      "'",
      '"',
      "=",
      ":",
      " ",
      "a",
      "x",
      "#",
      "",
      "]]>",
      "--",
      "xmlns",
    );
    fc.assert(
      fc.property(
        document,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(3),
        pieces,
        (each, where, cut, piece) => {
          const place = Math.floor(where * each.length);
          const changed = each.slice(0, place) + piece + each.slice(place + cut);
          fc.pre(!/\p{Surrogate}|<!DOCTYPE|^<\?xml/u.test(changed));
          const { error } = scanner.scan(changed);
          const events = oracle(changed);
          if (error === undefined) agreed++;
          expect(error === undefined, JSON.stringify([changed, error])).toBe(events !== undefined);
        },
      ),
      { numRuns: RUNS },
    );
    expect(agreed).toBeGreaterThan(0);
  });
});
