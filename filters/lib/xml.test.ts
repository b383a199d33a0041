import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type ScannedEvent, type ScanOptions, XmlScanner } from "../../test/support/xml.js";

let scanner: XmlScanner;
beforeAll(async () => {
  scanner = await XmlScanner.create();
});

const reason = (document: string | Uint8Array, options?: ScanOptions) => scanner.scan(document, options).error?.reason;

/** The events of a document that is taken, in one line: names in braces have a namespace. */
function read(document: string | Uint8Array, options?: ScanOptions): string {
  const { events, error } = scanner.scan(document, options);
  expect(error).toBeUndefined();
  return events.map(shown).join(" ");
}

function shown(event: ScannedEvent): string {
  if (event.kind === "end") return "/";
  if (event.kind === "text") return JSON.stringify(event.text);
  const attributes = event.attributes.map(({ prefix, local, value }) => ` ${prefix}|${local}=${JSON.stringify(value)}`);
  return `<{${event.namespace}}${event.local}${attributes.join("")}>`;
}

describe("XML", () => {
  it("elements, attributes and text come in their order", () => {
    expect(read(`<a x="1" y='2'>one<b/>two</a>`)).toBe(`<{}a |x="1" |y="2"> "one" <{}b> / "two" /`);
  });

  it("what stands around the element is passed over", () => {
    const document = `\uFEFF<?xml version="1.0" encoding='utf-8' standalone="yes" ?>\n<!-- - --><?p x?>\n<a/>\n<!----><?q?>\n`;
    expect(read(document)).toBe("<{}a> /");
  });

  it("text goes through comments, instructions and CDATA, and is never empty", () => {
    expect(read("<a>1<!-- x -->2<?p ?>3<![CDATA[<&]]]>4<![CDATA[]]></a>")).toBe('<{}a> "123<&]4" /');
    expect(read("<a><!-- x --><![CDATA[]]><b/></a>")).toBe("<{}a> <{}b> / /");
    expect(read("<a><![CDATA[]]]]><![CDATA[>]]></a>")).toBe('<{}a> "]]>" /');
  });

  it("references stand for characters", () => {
    expect(read("<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;&#0000000000000000000066;&#xd;</a>")).toBe(
      `<{}a> ${JSON.stringify("<>&'\"A\u{1F600}B\r")} /`,
    );
    expect(read(`<a b="&lt;&gt;&amp;&apos;&quot;&#xA;"/>`)).toBe(`<{}a |b=${JSON.stringify("<>&'\"\n")}> /`);
  });

  it("line ends become line feeds, and white space in values becomes spaces", () => {
    expect(read("<a>\r\n1\r2\n3\r\r\n</a>")).toBe(`<{}a> ${JSON.stringify("\n1\n2\n3\n\n")} /`);
    expect(read('<a b="1\r\n2\t3\n4\r5"/>')).toBe('<{}a |b="1 2 3 4 5"> /');
  });

  it("text of all lengths is the same wherever it begins", () => {
    for (let size = 1; size < 70; size++) {
      const text = "é<>&]x\r".repeat(10).slice(0, size);
      const escaped = text.replace(/[<&\r>]/g, (character) => `&#${character.charCodeAt(0)};`);
      expect(read(`<a>${escaped}</a>`)).toBe(`<{}a> ${JSON.stringify(text)} /`);
      expect(read(`<a>${"x".repeat(size)}</a>`)).toBe(`<{}a> "${"x".repeat(size)}" /`);
      expect(read(`<a  b="${escaped}"/>`)).toBe(`<{}a |b=${JSON.stringify(text)}> /`);
      const name = "nä".repeat(size);
      expect(read(`<${name} ${name}=""></${name}\n>`)).toBe(`<{}${name} |${name}=""> /`);
    }
  });

  it.each([
    ["", "end"],
    [" ", "end"],
    ["<", "end"],
    ["<a", "end"],
    ["<a>", "end"],
    ["<a></a", "end"],
    ["<a><!-", "end"],
    ["x", "outside"],
    ["<a/>x", "outside"],
    ["<a/><b/>", "outside"],
    ["<a/><![CDATA[]]>", "syntax"],
    ["&amp;<a/>", "outside"],
    ["<a></b>", "tag"],
    ["<ab></a>", "tag"],
    ["<a></ab>", "tag"],
    ["<a></ a>", "tag"],
    ["</a>", "name"],
    ["< a/>", "name"],
    ["<1/>", "name"],
    ["<a 1=''/>", "name"],
    ["<a b/>", "syntax"],
    ["<a b=c/>", "syntax"],
    ["<a b='<'/>", "syntax"],
    ["<a b=''c=''/>", "syntax"],
    ["<a / >", "syntax"],
    ["<a>]]></a>", "syntax"],
    ["<a><!-- -- --></a>", "syntax"],
    ["<a><!--- ---></a>", "syntax"],
    ["<a>& </a>", "reference"],
    ["<a>&b;</a>", "reference"],
    ["<a>&LT;</a>", "reference"],
    ["<a>&#;</a>", "reference"],
    ["<a>&#X41;</a>", "reference"],
    ["<a>&#4f;</a>", "reference"],
    ["<a>&lt</a>", "reference"],
    ["<a b='&c;'/>", "reference"],
    ["<a b='' b=''/>", "duplicate"],
    ["<?xml version='1.1'?><a/>", "version"],
    ["<?xml version='1.0' encoding='latin1'?><a/>", "encoding"],
    ["<?xml version='1.0' encoding=''?><a/>", "syntax"],
    ["<?xml encoding='utf-8'?><a/>", "syntax"],
    ["<?xml version='1.0' standalone='maybe'?><a/>", "syntax"],
    [" <?xml version='1.0'?><a/>", "syntax"],
    ["<a><?XML ?></a>", "syntax"],
    ["<!DOCTYPE a><a/>", "doctype"],
    ["<a><!DOCTYPE a></a>", "doctype"],
    ["<a/><!DOCTYPE a>", "doctype"],
    ["<!ELEMENT a ANY><a/>", "syntax"],
  ])("%j is refused: %s", (document, expected) => {
    expect(reason(document)).toBe(expected);
  });

  it.each([
    "&#0;",
    "&#x1F;",
    "&#8;",
    "&#xFFFE;",
    "&#xFFFF;",
    "&#xD800;",
    "&#xDFFF;",
    "&#x110000;",
    `&#${"9".repeat(40)};`,
  ])("no %s, in text or in a value", (reference) => {
    expect(reason(`<a>${reference}</a>`)).toBe("character");
    expect(reason(`<a b="${reference}"/>`)).toBe("character");
  });

  it("no character that XML does not have, wherever it stands", () => {
    const bytes = [[0], [1], [0x0b], [0x1f], [0xef, 0xbf, 0xbe], [0xef, 0xbf, 0xbf], [0xed, 0xa0, 0x80]].map((each) =>
      Buffer.from(each).toString("latin1"),
    );
    for (const odd of bytes) {
      for (const document of [`<a>${odd}</a>`, `<a b="${odd}"/>`, `<!--${odd}--><a/>`, `<a${odd}/>`, `<a/>${odd}`]) {
        const padded = `${" ".repeat(odd.charCodeAt(0) % 17)}${document}`;
        expect(reason(Buffer.from(padded, "latin1")), JSON.stringify(document)).toBe("character");
      }
    }
    expect(read("<a>\u007f\u0080\u{1fffe}\ufffd</a>")).toBe(`<{}a> ${JSON.stringify("\u007f\u0080\u{1fffe}\ufffd")} /`);
  });

  it("UTF-8 only", () => {
    expect(reason(Buffer.from("<a>é</a>", "latin1"))).toBe("utf8");
    expect(reason(Buffer.from([0x3c, 0x61, 0x3e, 0xc0, 0xaf]))).toBe("utf8");
    for (const encoded of ["\uFEFF<a/>", "<a/>"]) {
      const little = Buffer.from(encoded, "utf16le");
      expect(reason(little)).toBe("utf16");
      expect(reason(Buffer.from(little).swap16())).toBe("utf16");
    }
    expect(reason(Buffer.from([0, 0, 0, 0x3c, 0, 0, 0, 0x61]))).toBe("utf16");
  });

  it("instructions are refused where none may be", () => {
    expect(reason("<?p?><a/>", { instructions: false })).toBe("instruction");
    expect(reason("<a><?p?></a>", { instructions: false })).toBe("instruction");
    expect(reason("<a/><?p?>", { instructions: false })).toBe("instruction");
    expect(reason("<?xml version='1.0'?><a/>", { instructions: false })).toBeUndefined();
  });

  it("tells where", () => {
    expect(scanner.scan("<a>\n<b></c></a>").error).toEqual({ reason: "tag", offset: 9 });
    expect(scanner.scan("<a>12345678901234567890\u0001</a>").error).toEqual({ reason: "character", offset: 23 });
    expect(scanner.scan("<a b='' c='' b=''/>").error).toEqual({ reason: "duplicate", offset: 13 });
  });

  it("a refusal is final", () => {
    expect(reason("<a></b>")).toBe("tag");
    expect(scanner.again()).toBe("tag");
  });
});

describe("namespaces", () => {
  it("prefixes stand for what is declared around them", () => {
    const document = `<a xmlns="u:1" xmlns:p="u:2"><p:b q="0" p:q="1"/><b xmlns="" xmlns:p="u:3"><p:c/><d/></b><p:e/><f/></a>`;
    expect(read(document)).toBe(
      `<{u:1}a> <{u:2}b |q="0" p|q="1"> / <{}b> <{u:3}c> / <{}d> / / <{u:2}e> / <{u:1}f> / /`,
    );
  });

  it("a name of a namespace is a value like others", () => {
    expect(read(`<p:a xmlns:p=" u:&amp;&#x41; "/>`)).toBe("<{ u:&A }a> /");
    expect(read(`<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="en"/>`)).toBe(`<{}a xml|lang="en"> /`);
  });

  it.each([
    ["<p:a/>", "prefix"],
    ["<a p:b=''/>", "prefix"],
    ["<xmlns:a/>", "prefix"],
    ["<a><b xmlns:p='u'/><p:c/></a>", "prefix"],
    ["<a xmlns:p=''/>", "namespace"],
    ["<a xmlns:xmlns='u'/>", "namespace"],
    ["<a xmlns:xml='u'/>", "namespace"],
    ["<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", "namespace"],
    ["<a xmlns='http://www.w3.org/XML/1998/namespace'/>", "namespace"],
    ["<a xmlns='http://www.w3.org/2000/xmlns/'/>", "namespace"],
    ["<a xmlns:p='u' xmlns:p='v'/>", "duplicate"],
    ["<a xmlns='u' xmlns='v'/>", "duplicate"],
    ["<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", "duplicate"],
    ["<a:b:c xmlns:a='u'/>", "name"],
    ["<:a/>", "name"],
    ["<a:/>", "name"],
    ["<a:1 xmlns:a='u'/>", "name"],
    ["<a xmlns:='u'/>", "name"],
    ["<?a:b?><a/>", "name"],
  ])("%s is refused: %s", (document, expected) => {
    expect(reason(document)).toBe(expected);
    if (expected !== "duplicate" || document.includes("q:b"))
      expect(reason(document, { namespaces: false })).toBeUndefined();
  });

  it("the same local name in two namespaces is two names", () => {
    expect(read("<a xmlns:p='u' xmlns:q='v' p:b='1' q:b='2' b='3'/>")).toBe(`<{}a p|b="1" q|b="2" |b="3"> /`);
  });

  it("prefixes of many declarations are found, and forgotten with their elements", () => {
    const declared = Array.from({ length: 60 }, (_, index) => ` xmlns:p${index % 50}long${index}="u:${index}"`);
    const inner = Array.from({ length: 60 }, (_, index) => `<p${index % 50}long${index}:e/>`);
    const hidden = `<x xmlns:p3long3="v"><p3long3:e/><p59:e xmlns:p59="w"/></x>`;
    const events = read(`<a${declared.join("")}>${inner.join("")}${hidden}<p3long3:e/></a>`);
    const expected = Array.from({ length: 60 }, (_, index) => `<{u:${index}}e> /`);
    expect(events).toBe(`<{}a> ${expected.join(" ")} <{}x> <{v}e> / <{w}e> / / <{u:3}e> / /`);
  });
});

describe("limits", () => {
  const limits = { depth: 3, attributes: 2, name: 4, declarations: 2 };

  it.each([
    ["<a><a><a/></a></a>", undefined],
    ["<a><a><a><a/></a></a></a>", "depth"],
    ["<a><a><a/><a/></a><a/></a>", undefined],
    ["<a b='' c=''/>", undefined],
    ["<a b='' c='' d=''/>", "attributes"],
    ["<abcd efgh=''/>", undefined],
    ["<abcde/>", "nameLength"],
    ["<a bcdef=''/>", "nameLength"],
    ["<a/><?abcde?>", "nameLength"],
    ["<a xmlns='u'><b xmlns='v'/><b xmlns=''/></a>", undefined],
    ["<a xmlns='u'><b xmlns='v'><c xmlns='w'/></b></a>", "namespaces"],
  ])("%s: %s", (document, expected) => {
    // The prefix of every declaration is a name too.
    expect(reason(document, { limits: { ...limits, name: document.includes("xmlns") ? 5 : 4 } })).toBe(expected);
  });
});

describe("any bytes", () => {
  const sample = `<?xml version="1.0"?><!-- c --><s:E xmlns:s="u:s" xmlns="u:d"><s:H/><b c="1&amp;2" d='3'>é&#x20AC;<![CDATA[x]]>\r\n<e/></b></s:E>`;

  it("a document that ends at any byte is refused", () => {
    const bytes = Buffer.from(sample);
    expect(reason(bytes)).toBeUndefined();
    for (let end = 0; end < bytes.length; end++) expect(reason(bytes.subarray(0, end)), `${end}`).toBeDefined();
  });

  it("no change of a document is a trap", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.nat(Buffer.byteLength(sample) - 1),
            fc.constantFrom(...Buffer.from("<>&;/!?[]-'\"=: \r\nax#0\0\u00ff", "latin1")),
          ),
          {
            minLength: 1,
            maxLength: 6,
          },
        ),
        (changes) => {
          const bytes = Buffer.from(sample);
          for (const [place, byte] of changes) bytes[place] = byte;
          scanner.scan(bytes);
        },
      ),
      { numRuns: Number(process.env.SLUICE_FUZZ_RUNS ?? 500) },
    );
  });

  it("no bytes are a trap", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        scanner.scan(bytes);
      }),
      { numRuns: Number(process.env.SLUICE_FUZZ_RUNS ?? 500) },
    );
  });
});
