import { GOOD, type Row, spoilt } from "./row.js";

const BOMB = `a: &a [x, x]\n${[..."bcdefghij"].map((name, index) => `${name}: &${name} [*${"abcdefghi"[index]}, *${"abcdefghi"[index]}, *${"abcdefghi"[index]}]\n`).join("")}`;

const TAGS = [
  ...[
    "!!js/function 'function () { process.exit() }'",
    "!!js/regexp /a/",
    "!!js/undefined ''",
    "!!python/object/apply:os.system [id]",
  ],
  ...[
    "!!binary aGk=",
    "!!str 5",
    "!!int '5'",
    "!!float 1",
    "!!null ''",
    "!!timestamp 2026-01-01",
    "!!set { a }",
    "!!omap [a: 1]",
  ],
  ...["!local x", "! x", "!<tag:yaml.org,2002:str> x", "!e!x y", "!!merge x"],
];

/** What YAML allows and a policy does not use. */
const features: Row[] = [
  { name: "an alias bomb", policy: `${GOOD}${BOMB}` },
  {
    name: "an alias bomb of 10,000 levels",
    policy: () =>
      `${GOOD}a0: &a0 x\n${Array.from({ length: 10_000 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]\n`).join("")}`,
  },
  {
    name: "100,000 anchors",
    policy: () => `${GOOD}x: [${Array.from({ length: 100_000 }, (_, index) => `&a${index} b, `).join("")}]\n`,
  },
  { name: "an anchor within itself", policy: `${GOOD}x: &x [*x]\n` },
  { name: "a mapping that is a key of itself", policy: `${GOOD}x: &x { *x : 1 }\n` },
  { name: "an anchor that nobody uses", policy: spoilt(["a shop", "&d a shop"]) },
  { name: "an alias without anchor", policy: spoilt(["a shop", "*nothing"]) },
  { name: "an anchor with a bad name", policy: spoilt(["a shop", "&\u202e a shop"]) },
  { name: "a merge key", policy: spoilt(["{ path: /hello }", "{ <<: { path: /hello } }"]) },
  { name: "a merge key of an alias", policy: spoilt(["{ path: /hello }", "{ <<: *m }"]) },
  {
    name: "a merge key in quotes, a key like others",
    policy: spoilt(["{ path: /hello }", '{ "<<": {}, path: /hello }']),
  },
  ...TAGS.map(
    (tag): Row => ({ name: `a tag, ${tag}`, policy: spoilt(["description: a shop", `description: ${tag}`]) }),
  ),
  { name: "a tag on a key", policy: spoilt(["description:", "!!str description:"]) },
  { name: "a tag on the whole file", policy: `!!map\n${GOOD}` },
  { name: "a directive of tags", policy: `%TAG ! tag:example.com,2026:\n---\n${GOOD}` },
  { name: "YAML 1.1", policy: `%YAML 1.1\n---\n${GOOD}` },
  { name: "YAML 99999999999999999999.1", policy: `%YAML 99999999999999999999.1\n---\n${GOOD}` },
  { name: "a directive of somebody", policy: `%EVIL yes\n---\n${GOOD}` },
  { name: "two documents", policy: `${GOOD}---\n${GOOD}` },
  { name: "two documents by a mark of the end", policy: `${GOOD}...\n${GOOD}` },
  { name: "an empty second document", policy: `${GOOD}---\n` },
  { name: "a first document that is empty", policy: `---\n---\n${GOOD}` },
  { name: "one document with all marks", policy: `---\n${GOOD}...\n` },
  { name: "many marks of the end", policy: `${GOOD}${"...\n".repeat(100)}` },
  { name: "many marks of the end in front", policy: `${"...\n".repeat(100)}${GOOD}` },
  { name: "a key over two lines", policy: `${GOOD}"a\n b": 1\n` },
  { name: "a list as a key", policy: `${GOOD}? [a, b]\n: 1\n` },
  { name: "a mapping as a key", policy: `${GOOD}? { a: 1 }\n: 1\n` },
  { name: "no key at all", policy: `${GOOD}: 1\n` },
  { name: "keys that are no texts", policy: `${GOOD}1: a\ntrue: b\n~: c\n1.5: d\n` },
  { name: "a key twice", policy: spoilt(["description: a shop", "description: a shop\ndescription: b"]) },
  {
    name: "a key twice, in two spellings",
    policy: spoilt(["description: a shop", 'description: a shop\n"descri\\u0070tion": b']),
  },
  {
    name: "a route twice, in a flow mapping",
    policy: spoilt(["redirect: { path: /new }", "redirect: { path: /new, path: /other }"]),
  },
  { name: "tabs as indentation", policy: spoilt(["  public:", "\tpublic:"]) },
  { name: "only a comment", policy: "# nothing\n" },
  { name: "only white space", policy: " \n\n  \n" },
  { name: "only a byte order mark", policy: "\ufeff" },
  {
    name: "JSON",
    policy: JSON.stringify({
      apiVersion: "sluice/v1",
      kind: "Gateway",
      name: "a",
      listeners: { a: { address: "127.0.0.1:1" } },
      routes: [{ name: "a", match: { path: "/" }, respond: { status: 200 } }],
    }),
  },
  { name: "XML", policy: '<?xml version="1.0"?><policy/>\n' },
  { name: "JavaScript", policy: "module.exports = { a: 1 };\n" },
  { name: "a template that nobody filled in", policy: spoilt(["name: shop", "name: {{ .Values.name }}"]) },
];

const encoded = (encoding: "utf16le" | "latin1", text: string): Buffer => Buffer.from(text, encoding);

function bytes(from: string, ...instead: number[]): Buffer {
  const good = Buffer.from(GOOD);
  const at = good.indexOf(from);
  return Buffer.concat([good.subarray(0, at), Buffer.from(instead), good.subarray(at + from.length)]);
}

/** Bytes that are no text, or another one in each reader's eyes. */
const encodings: Row[] = [
  { name: "a byte order mark at the start", policy: `\ufeff${GOOD}` },
  { name: "two byte order marks", policy: `\ufeff\ufeff${GOOD}` },
  { name: "a byte order mark within a key", policy: spoilt(["description", "descr\ufeffiption"]) },
  { name: "a byte order mark between documents", policy: `---\n\ufeff---\n${GOOD}` },
  { name: "a byte order mark at the end", policy: `${GOOD}\ufeff` },
  { name: "UTF-16 with a mark, little endian", policy: encoded("utf16le", `\ufeff${GOOD}`) },
  { name: "UTF-16 with a mark, big endian", policy: encoded("utf16le", `\ufeff${GOOD}`).swap16() },
  { name: "UTF-16 without a mark", policy: encoded("utf16le", GOOD) },
  { name: "UTF-32", policy: Buffer.from([...GOOD].flatMap((letter) => [letter.charCodeAt(0), 0, 0, 0])) },
  { name: "Latin-1", policy: encoded("latin1", spoilt(["a shop", "Käse"])) },
  { name: "an overlong form", policy: bytes("a shop", 0xc0, 0xaf) },
  { name: "an overlong NUL", policy: bytes("a shop", 0xc0, 0x80) },
  { name: "half of a surrogate pair in UTF-8", policy: bytes("a shop", 0xed, 0xa0, 0x80) },
  { name: "a character beyond U+10FFFF", policy: bytes("a shop", 0xf4, 0x90, 0x80, 0x80) },
  {
    name: "a sequence that breaks off at the end",
    policy: Buffer.concat([Buffer.from(GOOD), Buffer.from([0x23, 0xe2, 0x82])]),
  },
  { name: "only bad bytes", policy: Buffer.alloc(100_000, 0xff) },
  { name: "a gzip file", policy: Buffer.from("1f8b0800000000000003cb48cdc9c95728cf2fca49010085114a0d0b000000", "hex") },
  { name: "a program", policy: Buffer.from("7f454c460201010000000000000000000200", "hex") },
  ...[0x00, 0x01, 0x07, 0x08, 0x0b, 0x0c, 0x1b, 0x7f, 0x84, 0x9b, 0xfffe, 0xffff].map(
    (code): Row => ({
      name: `U+${code.toString(16).padStart(4, "0")} in a value`,
      policy: spoilt(["a shop", `a${String.fromCharCode(code)}b`]),
    }),
  ),
  { name: "NUL in a comment", policy: `${GOOD}# \u0000\n` },
  { name: "NUL as an escape", policy: spoilt(["a shop", '"a\\0b"']) },
  { name: "a bell as an escape, in a name", policy: spoilt(["name: shop", 'name: "shop\\a"']) },
  { name: "half of a surrogate pair as an escape", policy: spoilt(["a shop", '"a\\ud800b"']) },
  { name: "a surrogate pair as two escapes", policy: spoilt(["a shop", '"\\ud83d\\ude00"']) },
  { name: "an escape beyond U+10FFFF", policy: spoilt(["a shop", '"\\U00110000"']) },
  { name: "an escape of half a surrogate in eight digits", policy: spoilt(["a shop", '"\\U0000d800"']) },
  { name: "CR LF", policy: GOOD.replaceAll("\n", "\r\n") },
  { name: "CR alone", policy: GOOD.replaceAll("\n", "\r") },
  { name: "all three line breaks", policy: GOOD.replace("\n", "\r").replace("\nname", "\r\nname") },
  ...["\u0085", "\u2028", "\u2029"].map(
    (mark): Row => ({ name: `${JSON.stringify(mark)} as a line break`, policy: GOOD.replaceAll("\n", mark) }),
  ),
  { name: "U+2028 in a value", policy: spoilt(["a shop", "a\u2028b"]) },
  { name: "a line break as an escape, in a name", policy: spoilt(["name: shop", 'name: "shop\\nevil"']) },
  { name: "a line that begins a comment in a text", policy: spoilt(["a shop", '"a\n  # no comment"']) },
];

export const yaml: readonly Row[] = [...features, ...encodings];
