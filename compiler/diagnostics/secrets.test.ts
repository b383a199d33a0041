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

it("leaves references and the names of headers alone", () => {
  const digest = "a".repeat(64);
  expect(hidden(`credentials: [{ apiKey: env:ACME_KEY }, { apiKey: "sha256:${digest}" }]`)).toEqual([]);
  expect(hidden("authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] }")).toEqual([]);
  expect(hidden("policies:\n  token-check:\n    authorize: {}\n")).toEqual([]);
});
