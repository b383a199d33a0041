import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../cli/files.js";
import { checkText } from "../../index.js";
import { FEATURES, type FeatureId } from "../features.js";
import { refusals, supportOf } from "../support.js";
import { emitIstio } from "./emit.js";
import { SUPPORT } from "./support.js";

// What Istio refuses is refused by name and with the reason, and what is near to it is not.

interface Parts {
  gateway?: string;
  listener?: string;
  service?: string;
  policy?: string;
  route?: string;
  /** Beside the match of the route. */
  beside?: string;
}

function planOf({ gateway = "", listener = "", service = "", policy = "", route = "", beside = "" }: Parts) {
  const text = `apiVersion: sluice/v1
kind: Gateway
name: shop
${gateway}
listeners: { public: { address: 0.0.0.0:8080${listener} } }
services:
  orders: { endpoints: [127.0.0.1:9001]${service} }
  other: { endpoints: [127.0.0.1:9002] }
  counting: { endpoints: [127.0.0.1:9003], protocol: grpc }
policies:
  safe: { headers: { response: { set: { x-frame-options: DENY } } } }
  ${policy === "" ? "" : `asked: ${policy}`}
routes:
  - { name: orders, match: { path: /orders${route} }, to: orders${beside}, apply: [safe${policy === "" ? "" : ", asked"}] }
  - { name: other, match: { path: /other }, to: other }
`;
  const { plan, diagnostics } = checkText("policy.yaml", text);
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return plan;
}

function refused(parts: Parts): string[] {
  return refusals(supportOf(planOf(parts), SUPPORT), "istio 1.31").map(({ message }) => message);
}

describe("refused", () => {
  it.each<[FeatureId, Parts, string]>([
    ["gateway.overload", { gateway: "overload: { connections: 100 }" }, "ProxyConfig"],
    [
      "listener.http3",
      { listener: ", protocols: [http1, http2, http3], tls: { certificate: 'mounted:/a', key: 'mounted:/b' }" },
      "environment",
    ],
    [
      "listener.protocol",
      { listener: ", protocols: [http2], tls: { certificate: 'mounted:/a', key: 'mounted:/b' }" },
      "both versions of HTTP",
    ],
    ["service.admission", { service: ", admission: { window: 2s }" }, "empty configuration"],
    ["service.adaptiveConcurrency", { service: ", adaptiveConcurrency: {}" }, "min_concurrency_limit"],
    ["service.failover", { service: ", failover: [other], health: { path: /h }" }, "fails over"],
    [
      "service.loadBalancing",
      { service: ", loadBalancing: ringHash", beside: ", hashBy: [{ header: x-a }, { source: ip }]" },
      "the route has several",
    ],
    ["native.bodyLimit", { policy: "{ bodyLimit: { bytes: 10Ki } }" }, "response_body"],
    ["native.compress", { policy: "{ compress: {} }" }, "content_type_matcher"],
    [
      "native.globalLimit",
      { policy: "{ rateLimit: { rate: 3/hour, scope: global, service: counting } }" },
      "leave `retry-after` out of `headers`",
    ],
    [
      "native.externalAuth",
      { policy: "{ externalAuth: { http: { service: other }, withBody: { maxBytes: 8Ki } } }" },
      "response_body",
    ],
    ["match.path", { route: `, headers: { x-a: "~[${"ab".repeat(512)}]" }` }, "1026 characters"],
  ])("%s", (feature, parts, reason) => {
    const messages = refused(parts);
    expect(messages.join("\n")).toContain(`(${feature})`);
    expect(messages.join("\n")).toContain(reason);
  });
});

describe("not refused", () => {
  it.each<[string, Parts]>([
    ["a plain gateway", {}],
    ["one version of HTTP without TLS", { listener: ", protocols: [http2]" }],
    [
      "a limit of all gateways that does not tell when to come back",
      { policy: "{ rateLimit: { rate: 3/hour, scope: global, service: counting, headers: [ietf] } }" },
    ],
    [
      "a service that is shown a part of the body",
      { policy: "{ externalAuth: { http: { service: other }, withBody: { maxBytes: 8Ki, partial: true } } }" },
    ],
    [
      "the same endpoint for the same key",
      { service: ", loadBalancing: maglev", beside: ", hashBy: [{ header: x-a }]" },
    ],
    ["a parameter that must not be there", { route: ", query: { draft: false }" }],
  ])("%s", (_what, parts) => {
    expect(refused(parts)).toEqual([]);
    expect(emitIstio(planOf(parts), { modules: "oci://registry.example.com/sluice" }).violations).toEqual([]);
  });
});

it("the module is fetched from where the command or the policy says, and pinned where its digest is known", () => {
  const sha256 = "a".repeat(64);
  const text = (modules: string) =>
    emitIstio(planOf({}), { modules, moduleDigests: { "guard.wasm": sha256 } }).artifacts[0]?.contents ?? "";
  expect(text("oci://registry.example.com/sluice")).toContain(
    `url: oci://registry.example.com/sluice/guard\n  sha256: ${sha256}`,
  );
  expect(text("https://modules.example.com")).toContain(
    `url: https://modules.example.com/guard.wasm\n  sha256: ${sha256}`,
  );
  expect(text("file:///etc/sluice")).toContain("url: file:///etc/sluice/guard.wasm\n  type: HTTP");
});

it("README.md names every feature, and what is always refused as refused", () => {
  const text = readFileSync(join(packageRoot(), "compiler", "targets", "istio", "README.md"), "utf8");
  const rows = new Map(
    [...text.matchAll(/^\| `([a-zA-Z0-9.]+)` \| (\S+) \| (.+) \|$/gm)].map(([, id, means, by]) => [id, { means, by }]),
  );
  expect([...rows.keys()]).toEqual(Object.keys(FEATURES));
  for (const [id, support] of Object.entries(SUPPORT))
    if (typeof support !== "function")
      expect(rows.get(id), id).toEqual({
        means: support.means === "refused" ? "**refused**" : support.means,
        by:
          support.means === "refused"
            ? support.reason
            : "reason" in support
              ? `${support.by}: ${support.reason}`
              : support.by,
      });
});
