import { localRateLimit } from "./local-rate-limit.mjs";
import { CALLS_PER_SECOND, consumers } from "./workload.mjs";

const API = "type.googleapis.com/envoy.extensions.filters.http";

/**
 * The policy in Envoy's own filters. They do less: keys are kept in plain text, tier and groups of a consumer do not
 * exist, and the limit is told as `x-ratelimit-*`.
 */
export function nativeFilters() {
  const names = consumers.map(({ name }) => name);
  const limit = { header: "x-consumer", key: "consumer", values: names, calls: CALLS_PER_SECOND };
  return [apiKeyAuth(), rbac(), localRateLimit(limit)];
}

function apiKeyAuth() {
  return filter("envoy.filters.http.api_key_auth", {
    "@type": `${API}.api_key_auth.v3.ApiKeyAuth`,
    credentials: consumers.map(({ name, key }) => ({ key, client: name })),
    key_sources: [{ header: "x-api-key" }],
    forwarding: { header: "x-consumer", hide_credentials: true },
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
