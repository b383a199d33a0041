import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gateway, serve } from "./support/serve.js";

/** What Envoy and templates would fill in, and what looks like it. */
const TEXTS = [
  "%REQ(x-api-key)%",
  "%ENVIRONMENT(HOME)%",
  "%FILTER_STATE(wasm.sluice.consumer:PLAIN)%",
  "%PROTOCOL%",
  "%%",
  "%",
  "100%",
  "%%REQ(:method)%%",
  "{{PROTOCOL}}",
  "\u0024{HOME}",
  "$1\\1",
];

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: literal
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
routes:
  - { name: forward, match: { path: /forward }, to: echo }
${TEXTS.map(
  (text, index) => `  - name: answer-${index}
    match: { path: /answer/${index} }
    respond: { status: 200, body: ${JSON.stringify(text)}, headers: { x-text: ${JSON.stringify(text)} } }
  - name: path-${index}
    match: { path: /path/${index} }
    redirect: { path: ${JSON.stringify(`/to/${text}`)} }
  - name: url-${index}
    match: { path: /url/${index} }
    redirect: { to: ${JSON.stringify(`https://example.com/to/${text}`)} }
  - name: header-${index}
    match: { path: /header, headers: { x-text: ${JSON.stringify(text)} } }
    respond: { status: 200, body: "${index}" }
`,
).join("")}`;

describe("texts that look like substitutions, on a real Envoy", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY);
  });
  afterAll(() => gateway?.stop());

  it.each(TEXTS.map((text, index) => [text, index] as const))("%s is sent as it is written", async (text, index) => {
    const headers = { "x-api-key": "a-secret" };
    const answer = await gateway.send(`/answer/${index}`, { headers });
    expect([answer.status, answer.text, answer.headers["x-text"]]).toEqual([200, text, text]);
    const path = await gateway.send(`/path/${index}`, { headers });
    expect([path.status, path.headers.location?.replace(/^http:\/\/[^/]*/, "")]).toEqual([302, `/to/${text}`]);
    const url = await gateway.send(`/url/${index}`, { headers });
    expect([url.status, url.headers.location]).toEqual([302, new URL(`https://example.com/to/${text}`).href]);
  });

  it.each(TEXTS.map((text, index) => [text, index] as const))(
    "%s matches a header that is the same",
    async (text, index) => {
      const match = await gateway.send("/header", { headers: { "x-text": text } });
      expect([match.status, match.text]).toEqual([200, String(index)]);
    },
  );
});
