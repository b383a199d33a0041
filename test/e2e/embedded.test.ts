import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { moduleBytes } from "../../compiler/cli/files.js";
import { compileModule } from "../../compiler/host/engine.js";
import { EmbeddedGateway } from "../../compiler/testing/exchange.js";
import { comparable, FOUND, POLICY, REQUESTS, type Sent } from "./support/compared.js";
import { type Gateway, serve } from "./support/serve.js";

// The embedded gateway answers as the real Envoy does, and hands on what it hands on.

/** What of a body is content, where it comes in one chunk. */
function content(body: string): string {
  return /^[0-9a-f]+\r\n(.*)\r\n0\r\n\r\n$/s.exec(body)?.[1] ?? body.replace(/^0\r\n\r\n$/, "");
}

const HOPS = POLICY.replace("127.0.0.1:8080", "127.0.0.1:8080, trustedHops: 1").replace("name: both", "name: hops");
const FORWARDED: Sent[] = ["https", "HTTPS", "ftp", "http,https"].flatMap((scheme): Sent[] => [
  ["GET", "/open/a", [["x-forwarded-proto", scheme]]],
  ["GET", "/elsewhere", [["x-forwarded-proto", scheme]]],
  [
    "GET",
    "/secure/a",
    [
      ["x-forwarded-proto", scheme],
      ["x-forwarded-proto", ""],
      ["x-forwarded-for", "203.0.113.7"],
    ],
  ],
  ["GET", "/open/a", [["x-forwarded-for", "203.0.113.7"]]],
  ["GET", "/open/a", [["x-forwarded-for", "nobody"]]],
]);

describe.each([
  ["", POLICY, [...REQUESTS, ...FOUND]],
  [" behind a trusted hop", HOPS, FORWARDED],
])("the embedded gateway and Envoy%s", (_, policy, requests) => {
  let real: Gateway;
  let embedded: EmbeddedGateway;

  beforeAll(async () => {
    real = await serve(policy, { env: { ACME_KEY: "key-of-acme", PLAIN_KEY: "key-of-plain" } });
    const upstreams = Object.fromEntries(
      real.plan.services.map(({ name }) => [name, { status: 200, headers: { "x-total": "3" }, body: name }]),
    );
    for (const { name } of real.plan.services)
      real.upstream(name).reply({ headers: { "x-total": "3", "content-length": String(name.length) }, body: name });
    const keyed = { plan: real.plan, environment: real.env, keys: new Map<string, string>() };
    embedded = new EmbeddedGateway({ guard: compileModule(await moduleBytes("guard.wasm")) }, keyed, upstreams, 1);
  });
  afterAll(() => real?.stop());
  beforeEach(() => real.forget());

  // In order: the limits count.
  test.each(requests)("agree on %s %s %j", async (method, target, headers = [], body = "") => {
    const { reply, decision } = await real.judged(() => real.raw({ method, target, headers, body }));
    const [heard] = real.heard();
    const there = heard?.rawHeaders.flatMap((name, index, all): [string, string][] =>
      index % 2 === 0 ? [[name, all[index + 1] ?? ""]] : [],
    );
    const host = headers.find(([name]) => name === "host")?.[1] ?? "shop.test";
    const client = {
      method,
      target,
      host,
      headers: headers.filter(([name]) => name !== "host"),
      source: "127.0.0.1",
      time: embedded.time,
    };
    const here = embedded.send({ client, body: Buffer.from(content(body)) });
    expect({
      status: here.status,
      headers: comparable(here.headers),
      body: Buffer.from(here.body, "latin1").toString(),
      decision: here.decision ?? "-",
      shadow: here.shadow,
      service: here.service && [here.service.method, here.service.path, ...comparable(here.service.headers)],
    }).toEqual({
      status: reply.status,
      headers: comparable(reply.headers),
      body: reply.text,
      decision: decision.decision ?? "-",
      shadow: decision.shadow ?? undefined,
      service: heard && there && [heard.method, heard.url, ...comparable(there)],
    });
  });
});
