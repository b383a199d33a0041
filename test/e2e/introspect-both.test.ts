import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { sluice } from "./support/cli.js";

// Tests of a policy that asks a service what tokens are: the runner answers for the service, on both engines.

const SUITE = `apiVersion: sluice/v1
kind: Test
policy: policy.yaml
upstreams:
  idp:
    tokens:
      alice: { iss: https://id.example.com/, aud: [orders, shop], sub: alice, username: Alice A., client_id: acme-app, scope: orders:read orders:write }
      bob: { iss: https://id.example.com/, aud: orders, sub: bob, client_id: other-app, department: staff }
      carol: { iss: https://id.example.com/, aud: orders, sub: carol, client_id: acme-app }
      "two.parts&x=%0d%0a+=": { iss: https://id.example.com/, aud: orders, sub: eve, scope: orders:read }
      stranger: { iss: https://other.example.com/, aud: orders, sub: dave, scope: orders:read }
      elsewhere: { iss: https://id.example.com/, aud: billing, sub: dave, scope: orders:read }
      nobody: { iss: https://id.example.com/, sub: dave, scope: orders:read }
      ended: { iss: https://id.example.com/, aud: orders, sub: dave, scope: orders:read, exp: 1000 }
      revoked: { active: false }
cases:
  - name: a token that the service knows lets its caller in, and the backend hears of both
    request: { path: /orders/7, headers: { authorization: Bearer alice, x-user-id: forged } }
    expect:
      status: 200
      decidedBy: readers/readers
      headers: { ratelimit: '~"every-call";r=\\d+;t=\\d+, "each";r=2;t=\\d+' }
      upstream: { service: orders, headers: { x-user-id: alice, x-user-name: Alice A., x-consumer: acme, x-consumer-tier: gold, authorization: false } }
  - name: the scheme is compared without case, and members of the answer decide
    request: { path: /orders/7, headers: { authorization: bearer bob } }
    expect: { status: 200, decidedBy: readers/staff, upstream: { service: orders, headers: { x-user-id: bob, x-consumer: false } } }
  - name: a token without a scope is refused by the rules
    request: { path: /orders/7, headers: { authorization: Bearer carol } }
    expect: { status: 403, upstream: none }
  - name: whatever bytes a token has, the service is asked about those
    request: { path: /orders/7, headers: { authorization: "Bearer two.parts&x=%0d%0a+=" } }
    expect: { status: 200, upstream: { service: orders, headers: { x-user-id: eve } } }
  - name: a token that is not active, or of another issuer, or for somebody else, or has ended, or is unknown lets nobody in
    steps:
      - { request: { path: /orders/7, headers: { authorization: Bearer revoked } }, expect: { status: 401, upstream: none, headers: { www-authenticate: ~Bearer .* } } }
      - { request: { path: /orders/7, headers: { authorization: Bearer stranger } }, expect: { status: 401, upstream: none } }
      - { request: { path: /orders/7, headers: { authorization: Bearer elsewhere } }, expect: { status: 401, upstream: none } }
      - { request: { path: /orders/7, headers: { authorization: Bearer nobody } }, expect: { status: 401, upstream: none } }
      - { request: { path: /orders/7, headers: { authorization: Bearer ended } }, expect: { status: 401, upstream: none } }
      - { request: { path: /orders/7, headers: { authorization: Bearer unknown } }, expect: { status: 401, upstream: none } }
      - { request: { path: /orders/7, headers: { authorization: Bearer } }, expect: { status: 401, upstream: none } }
      - { request: { path: /orders/7 }, expect: { status: 401, upstream: none } }
  - name: a body waits with its request
    request: { method: POST, path: /orders/7, headers: { authorization: Bearer alice }, json: { a: 1 } }
    expect: { status: 200, upstream: { service: orders, method: POST, body: '{"a":1}' } }
  - name: a limit by who calls counts all of them
    repeat: 3
    request: { path: /orders/7, headers: { authorization: Bearer alice } }
    expect: { status: 200 }
  - name: and the call beyond it is refused with the fields of both limits, once
    steps:
      - { repeat: 3, request: { path: /orders/7, headers: { authorization: Bearer alice } }, expect: { status: 200 } }
      - { request: { path: /orders/7, headers: { authorization: Bearer alice } }, expect: { status: 429, upstream: none, decidedBy: each, headers: { ratelimit: '~"every-call";r=\\d+;t=\\d+, "each";r=0;t=\\d+' } } }
  - name: a service that fails lets nobody in, and the next request asks again
    upstreams: { idp: { status: 500 } }
    request: { path: /orders/7, headers: { authorization: Bearer alice } }
    repeat: 2
    expect: { status: 503, upstream: none, decidedBy: callers, headers: { retry-after: "1" } }
  - name: an answer that is none lets nobody in
    upstreams: { idp: { json: { sub: alice } } }
    request: { path: /orders/7, headers: { authorization: Bearer alice } }
    expect: { status: 503, upstream: none, decidedBy: callers }
  - name: nor does one with a member twice
    upstreams: { idp: { body: '{"active":false,"active":true,"sub":"alice"}' } }
    request: { path: /orders/7, headers: { authorization: Bearer alice } }
    expect: { status: 503, upstream: none, decidedBy: callers }
  - name: beside tokens of three parts any other is introspected
    steps:
      - { request: { path: /either/7, headers: { authorization: Bearer alice } }, expect: { status: 200, upstream: { service: orders, headers: { x-user-id: alice } } } }
      - { request: { path: /either/7, headers: { authorization: Bearer two.parts } }, expect: { status: 401, upstream: none } }
      - { request: { path: /either/7, headers: { authorization: Bearer a.b.c } }, expect: { status: 401, upstream: none } }
      - { request: { path: /either/7 }, expect: { status: 401, upstream: none } }
      - { request: { path: /either/7, headers: { authorization: Basic YTpi } }, expect: { status: 401, upstream: none } }
  - name: a consumer signs in by a token of the runner
    as: acme
    request: { path: /orders/7 }
    expect: { status: 403, upstream: none }
`;

const CASE = join(packageRoot(), "filters", "authenticate", "cases", "introspect");

async function withSuite(suite: string, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-opaque-"));
  try {
    await copyFile(join(CASE, "policy.yaml"), join(folder, "policy.yaml"));
    await writeFile(join(folder, "policy.test.yaml"), suite);
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

it("tokens of a test are what it says, on both engines", async () => {
  await withSuite(SUITE, async (folder) => {
    const { code, stdout, stderr } = await sluice(["test", folder, "--engine", "both"]);
    const count = SUITE.match(/^ {2}- name: /gm)?.length;
    expect([code, stdout, stderr]).toEqual([
      0,
      expect.stringContaining(`${count} passed; ${count} of ${count} on Envoy`),
      "",
    ]);
  });
});

it("tokens are of a service that is asked about some", async () => {
  const suite = SUITE.replace("upstreams:\n", "upstreams:\n  orders: { tokens: { opaque: {} } }\n");
  await withSuite(suite, async (folder) => {
    const { code, stdout, stderr } = await sluice(["test", folder]);
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).toContain(
      "error SL0541: no policy of a route asks the service `orders` what tokens are, so it has no `tokens`",
    );
  });
});
