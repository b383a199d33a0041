import { load } from "js-yaml";
import { checkText } from "../../../dist/compiler/index.js";
import { emitEnvoy } from "../../../dist/compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../../dist/compiler/targets/envoy/options.js";
import { localRateLimit } from "../local-rate-limit.mjs";
import { CALLS_PER_SECOND } from "../workload.mjs";
import { AUDIENCE, cacheSize, ISSUER, nativeKeys, policyText, SUBJECTS, subjectOf } from "./workload.mjs";

/*
 * `bare` is the connection manager and the router, `native` Envoy's own filters, `sluice` what the compiler emits. All remove the same headers from requests
 * before anything reads them, and tell the upstream the subject.
 */

export const NAMES = ["bare", "native", "sluice"];

const API = "type.googleapis.com/envoy.extensions.filters.http";

/** A bootstrap (JSON) with one listener a variant, on a free port, named like the variant. */
export function bootstrapText(set, { upstreamPort, modulesDir }) {
  const bootstrap = emitted(set, { upstreamPort, modulesDir });
  const [own] = bootstrap.static_resources.listeners;
  bootstrap.static_resources.listeners = [
    named(withFilters(own, []), "bare"),
    named(withFilters(own, nativeFilters(set)), "native"),
    named(structuredClone(own), "sluice"),
  ];
  return JSON.stringify(bootstrap);
}

/**
 * The same of policies with further rules: `native_N` and `sluice_N` have N of them more.
 *
 * @param {readonly number[]} counts
 */
export function furtherText(set, counts, { upstreamPort, modulesDir }) {
  const bootstraps = counts.map((count) => emitted(set, { upstreamPort, modulesDir, further: count }));
  const [bootstrap] = bootstraps;
  const owns = bootstraps.map(({ static_resources: { listeners } }) => listeners[0]);
  bootstrap.static_resources.listeners = [
    named(withFilters(owns[0], []), "bare"),
    ...owns.flatMap((own, index) => [
      named(withFilters(own, nativeFilters(set, counts[index])), `native_${counts[index]}`),
      named(structuredClone(own), `sluice_${counts[index]}`),
    ]),
  ];
  return JSON.stringify(bootstrap);
}

function emitted(set, { upstreamPort, modulesDir, further = 0 }) {
  const { plan, diagnostics } = checkText("bench.yaml", policyText(set, further));
  if (plan === undefined) throw new Error(`the policy does not compile: ${JSON.stringify(diagnostics)}`);
  const emission = emitEnvoy(plan, {
    ...DEFAULT_OPTIONS,
    modulesDir,
    admin: undefined,
    listeners: { guard: { address: "127.0.0.1", port: 0 } },
    endpoints: { upstream: [{ host: "127.0.0.1", port: upstreamPort }] },
  });
  if (emission.violations.length > 0) throw new Error(JSON.stringify(emission.violations));
  return load(emission.artifacts[0].contents);
}

function nativeFilters(set, further = 0) {
  const subjects = Array.from({ length: SUBJECTS }, (_, index) => subjectOf(index));
  const limit = { header: "x-user-id", key: "subject", values: subjects, calls: CALLS_PER_SECOND };
  const rules = Array.from({ length: further }, (_, index) => furtherRule(index));
  return [jwtAuthn(set), rbac(), ...rules, localRateLimit(limit)];
}

function furtherRule(index) {
  const orders = { url_path: { path: { prefix: "/orders/" } } };
  const kept = { not_rule: { header: { name: ":method", string_match: { exact: "DELETE" } } } };
  const policies = { only: { permissions: [{ and_rules: { rules: [orders, kept] } }], principals: [{ any: true }] } };
  const config = { "@type": `${API}.rbac.v3.RBAC`, rules: { action: "ALLOW", policies } };
  return filter(`envoy.filters.http.rbac.${index}`, config);
}

function jwtAuthn(set) {
  const size = cacheSize(set);
  return filter("envoy.filters.http.jwt_authn", {
    "@type": `${API}.jwt_authn.v3.JwtAuthentication`,
    providers: {
      issuer: {
        issuer: ISSUER,
        audiences: [AUDIENCE],
        local_jwks: { inline_string: JSON.stringify(nativeKeys(set)) },
        claim_to_headers: [{ header_name: "x-user-id", claim_name: "sub" }],
        ...(size === 0 ? {} : { jwt_cache_config: { jwt_cache_size: size } }),
      },
    },
    rules: [{ match: { prefix: "/" }, requires: { provider_name: "issuer" } }],
  });
}

function rbac() {
  const method = (exact) => ({ header: { name: ":method", string_match: { exact } } });
  const drafts = { url_path: { path: { prefix: "/orders/drafts/" } } };
  return filter("envoy.filters.http.rbac", {
    "@type": `${API}.rbac.v3.RBAC`,
    rules: {
      action: "ALLOW",
      policies: {
        readers: { permissions: [method("GET")], principals: [{ any: true }] },
        drafts: { permissions: [{ and_rules: { rules: [method("POST"), drafts] } }], principals: [{ any: true }] },
      },
    },
  });
}

function filter(name, config) {
  return { name, typed_config: config };
}

/** The listener with these filters in place of the guard, and nothing that only the guard finds out. */
function withFilters(own, filters) {
  const listener = structuredClone(own);
  const manager = managerOf(listener);
  manager.http_filters = [...filters, manager.http_filters.at(-1)];
  for (const { routes } of manager.route_config.virtual_hosts) {
    for (const route of routes) {
      delete route.request_headers_to_add;
      delete route.request_headers_to_remove;
      delete route.response_headers_to_add;
    }
  }
  return listener;
}

function named(listener, name) {
  listener.name = name;
  managerOf(listener).stat_prefix = name;
  return listener;
}

function managerOf(listener) {
  return listener.filter_chains[0].filters[0].typed_config;
}
