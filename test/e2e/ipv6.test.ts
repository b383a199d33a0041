import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { type Gateway, serve } from "./support/serve.js";
import { workplace } from "./support/workplace.js";

let six: Upstream;
let four: Upstream;
let gateway: Gateway;

beforeAll(async () => {
  six = await startUpstream({ body: "six" }, 0, "::1");
  four = await startUpstream({ body: "four" });
  gateway = await serve(policy(), { ownServices: true, ownAddresses: true });
});
afterAll(async () => {
  await gateway?.stop();
  await six?.close();
  await four?.close();
});

function policy(): string {
  return `apiVersion: sluice/v1
kind: Gateway
name: six
listeners:
  only: { address: "[0:0:0:0:0:0:0:1]:8080" }
  both: { address: "[::]:8081" }
  four: { address: 0.0.0.0:8082 }
  behind: { address: "[::1]:8083", trustedHops: 1 }
services:
  six: { endpoints: ["${six.address}"] }
  mixed: { endpoints: ["${six.address}", ${four.address}], health: { tcp: true } }
policies:
  near: { ipAccess: { allow: ["::1/128", 127.0.0.0/8] } }
  not-four: { authorize: { rules: [{ name: six, allow: 'cidr(source.ip, "::/0")' }] } }
  per-address: { rateLimit: { key: [source.ip], rate: 1/hour } }
routes:
  - { name: six, match: { path: /six }, to: six, apply: [near] }
  - { name: mixed, match: { path: /mixed }, to: mixed }
  - { name: strict, match: { path: /strict }, to: six, apply: [not-four] }
  - { name: counted, match: { path: /counted }, to: six, apply: [per-address] }
`;
}

const url = (host: string, listener: string, path: string) => `http://${host}:${gateway.port(listener)}${path}`;

describe("a listener at an address of IPv6", () => {
  test("takes requests there, and its services may be there too", async () => {
    expect(await request(url("[::1]", "only", "/six"))).toMatchObject({ status: 200, text: "six" });
    await expect(request(url("127.0.0.1", "only", "/six"))).rejects.toThrow(/ECONNREFUSED/);
  });

  test("that is `::` takes those to every address, and knows both families apart", async () => {
    expect((await request(url("[::1]", "both", "/six"))).status).toBe(200);
    expect((await request(url("127.0.0.1", "both", "/six"))).status).toBe(200);
    expect((await request(url("[::1]", "both", "/strict"))).status).toBe(200);
    expect((await request(url("127.0.0.1", "both", "/strict"))).status).toBe(403);
    await expect(request(url("[::1]", "four", "/six"))).rejects.toThrow(/ECONNREFUSED/);
  });

  test("counts each address by itself, also one that a trusted hop tells", async () => {
    const told = (address: string) =>
      request(url("[::1]", "behind", "/counted"), { headers: { "x-forwarded-for": address } });
    expect((await told("2001:db8::7")).status).toBe(200);
    expect((await told("2001:db8:0:0::7")).status).toBe(429);
    expect((await told("2001:db8::8")).status).toBe(200);
  });
});

test("endpoints of both families get their share", async () => {
  const texts = new Set<string>();
  for (let n = 0; n < 4; n++) texts.add((await request(url("[::1]", "only", "/mixed"))).text);
  expect([...texts].toSorted()).toEqual(["four", "six"]);
});

describe("sluice run", () => {
  const place = workplace("sluice-six-", "place");

  test.each([[], ["--embedded"]])("%j: one listener for both families", async (...args: string[]) => {
    const { cli } = await place.start(
      `apiVersion: sluice/v1
kind: Gateway
name: six
listeners: { public: { address: 127.0.0.1:0 }, both: { address: "[::]:0" } }
services: { six: { endpoints: ["${six.address}"] } }
policies: { four: { ipAccess: { allow: [127.0.0.1/32] } } }
routes: [{ name: all, match: { path: /** }, to: six, apply: [four] }]
`,
      args,
    );
    const [, port = ""] = await cli.prints(/^both: http:\/\/\[::\]:(\d+)$/m);
    expect((await request(`http://127.0.0.1:${port}/`)).status).toBe(200);
    expect((await request(`http://[::1]:${port}/`)).status).toBe(403);
  });
});
