import { CALLS_PER_SECOND, consumers } from "./workload.mjs";

const API = "type.googleapis.com/envoy.extensions.filters.http";
const EVERY = { numerator: 100, denominator: "HUNDRED" };

/**
 * The policy in Envoy's own filters. They do less: keys are kept in plain text, tier and groups of a consumer do not
 * exist, and the limit is told as `x-ratelimit-*`.
 */
export function nativeFilters() {
  return [apiKeyAuth(), rbac(), localRateLimit()];
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

function localRateLimit() {
  const bucket = (tokens) => ({ max_tokens: tokens, tokens_per_fill: tokens, fill_interval: "1s" });
  return filter("envoy.filters.http.local_ratelimit", {
    "@type": `${API}.local_ratelimit.v3.LocalRateLimit`,
    stat_prefix: "bench",
    token_bucket: bucket(1_000_000_000),
    always_consume_default_token_bucket: false,
    filter_enabled: { default_value: EVERY },
    filter_enforced: { default_value: EVERY },
    enable_x_ratelimit_headers: "DRAFT_VERSION_03",
    rate_limits: [{ actions: [{ request_headers: { header_name: "x-consumer", descriptor_key: "consumer" } }] }],
    descriptors: consumers.map(({ name }) => ({
      entries: [{ key: "consumer", value: name }],
      token_bucket: bucket(CALLS_PER_SECOND),
    })),
  });
}

function filter(name, config) {
  return { name, typed_config: config };
}
