import { expect, it } from "vitest";
import { passOnBoth } from "./support/on-both.js";
import { serve } from "./support/serve.js";

const policy = (trustedHops: number) => `apiVersion: sluice/v1
kind: Gateway
name: addresses
listeners:
  public: { address: 127.0.0.1:8080, trustedHops: ${trustedHops} }
services:
  orders: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
  not-blocked: { ipAccess: { deny: [203.0.113.0/24] } }
  office: { ipAccess: { allow: [10.0.0.0/8, "2001:db8::/32"], deny: [10.9.0.0/16] } }
  a-part: { ipAccess: { allow: [10.0.0.0/9] } }
  no-six: { ipAccess: { deny: ["::/0"] } }
  no-mapped: { ipAccess: { deny: ["::/64", 192.0.2.0/24] } }
mandatory: { apply: [not-blocked] }
routes:
  - { name: open, match: { path: /open/** }, to: orders }
  - { name: office, match: { path: /office/** }, to: orders, apply: [known, office, shops] }
  - { name: part, match: { path: /part }, to: orders, apply: [office, a-part] }
  - { name: four, match: { path: /four }, to: orders, apply: [no-six] }
  - { name: zero, match: { path: /zero }, to: orders, apply: [no-mapped] }
  - { name: text, match: { path: /text }, respond: { status: 200, body: hi, headers: { x-text: "1" } }, apply: [office] }
  - { name: moved, match: { path: /moved }, redirect: { path: /open }, apply: [office] }
  - { name: reads, match: { path: /reads, methods: [GET] }, to: orders, apply: [office, shops] }
`;

const from = (source: string, path: string, more = "") => `request: { path: ${path}, source: "${source}"${more} }`;
const refused = (by: string) =>
  `expect: { status: 403, decidedBy: ${by}, upstream: none, body: "RBAC: access denied", headers: { content-type: text/plain } }`;
const served = "expect: { status: 200, upstream: orders }";
const origin = "origin: https://shop.example.com";
const preflight = `, method: OPTIONS, headers: { ${origin}, access-control-request-method: GET }`;

it("an address is refused before anything else is asked, on every kind of route, with the policy that refused it", () =>
  passOnBoth(policy(0), [
    `${from("203.0.113.9", "/open/x")}, ${refused("not-blocked")}`,
    `${from("203.0.113.9", "/office/x")}, ${refused("not-blocked")}`,
    `${from("203.0.113.9", "/nowhere")}, ${refused("not-blocked")}`,
    `${from("198.51.100.1", "/nowhere")}, expect: { status: 404 }`,
    `${from("203.0.113.9", "/reads", ", method: POST")}, ${refused("not-blocked")}`,
    `${from("198.51.100.1", "/open/x")}, ${served}`,
    `${from("198.51.100.1", "/office/x")}, ${refused("office")}`,
    `as: acme, ${from("198.51.100.1", "/office/x")}, ${refused("office")}`,
    `${from("10.1.2.3", "/office/x")}, expect: { status: 401, decidedBy: known }`,
    `as: acme, ${from("10.1.2.3", "/office/x")}, ${served}`,
    `as: acme, ${from("2001:db8::9", "/office/x")}, ${served}`,
    `as: acme, ${from("2001:db9::9", "/office/x")}, ${refused("office")}`,
    `as: acme, ${from("10.9.2.3", "/office/x")}, ${refused("office")}`,
    `${from("10.200.0.1", "/part")}, ${refused("a-part")}`,
    `${from("10.9.0.1", "/part")}, ${refused("office")}`,
    `${from("192.0.2.1", "/part")}, ${refused("office")}`,
    `${from("10.1.0.1", "/part")}, ${served}`,
    `${from("2001:db8::1", "/four")}, ${refused("no-six")}`,
    `${from("192.0.2.1", "/four")}, ${served}`,
    `${from("192.0.2.1", "/text")}, ${refused("office")}`,
    `${from("10.1.0.1", "/text")}, expect: { status: 200, body: hi, headers: { x-text: "1" } }`,
    `${from("192.0.2.1", "/moved")}, ${refused("office")}`,
    `${from("192.0.2.1", "/text", ", method: HEAD")}, expect: { status: 403, decidedBy: office, body: "" }`,
    `${from("192.0.2.1", "/reads", `, headers: { ${origin} }`)}, ${refused("office")}`,
    `${from("192.0.2.1", "/reads", preflight)}, ${refused("office")}`,
    `${from("10.1.0.1", "/reads", preflight)}, expect: { status: 200, headers: { access-control-allow-origin: https://shop.example.com } }`,
    `${from("192.0.2.1", "/office/x", preflight)}, ${refused("office")}`,
    `${from("192.0.2.1", "/office/x", ", headers: { x-forwarded-for: 10.1.0.1 }")}, ${refused("office")}`,
    `${from("192.0.2.1", "/part", ", headers: { content-type: application/grpc }")}, expect: { status: 200, decidedBy: office, headers: { grpc-status: "7" } }`,
  ]));

it("the address is the one behind the trusted hops, in whichever way a hop spells it", () => {
  const behind = (address: string, path: string) =>
    from("198.51.100.1", path, `, headers: { x-forwarded-for: "${address}" }`);
  return passOnBoth(policy(1), [
    `${behind("203.0.113.9", "/open/x")}, ${refused("not-blocked")}`,
    `${behind("192.0.2.1, 203.0.113.9", "/open/x")}, ${refused("not-blocked")}`,
    `${behind("203.0.113.9, 192.0.2.1", "/open/x")}, ${served}`,
    `${behind("::ffff:203.0.113.9", "/open/x")}, ${refused("not-blocked")}`,
    `${behind("::ffff:10.9.0.1", "/part")}, ${refused("office")}`,
    `${behind("::ffff:10.1.0.1", "/part")}, ${served}`,
    `${behind("::ffff:192.0.2.1", "/four")}, ${served}`,
    `${behind("::1", "/four")}, ${refused("no-six")}`,
    `${behind("::1", "/zero")}, ${refused("no-mapped")}`,
    `${behind("::ffff:192.0.2.7", "/zero")}, ${refused("no-mapped")}`,
    `${behind("::ffff:192.0.3.7", "/zero")}, ${served}`,
    `${behind("nonsense", "/open/x")}, ${served}`,
  ]);
});

it("a route without such a policy passes the filter by", async () => {
  const text = policy(0).replace("mandatory: { apply: [not-blocked] }", "defaults: { apply: [] }");
  const gateway = await serve(text.replace(/^ {2}not-blocked: .*\n/m, ""));
  try {
    await gateway.send("/open/x");
    const counted = () => gateway.envoy.admin.stats("\\.rbac\\.(allowed|denied)$");
    expect([...(await counted()).values()]).toEqual([0, 0]);
    const { reply, decision } = await gateway.judged(() => gateway.send("/part"));
    expect([reply.status, decision.decision]).toEqual([403, "office denied address"]);
    expect([...(await counted()).values()].toSorted()).toEqual([0, 1]);
  } finally {
    await gateway.stop();
  }
});
