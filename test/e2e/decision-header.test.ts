import { afterAll, beforeAll, expect, test } from "vitest";
import { request } from "../support/http.js";
import { type Gateway, serve } from "./support/serve.js";

// `decisionHeader`: clients of one listener are told which policy decided, and those of the other are not.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: telling
listeners:
  told: { address: 127.0.0.1:8080, decisionHeader: true }
  untold: { address: 127.0.0.1:8081 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  readers: { authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
routes:
  - { name: fixed, match: { path: /fixed }, respond: { status: 200, body: ok }, apply: [known] }
  - { name: echo, match: { path: /echo }, to: echo, apply: [known, readers] }
`;

let gateway: Gateway;
beforeAll(async () => {
  gateway = await serve(POLICY);
  // A service that speaks for the gateway is not listened to.
  gateway.upstream("echo").reply({ headers: { "x-sluice-decision": "readers allowed all" } });
});
afterAll(() => gateway?.stop());

test.each([
  ["a request that passes", "GET", "/echo", true, 200, "readers/get allowed rule"],
  ["one that the gateway answers", "GET", "/fixed", true, 200, "known allowed authenticated"],
  ["one that a rule refuses", "POST", "/echo", true, 403, "readers denied otherwise"],
  ["one without a credential", "GET", "/echo", false, 401, "known denied no-credential"],
  ["one that no route takes", "GET", "/nowhere", true, 404, "sluice allowed no-policy"],
])("%s", async (_name, method, path, signed, status, decision) => {
  const headers: Record<string, string> = signed ? { "x-api-key": gateway.env.ACME_KEY ?? "" } : {};
  const told = await request(gateway.url(path, "told"), { method, headers });
  expect([told.status, told.headers["x-sluice-decision"]]).toEqual([status, decision]);
  const untold = await request(gateway.url(path, "untold"), { method, headers });
  const passed = path === "/echo" && status === 200;
  expect([untold.status, untold.headers["x-sluice-decision"]]).toEqual([
    status,
    passed ? "readers allowed all" : undefined,
  ]);
});
