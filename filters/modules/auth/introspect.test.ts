import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../../compiler/cli/files.js";
import { standingOracle } from "../../../test/support/envoy.js";
import { request } from "../../../test/support/http.js";
import { type Bench, istioText, openBench, withModuleText } from "../../../test/support/lone-module.js";
import { startUpstream, type Upstream } from "../../../test/support/upstream.js";

// auth.wasm alone asks a service what tokens are, and writes the headers itself when the request goes on.

const secrets = { ACME_KEY: "gateway-of-this-test", GLOBEX_KEY: "secret-of-this-test" };

const document = {
  version: 1,
  results: "headers",
  consumers: [{ name: "acme", tier: "gold", groups: ["partners"], credentials: [{ jwt: { subject: "acme-app" } }] }],
  policies: [
    {
      name: "known",
      authenticate: {
        realm: "shop",
        anyOf: [
          {
            introspect: {
              cluster: "idp",
              authority: "id.example.com",
              path: "/introspect",
              client: "env:ACME_KEY",
              secret: "env:GLOBEX_KEY",
              timeoutMs: 5000,
              ttlMs: 30_000,
              claimsToHeaders: [{ claim: "sub", header: "x-user-id" }],
            },
          },
        ],
      },
    },
  ],
  routes: [{ name: "*", run: ["known"] }],
};

const whole = z.looseObject({
  static_resources: z.looseObject({ clusters: z.array(z.looseObject({ name: z.string() })) }),
});

let bench: Bench;
let idp: Upstream;
let text = "";

beforeAll(async () => {
  idp = await startUpstream((asked) => {
    const token = new URLSearchParams(asked.body.toString()).get("token");
    const said = token === "good" ? { active: true, sub: "acme-app" } : { active: false };
    return { headers: { "content-type": "application/json" }, body: JSON.stringify(said) };
  });
  bench = await openBench(["auth.wasm"], secrets, { 9002: idp.port });
  const config = whole.parse(
    load(await readFile(join(packageRoot(), "filters", "modules", "auth", "envoy.yaml"), "utf8")),
  );
  const { clusters } = config.static_resources;
  const [orders] = clusters;
  clusters.push(JSON.parse(JSON.stringify(orders).replaceAll('"orders"', '"idp"').replace("9001", "9002")));
  text = JSON.stringify(config);
});

afterAll(async () => {
  await bench?.close();
  await idp?.close();
});

describe.each([
  ["by hand", JSON.stringify(document)],
  ["by Istio", istioText(document)],
])("auth.wasm, loaded %s", (_, configuration) => {
  it("lets in whoever the service knows, and tells who that is", async () => {
    bench.upstream.clear();
    const { envoy, url } = await bench.serve(withModuleText(text, "auth", configuration));
    try {
      const oracle = await standingOracle(envoy);
      const body = Buffer.alloc(50_000, "x");
      const send = (token: string) =>
        request(url, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "x-user-id": "forged", "x-consumer": "forged" },
          body,
        });
      const replies = await Promise.all(
        Array.from({ length: 40 }, (_, index) => send(index % 2 === 0 ? "good" : "bad")),
      );
      expect(replies.map(({ status }) => status)).toEqual(replies.map((_, index) => (index % 2 === 0 ? 200 : 401)));
      expect(replies[1]?.headers["www-authenticate"]).toBe('Bearer realm="shop"');
      const names = ["x-user-id", "x-consumer", "x-consumer-tier", "x-consumer-groups", "authorization"];
      for (const received of bench.upstream.received) {
        expect(names.map((name) => received.values(name))).toEqual([
          ["acme-app"],
          ["acme"],
          ["gold"],
          ["partners"],
          [],
        ]);
        expect(received.body.equals(body)).toBe(true);
      }
      expect(bench.upstream.received).toHaveLength(20);
      await oracle.check({
        goodRequest: (agent) => request(url, { agent, headers: { authorization: "Bearer good" } }),
        secrets: Object.values(secrets),
      });
    } finally {
      await envoy.stop();
    }
  });
});
