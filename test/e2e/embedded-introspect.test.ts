import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { request } from "../support/http.js";
import { startUpstream } from "../support/upstream.js";
import { gate } from "./support/behind.js";
import { clean } from "./support/clean.js";
import { NO_ENVOY } from "./support/served-policy.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

// Requests that wait for what a service says of their tokens, where the embedded host serves.

const place = workplace("sluice-embedded-opaque-", "echo");

const policyText = (idp: string, timeout = "10s") => `apiVersion: sluice/v1
kind: Gateway
name: opaque
listeners: { public: { address: 127.0.0.1:0 } }
services:
  echo: { endpoints: ["${place.upstream.address}"] }
  idp: { endpoints: ["${idp}"] }
policies:
  known:
    authenticate:
      anyOf: [{ introspect: { service: idp, path: /introspect, client: env:IDP_CLIENT, secret: env:IDP_SECRET, timeout: ${timeout}, claimsToHeaders: { sub: x-user } } }]
routes:
  - { name: all, match: { path: /** }, to: echo, apply: [known] }
`;
const env = { ...NO_ENVOY, IDP_CLIENT: "gateway", IDP_SECRET: "a secret of the gateway" };
const answer = { headers: { "content-type": "application/json" }, body: '{"active":true,"sub":"alice"}' };
const headers = { authorization: "Bearer opaque" };

async function start(timeout?: string) {
  const { script, open } = gate(answer);
  const idp = await startUpstream(script);
  clean.push(() => idp.close());
  const { cli, url } = await place.start(policyText(idp.address, timeout), ["--embedded"], { env });
  return { idp, cli, url, open };
}

describe("requests that wait", () => {
  test("go on when the answer comes, with their bodies", async () => {
    const { idp, url, open } = await start();
    const body = Buffer.alloc(100_000, "x");
    const calls = Array.from({ length: 10 }, () => request(`${url}/x`, { method: "POST", headers, body }));
    await until("the question", () => idp.received.length > 0);
    expect(place.upstream.received).toEqual([]);
    open();
    expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(idp.received).toHaveLength(1);
    expect(place.upstream.received.every((one) => one.body.equals(body))).toBe(true);
    expect(place.upstream.received[0]?.values("x-user")).toEqual(["alice"]);
    expect((await request(`${url}/x`)).status).toBe(401);
  });

  test("are answered 503 when none comes, and clients that leave are forgotten", async () => {
    const { idp, url, open } = await start("300ms");
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(`GET /x HTTP/1.1\r\nhost: shop.test\r\nauthorization: Bearer another\r\n\r\n`);
    await until("the question", () => idp.received.length === 1);
    socket.destroy();
    expect((await request(`${url}/x`, { headers })).status).toBe(503);
    open();
    await until("the service", async () => (await request(`${url}/x`, { headers })).status === 200);
  });

  test("go on by their own policy where another one comes meanwhile", async () => {
    const { idp, cli, url, open } = await start();
    const before = request(`${url}/x`, { headers });
    await until("the question", () => idp.received.length === 1);
    await place.change(cli, policyText(idp.address, "9s"));
    const after = request(`${url}/x`, { headers });
    await until("another question", () => idp.received.length === 2);
    open();
    expect([(await before).status, (await after).status]).toEqual([200, 200]);
  });
});
