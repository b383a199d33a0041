import { type Row, spoilt } from "./row.js";

/** What Envoy, templates, shells and HTTP take for more than text. */
const TEXTS = [
  "%REQ(x-api-key)%",
  "%%",
  "%",
  "%ENVIRONMENT(HOME)%",
  "%FILTER_STATE(wasm.sluice.consumer:PLAIN)%",
  "%{x}",
  "{{ .Values.x }}",
  "{x}",
  "\u0024{HOME}",
  "$(id)",
  "a\r\nset-cookie: b=c",
  "a\nb",
  "a\rb",
  "a\u0000b",
  "a\tb",
  "a\u0080b",
  " a",
  "a ",
  "<script>",
  "ä",
];

/** Where a text of the author's reaches the configuration, if it is accepted; the text is given as JSON. */
export const PLACES: readonly (readonly [where: string, write: (text: string) => string])[] = [
  ["the name of the gateway", (text) => spoilt(["name: shop", `name: ${text}`])],
  ["a description", (text) => spoilt(["a shop", text])],
  ["a description of a policy", (text) => spoilt(["  limit: {", `  limit: { description: ${text},`])],
  ["a host", (text) => spoilt(["api.example.com", text])],
  ["a path", (text) => spoilt(["path: /hello", `path: ${text}`])],
  ["a path after a slash", (text) => spoilt(["path: /hello", `path: ${JSON.stringify(`/a${JSON.parse(text)}`)}`])],
  [
    "a regular expression of a path",
    (text) => spoilt(["path: /hello", `path: ${JSON.stringify(`~/${JSON.parse(text)}`)}`]),
  ],
  ["a method", (text) => spoilt(["[GET]", `[${text}]`])],
  ["the name of a header", (text) => spoilt(["x-version:", `${text}:`])],
  ["the value of a header", (text) => spoilt(['"2"', text])],
  ["a body", (text) => spoilt(["body: hello", `body: ${text}`])],
  ["the name of a header of an answer", (text) => spoilt(["x-from:", `${text}:`])],
  ["the value of a header of an answer", (text) => spoilt(["x-from: sluice", `x-from: ${text}`])],
  [
    "a path of a redirect",
    (text) => spoilt(["redirect: { path: /new }", `redirect: { path: ${JSON.stringify(`/${JSON.parse(text)}`)} }`]),
  ],
  [
    "a URL of a redirect",
    (text) =>
      spoilt([
        "redirect: { path: /new }",
        `redirect: { to: ${JSON.stringify(`https://example.com/${JSON.parse(text)}`)} }`,
      ]),
  ],
  [
    "a host of a redirect",
    (text) =>
      spoilt(["redirect: { path: /new }", `redirect: { to: ${JSON.stringify(`https://${JSON.parse(text)}/`)} }`]),
  ],
  ["an address", (text) => spoilt(["127.0.0.1:9001", text])],
  [
    "a name of DNS",
    (text) => spoilt(["endpoints: [127.0.0.1:9001]", `dns: ${JSON.stringify(`${JSON.parse(text)}:80`)}`]),
  ],
  ["a header of a credential", (text) => spoilt(["x-api-key", text])],
  ["a key", (text) => spoilt(["env:ACME_KEY", text])],
  [
    "a string of a condition",
    (text) => spoilt([`'request.method == "GET"'`, JSON.stringify(`request.method == ${text}`)]),
  ],
  ["a name of a rule", (text) => spoilt(["name: readers", `name: ${text}`])],
  [
    "an origin",
    (text) =>
      spoilt(
        ["  limit: {", `  scripts: { cors: { origins: [${text}] } }\n  limit: {`],
        ["access, limit]", "access, limit, scripts]"],
      ),
  ],
];

export const substitutions: readonly Row[] = TEXTS.flatMap((text) =>
  PLACES.map(
    ([where, write]): Row => ({ name: `${JSON.stringify(text)} as ${where}`, policy: write(JSON.stringify(text)) }),
  ),
);
