import { GOOD, type Row, spoilt } from "./row.js";

const MIB = 1024 * 1024;

/** A text of some bytes that repeats another one. */
function filled(size: number, piece: string): () => Uint8Array {
  return () => Buffer.alloc(size, piece);
}

/** Something for each number below a count, one after the other. */
function each(count: number, write: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => write(index)).join("");
}

const PIECES = [
  "a",
  "[",
  "{a: ",
  "{",
  "- ",
  "? ",
  "\n",
  "\r",
  "# c\n",
  "'",
  '"',
  "|\n",
  "a: ",
  "a\n",
  "%Y\n",
  "---\n",
  "\u0000",
];

/** More than is read at all. */
const tooLarge: Row[] = ["a", "[", "{a: ", "- ", "\n", "# c\n"].map((piece) => ({
  name: `50 MiB of ${JSON.stringify(piece)}`,
  policy: filled(50 * MIB, piece),
}));

/** As much as is read. */
const largest: Row[] = PIECES.map((piece) => ({
  name: `4 MiB of ${JSON.stringify(piece)}`,
  policy: filled(4 * MIB, piece),
}));

/** A good policy with something large in it. */
const within: Row[] = [
  { name: "one line of 4 MiB, a value", policy: () => spoilt(["a shop", "x".repeat(4_190_000)]) },
  { name: "one line of 4 MiB, a key", policy: () => spoilt(["description", "x".repeat(4_190_000)]) },
  { name: "a comment of 4 MiB", policy: () => `${GOOD}# ${"x".repeat(4_190_000)}` },
  { name: "a million comments in front", policy: () => `${"#\n".repeat(2_000_000)}${GOOD}` },
  { name: "a million empty lines within a text", policy: () => spoilt(["a shop", `"a${"\n".repeat(4_000_000)} b"`]) },
  { name: "a block of a million lines", policy: () => spoilt(["a shop", `|\n${"  a\n".repeat(1_000_000)}`]) },
  { name: "flow lists, 100,000 deep", policy: () => `${GOOD}x: ${"[".repeat(100_000)}${"]".repeat(100_000)}\n` },
  { name: "flow mappings, 100,000 deep", policy: () => `${GOOD}x: ${"{a: ".repeat(100_000)}1${"}".repeat(100_000)}\n` },
  { name: "block lists on one line, 100,000 deep", policy: () => `${GOOD}x:\n  ${"- ".repeat(100_000)}1\n` },
  { name: "block keys on one line, 100,000 deep", policy: () => `${GOOD}x:\n  ${"? ".repeat(100_000)}1\n` },
  { name: "block mappings, 2,800 deep", policy: () => each(2_800, (level) => `${" ".repeat(level)}a:\n`) },
  { name: "64 levels within a mapping", policy: () => `${GOOD}x: ${"[".repeat(63)}${"]".repeat(63)}\n` },
  { name: "100,000 unknown keys", policy: () => `${GOOD}${each(100_000, (index) => `k${index}: 1\n`)}` },
  { name: "100,000 keys, all the same", policy: () => `${GOOD}${"a: 1\n".repeat(100_000)}` },
  { name: "400,000 keys of one flow mapping, all the same", policy: () => `x: {${"a: 1, ".repeat(400_000)}}\n` },
  {
    name: "100,000 consumers",
    policy: () => spoilt(["consumers:\n", `consumers:\n${each(100_000, (index) => `  c${index}: {}\n`)}`]),
  },
  {
    name: "65,000 consumers",
    policy: () =>
      spoilt([
        "consumers:\n",
        `consumers:\n${each(65_000, (index) => `  c${index}: { credentials: [{ apiKey: env:K${index} }] }\n`)}`,
      ]),
  },
  {
    name: "100,000 services",
    policy: () => spoilt(["services:\n", `services:\n${each(100_000, (index) => `  c${index}: {}\n`)}`]),
  },
  {
    name: "100,000 listeners",
    policy: () => spoilt(["listeners:\n", `listeners:\n${each(100_000, (index) => `  c${index}: {}\n`)}`]),
  },
  {
    name: "70,000 listeners at one address",
    policy: () =>
      spoilt(["listeners:\n", `listeners:\n${each(70_000, (index) => `  c${index}: { address: 127.0.0.1:1 }\n`)}`]),
  },
  {
    name: "100,000 policies",
    policy: () => spoilt(["policies:\n", `policies:\n${each(100_000, (index) => `  c${index}: {}\n`)}`]),
  },
  {
    name: "100,000 kinds in one policy",
    policy: () => spoilt(["  keys: {", `  keys: { ${each(100_000, (index) => `k${index}: 1, `)}`]),
  },
  { name: "100,000 routes that are nothing", policy: () => `${GOOD}${"  - {}\n".repeat(100_000)}` },
  { name: "100,000 routes that are numbers", policy: () => `${GOOD}${"  - 1\n".repeat(100_000)}` },
  {
    name: "20,000 routes that are wrong in three ways each",
    policy: () => `${GOOD}${"  - { name: A, match: { path: x }, to: 1, x: 1 }\n".repeat(19_000)}`,
  },
  { name: "100,000 routes", policy: () => `${GOOD}${"  - { name: a, match: { path: /a } }\n".repeat(100_000)}` },
  {
    name: "19,000 routes that are the same",
    policy: () => `${GOOD}${each(19_000, (index) => `  - { name: r${index}, match: { path: /a }, to: orders }\n`)}`,
  },
  {
    name: "19,000 routes of one name",
    policy: () => `${GOOD}${each(19_000, (index) => `  - { name: a, match: { path: /a${index} }, to: orders }\n`)}`,
  },
  {
    name: "19,000 routes to services that are not there",
    policy: () =>
      `${GOOD}${each(19_000, (index) => `  - { name: r${index}, match: { path: /r${index} }, to: service-${index} }\n`)}`,
  },
  {
    name: "19,000 hosts",
    policy: () =>
      `${GOOD}${each(19_000, (index) => `  - { name: r${index}, match: { host: h${index}.a, path: /** }, to: orders }\n`)}`,
  },
  {
    name: "1,000,000 items of a list",
    policy: () => spoilt(["[keys, access, limit]", `[${"a, ".repeat(1_000_000)}]`]),
  },
  {
    name: "1,000,000 items of a list with dashes",
    policy: () =>
      spoilt(
        ["methods: [GET]", "methods: []"],
        ["    apply: [keys, access, limit]\n", `    apply:\n${"    -\n".repeat(600_000)}`],
      ),
  },
  { name: "1,000,000 groups", policy: () => spoilt(["[partners]", `[${"1,".repeat(1_000_000)}]`]) },
  {
    name: "250,000 rules",
    policy: () => spoilt(["[{ name: readers,", `[${"{name: a},".repeat(250_000)}{ name: readers,`]),
  },
  {
    name: "300 methods that are no methods",
    policy: () => spoilt(["methods: [GET]", `methods: [${"get, ".repeat(300)}]`]),
  },
  { name: "a header match of 1 MiB", policy: () => spoilt(['"2"', `"${"2".repeat(MIB)}"`]) },
  { name: "a body of 64 KiB", policy: () => spoilt(["body: hello", `body: "${"%".repeat(65_536)}"`]) },
  {
    name: "a body of 64 KiB that is more in UTF-8",
    policy: () => spoilt(["body: hello", `body: "${"ä".repeat(40_000)}"`]),
  },
  {
    name: "100,000 comments that silence something",
    policy: () => `${GOOD}${"# sluice-ignore: SL0403 x\n".repeat(100_000)}`,
  },
  { name: "a million `#` on one line", policy: () => `${GOOD}# ${"#".repeat(1_000_000)} ${"# ".repeat(500_000)}\n` },
  {
    name: "a comment of 400,000 silencing words",
    policy: () => `${GOOD}# ${"# sluice-ignore: SL0403, ".repeat(100_000)}\n`,
  },
];

/** Everything on one line, so that what is looked for on the line of a finding is the whole file. */
const oneLine: Row[] = [
  { name: "100,000 unknown keys on one line", policy: () => `{${each(100_000, (index) => `k${index}: 1, `)}}` },
  {
    name: "50,000 keys given as themselves, on one line",
    policy: () => spoilt(["{ apiKey: env:ACME_KEY }", each(50_000, (index) => `{ apiKey: secret-number-${index} }, `)]),
  },
  {
    name: "50,000 consumers with keys given as themselves, on one line",
    policy: () =>
      spoilt(
        ["  acme: {", `  ? b\n  : { credentials: [] }\n  acme: {`],
        [
          "consumers:\n",
          `x: {${each(50_000, (index) => `c${index}: {credentials: [{apiKey: secret-${index}}]}, `)}}\nconsumers:\n`,
        ],
      ),
  },
  {
    name: "40,000 wrong passwords, on one line",
    policy: () => `{${each(60_000, (index) => `password${index}: hunter${index}, `)}}`,
  },
  { name: "60,000 anchors on one line", policy: () => `{${each(60_000, (index) => `k${index}: &a${index} 1, `)}}` },
];

export const sizes: readonly Row[] = [...tooLarge, ...largest, ...within, ...oneLine];
