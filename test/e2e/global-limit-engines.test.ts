import { expect, it } from "vitest";
import { embeddedModules } from "../../compiler/cli/files.js";
import { SuiteRunner } from "../../compiler/testing/run.js";
import { casesOf } from "../support/suites.js";
import { passOnBoth } from "./support/on-both.js";
import { planOf } from "./support/serve.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: quotas
listeners:
  public:
    address: 127.0.0.1:8080
    errors: [{ on: 418, body: no tea }]
services:
  orders: { endpoints: [127.0.0.1:9001] }
  judges: { endpoints: [127.0.0.1:9002] }
  limits: { endpoints: [127.0.0.1:9003], protocol: grpc }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { tier: free, credentials: [{ apiKey: env:GLOBEX_KEY }] }
  initech: { credentials: [{ apiKey: env:INITECH_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true } }
  quota: { rateLimit: { key: [auth.consumer], rate: { gold: 3/hour, free: 1/day, default: 2/hour }, scope: global, service: limits, timeout: 5s } }
  tenants: { rateLimit: { key: ['request.headers["x-tenant"]', request.method], rate: 1 per 30d, scope: global, service: limits, timeout: 5s, headers: [] } }
  places: { rateLimit: { key: [source.ip, request.path, route.name], rate: 1 per 7d, scope: global, service: limits, timeout: 5s, headers: [x-ratelimit] } }
  tiers: { rateLimit: { key: [auth.tier], rate: 2/day, scope: global, service: limits, timeout: 5s, headers: [ietf, x-ratelimit, retry-after] } }
  tried: { mode: shadow, rateLimit: { rate: 1/day, scope: global, service: limits, timeout: 5s } }
  both: { onError: deny, rateLimit: { key: [auth.consumer], scope: { local: 2 per 60s, global: 3/day }, service: limits, timeout: 5s } }
  priced: { rateLimit: { key: [auth.consumer], rate: { gold: [9/day, 6 per 7d], default: 3/day }, cost: 3, shared: true, scope: global, service: limits, timeout: 5s } }
  in-front: { rateLimit: { scope: { local: [1000/second, 3/day], global: [4/day, 2 per 30d] }, inFlight: 10, service: limits, timeout: 5s, headers: [x-ratelimit, retry-after] } }
  own: { rateLimit: { rate: 9/minute } }
  asked: { externalAuth: { http: { service: judges }, timeout: 2s } }
  safe: { headers: { response: { set: { x-frame-options: DENY } } } }
  shops: { cors: { origins: ["https://shop.example.com"] } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known, quota, safe, shops] }
  - { name: tenants, match: { path: /tenants }, to: orders, apply: [tenants] }
  - { name: places, match: { path: /places/** }, to: orders, apply: [places, tiers, known] }
  - { name: tried, match: { path: /tried }, to: orders, apply: [tried] }
  - { name: both, match: { path: /both }, to: orders, apply: [both, known] }
  - { name: priced-a, match: { path: /priced/a }, to: orders, apply: [known, priced] }
  - { name: priced-b, match: { path: /priced/b }, to: orders, apply: [known, priced] }
  - { name: in-front, match: { path: /in-front }, to: orders, apply: [in-front] }
  - { name: own, match: { path: /own }, to: orders, apply: [quota, own, known] }
  - { name: asked, match: { path: /asked }, to: orders, apply: [known, quota, asked] }
  - { name: text, match: { path: /text }, respond: { status: 200, body: hi }, apply: [tried] }
  - { name: other, match: { path: /other }, to: orders, apply: [known, quota] }
`;

const UPSTREAMS = `upstreams:
  orders: { body: served, headers: { ratelimit: '"mine";r=1', x-ratelimit-limit: "7", x-ratelimit-remaining: "6" } }
  judges: { status: 403, body: no }
`;

const served = (more = "") => `expect: { status: 200, body: served${more} }`;
const PROBLEM = (policy: string) =>
  `'{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Request cannot be satisfied as assigned quota has been exceeded","status":429,"violated-policies":["${policy}"]}'`;
const origin = "origin: https://shop.example.com";

it("all gateways count together, by tier and by key, each route alone, and what is missing counts as missing", () =>
  passOnBoth(
    POLICY,
    [
      `steps: [
         { as: acme, request: { path: /orders/7 }, expect: { status: 200, decidedBy: known, headers: { ratelimit-policy: '"quota";q=3;w=3600', ratelimit: '~"quota";r=2;t=.*', x-ratelimit-remaining: false } } },
         { as: acme, request: { path: /orders/8 }, repeat: 2, ${served()} },
         { as: acme, request: { path: /orders/9 }, expect: { status: 429, decidedBy: quota, upstream: none, body: ${PROBLEM("quota")},
           headers: { content-type: application/problem+json, retry-after: "~[1-9][0-9]*", ratelimit: '~"quota";r=0;t=.*', x-frame-options: DENY } } },
         { as: globex, request: { path: /orders/7 }, expect: { status: 200, headers: { ratelimit-policy: '"quota";q=1;w=86400' } } },
         { as: globex, request: { path: /orders/7 }, expect: { status: 429 } },
         { as: initech, request: { path: /orders/7 }, repeat: 2, ${served()} },
         { as: initech, request: { path: /orders/7 }, expect: { status: 429 } },
         { request: { path: /orders/7 }, repeat: 2, ${served()} },
         { request: { path: /orders/7, headers: { x-consumer: somebody } }, expect: { status: 429 } },
         { as: acme, request: { path: /other }, ${served()} } ]`,
      `steps: [
         { request: { path: /orders/7 }, repeat: 2, ${served()} },
         { request: { path: /orders/7, headers: { content-type: application/grpc } }, expect: { status: 200, decidedBy: quota, headers: { grpc-status: "8", content-type: application/grpc }, upstream: none } },
         { request: { path: /orders/7, headers: { content-type: application/grpc-web } }, expect: { status: 429, body: "" } },
         { request: { path: /orders/7, method: HEAD }, expect: { status: 429 } },
         { request: { path: /orders/7, headers: { ${origin} } }, expect: { status: 429, headers: { access-control-allow-origin: https://shop.example.com } } },
         { request: { path: /orders/7, method: POST, body: some }, expect: { status: 429, upstream: none } } ]`,
      `steps: [
         { request: { path: /tenants, headers: { x-tenant: a } }, expect: { status: 200, headers: { ratelimit: '"mine";r=1', x-ratelimit-limit: "7" } } },
         { request: { path: /tenants, headers: { x-tenant: a } }, expect: { status: 429, headers: { retry-after: false, ratelimit: false } } },
         { request: { path: /tenants, headers: { x-tenant: b } }, ${served()} },
         { request: { path: /tenants, method: POST, headers: { x-tenant: a } }, ${served()} },
         { request: { path: /tenants }, ${served()} },
         { request: { path: /tenants }, expect: { status: 429 } } ]`,
      `steps: [
         { request: { path: "/places/a?q=1" }, expect: { status: 200, headers: { x-ratelimit-limit: '1, 1;w=604800;name="places"', x-ratelimit-remaining: "0", ratelimit-policy: '"tiers";q=2;w=86400' } } },
         { request: { path: "/places/a?q=2" }, expect: { status: 429, decidedBy: places, headers: { x-ratelimit-limit: '1, 1;w=604800;name="places"', retry-after: false, ratelimit: false } } },
         { request: { path: /places/b }, ${served()} },
         { as: acme, request: { path: /places/c }, ${served()} },
         { request: { path: /places/d }, expect: { status: 429, decidedBy: tiers, headers: { ratelimit: '~"tiers";r=0;.*', x-ratelimit-limit: '2, 2;w=86400;name="tiers"' } } } ]`,
      `steps: [ { request: { path: /tried }, repeat: 3, expect: { status: 200, headers: { ratelimit: '"mine";r=1' } } } ]`,
      `steps: [
         { as: acme, request: { path: /both }, repeat: 2, expect: { status: 200, decidedBy: known, headers: { ratelimit-policy: '"both";q=3;w=86400' } } },
         { as: acme, request: { path: /both }, expect: { status: 429, decidedBy: both, headers: { ratelimit: false, retry-after: "~[23]." } } },
         { as: globex, request: { path: /both }, ${served()} } ]`,
      `steps: [
         { as: acme, request: { path: /priced/a }, expect: { status: 200, headers: { ratelimit-policy: '"priced";q=9;w=86400, "priced-2";q=6;w=604800', ratelimit: '~"priced-2";r=3;t=.*' } } },
         { as: acme, request: { path: /priced/b }, ${served()} },
         { as: acme, request: { path: /priced/a }, expect: { status: 429, decidedBy: priced, headers: { ratelimit: '~"priced";r=0;.*' } } },
         { as: globex, request: { path: /priced/a }, expect: { status: 200, headers: { ratelimit-policy: '"priced";q=3;w=86400' } } },
         { as: globex, request: { path: /priced/b }, expect: { status: 429 } } ]`,
      `steps: [
         { request: { path: /in-front }, repeat: 2, expect: { status: 200, headers: { x-ratelimit-limit: '~2, 4;w=86400;name="in-front", 2;w=2592000;name="in-front"' } } },
         { request: { path: /in-front }, expect: { status: 429, decidedBy: in-front, headers: { x-ratelimit-remaining: "0" } } },
         { request: { path: /in-front }, expect: { status: 429, decidedBy: in-front, headers: { x-ratelimit-limit: false } } } ]`,
      `steps: [
         { as: globex, request: { path: /own }, expect: { status: 200, headers: { ratelimit: true } } },
         { as: globex, request: { path: /own }, expect: { status: 429, decidedBy: quota } } ]`,
      `steps: [
         { as: globex, request: { path: /asked }, expect: { status: 403, decidedBy: asked, headers: { ratelimit: '~"quota";r=0;.*' } } },
         { as: globex, request: { path: /asked }, expect: { status: 429, decidedBy: quota } } ]`,
      `steps: [ { request: { path: /text }, repeat: 3, expect: { status: 200, body: hi } } ]`,
    ],
    UPSTREAMS,
  ));

it("windows of hours and days begin anew, in virtual time", async () => {
  const cases = [
    `steps: [
       { as: acme, request: { path: /both }, repeat: 2, ${served()} },
       { wait: 1m },
       { as: acme, request: { path: /both }, ${served()} },
       { as: acme, request: { path: /both }, expect: { status: 429, decidedBy: both, headers: { ratelimit-policy: '"both";q=3;w=86400' } } } ]`,
    `steps: [
       { as: acme, request: { path: /orders/7 }, repeat: 3, ${served()} },
       { as: acme, request: { path: /orders/7 }, expect: { status: 429 } },
       { wait: 1h },
       { as: acme, request: { path: /orders/7 }, ${served()} },
       { as: globex, request: { path: /orders/7 }, ${served()} },
       { wait: 12h },
       { as: globex, request: { path: /orders/7 }, expect: { status: 429 } },
       { wait: 24h },
       { as: globex, request: { path: /orders/7 }, ${served()} } ]`,
  ];
  const runner = new SuiteRunner(await embeddedModules());
  const results = await runner.run(casesOf(UPSTREAMS, cases), planOf(POLICY));
  expect(results.map(({ outcome, failure }) => ({ outcome, failure }))).toEqual(
    cases.map(() => ({ outcome: "passed", failure: undefined })),
  );
});
