import { describe, expect, it } from "vitest";
import { checkText } from "../../index.js";
import { supportOf } from "../support.js";
import { SUPPORT } from "./support.js";

// What the target refuses, and does in another way, with the reason.

/** A policy whose one route `r` leads to the service `s`, with other lines in place of its own. */
function policy(
  parts: Partial<Record<"listener" | "service" | "policies" | "match" | "route" | "top", string>>,
): string {
  const { listener = "", service = "endpoints: [10.0.0.5:9001]", policies, match = "path: /a/**" } = parts;
  const { route = "to: s", top = "" } = parts;
  return `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 0.0.0.0:8080${listener === "" ? "" : `, ${listener}`} }
services:
  s: { ${service} }
  t: { endpoints: [10.0.0.6:9001] }
${policies === undefined ? "" : `policies:\n  p: { ${policies} }\n`}routes:
  - { name: r, match: { ${match} }, ${route}${policies === undefined ? "" : ", apply: [p]"} }
${top}`;
}

/** What is refused and done by other means, by feature. */
function answers(text: string): Record<string, string> {
  const { plan, diagnostics } = checkText("policy.yaml", text);
  if (plan === undefined) throw new Error(JSON.stringify(diagnostics.map(({ message }) => message)));
  return Object.fromEntries(
    supportOf(plan, SUPPORT).flatMap(({ id, support }) =>
      support.means === "refused" || support.means === "polyfill" ? [[id, `${support.means}: ${support.reason}`]] : [],
    ),
  );
}

const ALWAYS = {
  "listener.address": "polyfill: an address is one of a machine; in a cluster the Service of the Gateway has one",
  "match.headers": "polyfill: no match looks at the whole target, and the path is all of it that counts",
};

describe("of a plain route", () => {
  it("only the address and the answer to bad paths are done in another way", () => {
    expect(answers(policy({}))).toEqual(ALWAYS);
  });
});

describe.each([
  [
    "a redirect without a host",
    { route: "redirect: { path: /b, status: 308 }" },
    "route.redirect",
    "the port of the listener",
  ],
  ["a header that is there", { match: "path: /a, headers: { x-a: true }" }, "match.headers", "cannot ask for `x-a`"],
  ["a parameter", { match: "path: /a, query: { a: b }" }, "match.query", "the whole target"],
  [
    "a check of health by a name",
    { service: "endpoints: [10.0.0.5:9001], protocol: http2, health: { grpc: {}, host: h.example.com }" },
    "service.health",
    "no authority",
  ],
  [
    "hashing",
    { service: "endpoints: [10.0.0.5:9001], loadBalancing: maglev", route: "to: s, hashBy: { source: ip }" },
    "service.loadBalancing",
    "another table",
  ],
  ["a file of endpoints", { service: "eds: mounted:/etc/eds/s.yaml" }, "service.eds", "on the disk"],
  ["a name of one part", { service: 'dns: "s:80"' }, "service.dns", "two parts"],
  [
    "a certificate for a service of the machine itself",
    {
      service:
        "endpoints: [127.0.0.1:9001], tls: { sni: s.internal, ca: mounted:/a, certificate: mounted:/c, key: mounted:/k }",
    },
    "service.tls",
    "only a Backend is shown a certificate",
  ],
  [
    "calls with deadlines",
    { service: "endpoints: [10.0.0.5:9001], protocol: grpc" },
    "route.calls",
    "no deadlines of gRPC",
  ],
  [
    "versions of HTTP by weight",
    {
      service: "endpoints: [10.0.0.5:9001], protocol: http2",
      route: "to: [{ service: s, weight: 1 }, { service: t, weight: 1 }]",
    },
    "route.weights",
    "asked in different ways",
  ],
  [
    "one that stands in",
    { service: "endpoints: [10.0.0.5:9001], health: { path: /h }, failover: [t]" },
    "service.failover",
    "in one cluster",
  ],
  [
    "HTTP/3",
    { listener: "protocols: [http2, http3], tls: { certificate: mounted:/c, key: mounted:/k }" },
    "listener.http3",
    "bounds no windows",
  ],
  ["one version of HTTP", { listener: "protocols: [http1]" }, "listener.protocol", "HTTP/1.1 and HTTP/2"],
  ["pages", { listener: 'errors: [{ on: [404], body: "no" }]' }, "listener.errors", "pages"],
  ["a log in a file", { listener: "accessLog: { to: /var/log/a.log }" }, "listener.accessLog", "standard output"],
  [
    "a service that decides by HTTP",
    { policies: "externalAuth: { http: { service: t, headersToService: [authorization] } }" },
    "native.externalAuth",
    "all headers of a refusal",
  ],
  [
    "a service that decides by gRPC",
    {
      service: "endpoints: [10.0.0.5:9001], protocol: http2",
      policies: "externalAuth: { grpc: { service: s } }",
    },
    "native.externalAuth",
    "any header of the request",
  ],
  [
    "faults for some",
    { policies: "fault: { abort: { status: 503 }, headers: { x-a: b } }" },
    "native.fault",
    "whatever their headers",
  ],
  [
    "faults without a service",
    { policies: "fault: { abort: { status: 503 } }", route: "respond: { status: 200 }" },
    "native.fault",
    "only requests for services",
  ],
  ["compressed answers", { policies: "compress: {}" }, "native.compress", "other rules"],
  ["a bound of bodies", { policies: "bodyLimit: { bytes: 64Ki }" }, "native.bodyLimit", "the length"],
  ["room of the gateway", { top: "overload: { connections: 100 }\n" }, "gateway.overload", "bootstrap"],
])("%s", (_what, parts, feature, reason) => {
  it(`is refused as ${feature}`, () => {
    const { [feature]: found } = answers(policy(parts));
    expect(found).toMatch(/^refused: ./);
    expect(found).toContain(reason);
  });
});

const RUNS_Q = "  - { name: q, match: { path: /q }, to: s, apply: [q] }\n";

it.each([
  [
    "a check of health",
    { service: "endpoints: [10.0.0.5:9001], health: { path: /h } " },
    "service.health",
    "once a minute",
  ],
  [
    "one that is left out",
    { service: "endpoints: [10.0.0.5:9001], outliers: {}" },
    "service.outliers",
    "more than others",
  ],
  ["addresses", { policies: "ipAccess: { allow: [10.0.0.0/8] }" }, "native.ipAccess", "no counter tells"],
  [
    "addresses of two policies",
    { policies: "ipAccess: { allow: [10.0.0.0/8] } }\n  q: { ipAccess: { deny: [10.9.0.0/16] }", top: RUNS_Q },
    "native.ipAccess",
    "which policies it may have been",
  ],
  [
    "faults of two policies",
    { policies: "fault: { abort: { status: 503 } } }\n  q: { fault: { abort: { status: 502 } }", top: RUNS_Q },
    "native.fault",
    "which policies it may have been",
  ],
  [
    "an authority of its own",
    { service: 'dns: "s.example.com:443", tls: { ca: "mounted:/etc/ca.crt" }' },
    "service.tls",
    "in ConfigMaps and Secrets",
  ],
  [
    "TLS on the machine itself",
    { service: "endpoints: [127.0.0.1:9001], tls: { sni: s.internal, ca: mounted:/a }" },
    "service.tls",
    "chooses the version of HTTP",
  ],
])("%s is had in another way, as the report says", (_what, parts, feature, reason) => {
  const { [feature]: found } = answers(policy(parts));
  expect(found).toMatch(/^polyfill: ./);
  expect(found).toContain(reason);
});

it.each([
  ["set: { x-a: 'two  spaces' }", "what `x-a` is set to is no value to Envoy Gateway"],
  [
    `set: { ${Array.from({ length: 17 }, (_, n) => `x-${n}: a`).join(", ")} }`,
    "a filter changes 16 headers at most, and this one 17",
  ],
])("headers that Envoy Gateway would not take are refused: %s", (edits, reason) => {
  const { "route.to": found } = answers(policy({ policies: `headers: { response: { ${edits} } }` }));
  expect(found).toBe(`refused: ${reason}`);
});

it("a header that two parts of the policy write is refused: a filter of Envoy Gateway writes it once", () => {
  const policies = "headers: { response: { set: { content-type: text/html } } }";
  const { "route.respond": found } = answers(
    policy({ policies, route: 'respond: { status: 200, body: "no", headers: { content-type: text/plain } }' }),
  );
  expect(found).toBe("refused: `content-type` is written twice, and a filter writes each header once");
});

describe("certificates of clients", () => {
  const listener = "tls: { certificate: mounted:/c, key: mounted:/k, clientCertificate: { ca: mounted:/a } }";

  it("are asked for, where no policy looks at the names in them", () => {
    expect(answers(policy({ listener }))).toMatchObject({
      "listener.clientCertificate": expect.stringMatching(/^polyfill: .*ConfigMaps/),
    });
  });

  it("are asked for, whatever the file says of names beside its policies", () => {
    const policies =
      "when: 'request.method == \"GET\"', authorize: { rules: [{ name: r, allow: 'request.path == \"/a\"' }] }";
    const text = policy({ listener, policies });
    expect(answers(`# nothing looks at source.principal\n${text}`)).toMatchObject({
      "listener.clientCertificate": expect.stringMatching(/^polyfill: /),
    });
  });

  it.each([
    "authorize: { rules: [{ name: r, allow: 'source.principal == \"a.test\"' }] }",
    "rateLimit: { key: [source.principal], rate: 3/minute }",
    "when: 'source.principal == \"a.test\"', authorize: { rules: [{ name: r, allow: 'request.method == \"GET\"' }] }",
    "tracing: { export: { zipkin: t }, tags: { who: source.principal } }",
    "authenticate: { anyOf: [{ mtls: {} }] }",
  ])("are refused with %s", (policies) => {
    const top = "consumers: { acme: { credentials: [{ certificate: { san: 'spiffe://a/b' } }] } }\n";
    expect(answers(policy({ listener, policies, top }))).toMatchObject({
      "listener.clientCertificate": expect.stringMatching(/^refused: .*the only one/),
    });
  });
});

it.each([
  ["TLS", "dns: 's.example.com:443', tls: {}"],
  ["HTTP/2", "endpoints: [10.0.0.5:9001], protocol: http2"],
  ["HTTP/2 with TLS", "dns: 's.example.com:443', protocol: http2, tls: {}"],
  ["what it chooses with TLS", "dns: 's.example.com:443', protocol: auto, tls: {}"],
])("%s is spoken to a service as by Envoy", (_, service) => {
  expect(answers(policy({ service }))).toEqual(ALWAYS);
});

it("the decision is told, and where only one of two listeners tells it, routes count twice", () => {
  const service = "endpoints: [10.0.0.5:9001], circuitBreakers: { connections: 10 }";
  const one = policy({ service, listener: "decisionHeader: true" });
  expect(answers(one)).toEqual(ALWAYS);
  const both = one.replace("services:", "  other: { address: 0.0.0.0:8081 }\nservices:");
  expect(answers(both)).toMatchObject({
    "service.circuitBreakers": expect.stringContaining("would not share the limits"),
  });
});

it("faults of one policy are had as they are", () => {
  expect(answers(policy({ policies: "fault: { abort: { status: 503 } }" }))).toEqual(ALWAYS);
});

it("that a service is on the machine itself is no refusal", () => {
  expect(answers(policy({ service: "endpoints: [127.0.0.1:9001]" }))).toEqual({
    ...ALWAYS,
    "service.endpoints": "polyfill: 127.0.0.1 is the machine that the file was written for, which no cluster has",
  });
});

it("limits of a service that two routes share are refused, and of one route are not", () => {
  const service = "endpoints: [10.0.0.5:9001], circuitBreakers: { connections: 10 }";
  expect(answers(policy({ service }))).toEqual(ALWAYS);
  const second = "  - { name: q, match: { path: /q }, to: s }\n";
  expect(answers(policy({ service, top: second }))).toMatchObject({
    "service.circuitBreakers": expect.stringContaining("would not share the limits"),
  });
});

it("routes of one host that may take the same requests must fit into one HTTPRoute", () => {
  const routes = (path: (number: number) => string) =>
    Array.from(
      { length: 20 },
      (_, number) => `  - { name: r${number}, match: { path: "${path(number)}" }, to: s }\n`,
    ).join("");
  expect(answers(policy({ top: routes((number) => `/part-${number}/**`) }))).toEqual(ALWAYS);
  expect(answers(policy({ top: routes((number) => `/{any}/x${number}`) }))).toMatchObject({
    "route.to": expect.stringContaining("an HTTPRoute has 16 rules at most"),
  });
});
