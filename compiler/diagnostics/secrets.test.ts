import { expect, it } from "vitest";
import { SourceFile } from "../syntax/source.js";
import { secretsIn } from "./secrets.js";

function hidden(text: string): string[] {
  const source = new SourceFile("policy.yaml", text);
  return secretsIn(source).map(({ start, end }) => text.slice(start, end));
}

it("finds what may be a secret, however the file is written", () => {
  expect(hidden("credentials: [{ apiKey: hunter2 }]")).toEqual(["hunter2"]);
  expect(hidden("credentials: [{ apikey: hunter2 }], tier: gold")).toEqual(["hunter2"]);
  expect(hidden("credentials: [hunter2]")).toEqual(["hunter2"]);
  expect(hidden("acme:\n  credentials:\n    - hunter2\n    - apiKey: 'other'\n  tier: gold\n")).toEqual([
    "hunter2",
    "'other'",
  ]);
  expect(hidden("  credentials:\n  - hunter2\n  tier: gold\n")).toEqual(["hunter2"]);
  expect(hidden("acme: { apiKey: hunter2 }")).toEqual(["hunter2"]);
  expect(hidden("apiKey: [hunter2]")).toEqual(["hunter2"]);
  expect(hidden("api_key: two words")).toEqual(["two", "words"]);
  expect(hidden('"apiKey": "hunter2')).toEqual(['"hunter2']);
  expect(hidden("credentials: [{ apiKey: env:BAD-NAME }]")).toEqual(["env:BAD-NAME"]);
});

it("finds them in a mapping that should only say where a credential is", () => {
  expect(hidden("- apiKey: { header: x-api-key, value: hunter2 }")).toEqual(["value", "hunter2"]);
  expect(hidden("- apiKey: { hunter2: x }\n  other: y")).toEqual(["hunter2", "x"]);
  expect(hidden('- apiKey: { "header": x-api-key, keys: [hunter2, { a: other }] }')).toEqual([
    "keys",
    "hunter2",
    "a",
    "other",
  ]);
  expect(hidden("- apiKey: {\n    header: x-api-key,\n    hunter2 }\n- y")).toEqual(["hunter2"]);
  expect(hidden("consumers:\n  acme:\n    apiKey: { value: hunter2 }\n")).toEqual(["value", "hunter2"]);
  expect(hidden("consumers:\n  acme: { apiKey: { value: hunter2 } }\n")).toEqual(["value", "hunter2"]);
});

it("finds them where an expression compares them with what carries credentials", () => {
  expect(hidden(`allow: 'request.headers["x-api-key"] == "hunter2"'`)).toEqual(["hunter2"]);
  expect(hidden(`allow: "request.headers['Authorization'] = 'Bearer hunter2'"`)).toEqual(["Bearer hunter2"]);
  expect(hidden(String.raw`allow: "\"hunter2\" != request.cookies[\"session\"]"`)).toEqual(["hunter2"]);
  expect(hidden(`allow: 'request.cookies["sid"] in ["one", "two"]'`)).toEqual(['"one", "two"']);
  expect(hidden(`allow: 'request.headers["x-tenant"] == "acme"'`)).toEqual([]);
});

it("finds private keys, also where they do not end", () => {
  const key = "-----BEGIN EC PRIVATE KEY-----\n  MHcCAQEE\n  oUQDQgAE\n";
  expect(hidden(`key: |\n  ${key}  -----END EC PRIVATE KEY-----\nname: shop\n`)).toEqual(["MHcCAQEE", "oUQDQgAE"]);
  expect(hidden(`key: |\n  ${key}`)).toEqual(["MHcCAQEE", "oUQDQgAE"]);
  expect(hidden("key: mounted:/etc/tls/tls.key\ncertificate: |\n  -----BEGIN CERTIFICATE-----\n  MIIB\n")).toEqual([]);
});

it("leaves references and the names of headers alone", () => {
  const digest = "a".repeat(64);
  expect(hidden(`credentials: [{ apiKey: env:ACME_KEY }, { apiKey: "sha256:${digest}" }]`)).toEqual([]);
  expect(hidden("authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] }")).toEqual([]);
  expect(hidden("apiKey: { header: x-api-key, value: env:ACME_KEY }")).toEqual(["value"]);
  expect(hidden("anyOf: [{ apiKey: { query: api_key } }, { apiKey: { cookie: sid } }]")).toEqual([]);
  expect(hidden("apiKey: { query: api_key, hunter2 }")).toEqual(["hunter2"]);
  expect(hidden("services:\n  # of ours\n\n  a: {}\n  token-service: { endpoints: [10.0.0.1:80] }\n")).toEqual([]);
  expect(hidden("policies:\n  api-key: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }\n")).toEqual(
    [],
  );
  expect(hidden("policies:\n  token-check:\n    authorize: {}\n")).toEqual([]);
});

it("finds them in the lines below the key", () => {
  expect(hidden("- apiKey:\n    value: hunter2\n  tier: gold\n")).toEqual(["value", "hunter2"]);
  expect(hidden("- apiKey:\n    hunter2\n  tier: gold\n")).toEqual(["hunter2"]);
  expect(hidden("- apiKey:\n  hunter2\n")).toEqual(["hunter2"]);
  expect(hidden("- apiKey: # ours\n    hunter2\n- y")).toEqual(["ours", "hunter2"]);
  expect(hidden("apiKey: |\n  hunter2\n  other\ntier: gold\n")).toEqual(["hunter2", "other"]);
  expect(hidden("apiKey: >-\n  hunter2\ntier: gold\n")).toEqual(["hunter2"]);
  expect(hidden("apiKey: 'hunter2\n  other'\ntier: gold\n")).toEqual(["'hunter2", "other'"]);
  expect(hidden("apiKey:\r\n  hunter2\r\ntier: gold\r\n")).toEqual(["hunter2"]);
  expect(hidden("apiKey:")).toEqual([]);
  expect(hidden("{ apiKey: hunter2: [x }")).toEqual(["hunter2", "x"]);
  expect(hidden("{ apiKey: hunter2, tier: gold }")).toEqual(["hunter2", "gold"]);
});

it("leaves references, names of headers and neighbours alone in the lines below, too", () => {
  expect(hidden("- apiKey:\n    header: x-api-key\n- y: z")).toEqual([]);
  expect(hidden("credentials:\n  - apiKey: env:ACME_KEY # of the year\n")).toEqual([]);
  expect(hidden("policies:\n  api-key:\n    authenticate:\n      anyOf: []\n")).toEqual([]);
});

it("takes time in proportion to the file, whatever is in it", () => {
  const times = 20_000;
  const parts = ["apikey: x\n", "apikey: {\n", "credentials: [\n", "policies:\n a:\n", "apikey:\n", "{apikey: x,\n"];
  for (const part of [...parts, "apikey: [x\n", "aaaaaaaaaa", "token", "policies:\n", "apikey:   ", " token : "])
    expect(secretsIn(new SourceFile("p.yaml", part.repeat(times))).length).toBeLessThanOrEqual(2 * times);
});
