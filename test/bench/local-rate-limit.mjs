const EVERY = { numerator: 100, denominator: "HUNDRED" };

/**
 * Envoy's own limit of a proxy, by a header, which tells clients what is left: what ours are compared with.
 *
 * @param {{ header: string, key: string, values: readonly string[], calls: number }} limit calls a second for each value
 */
export function localRateLimit({ header, key, values, calls }) {
  const bucket = (tokens) => ({ max_tokens: tokens, tokens_per_fill: tokens, fill_interval: "1s" });
  return {
    name: "envoy.filters.http.local_ratelimit",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
      stat_prefix: "bench",
      token_bucket: bucket(1_000_000_000),
      always_consume_default_token_bucket: false,
      filter_enabled: { default_value: EVERY },
      filter_enforced: { default_value: EVERY },
      enable_x_ratelimit_headers: "DRAFT_VERSION_03",
      rate_limits: [{ actions: [{ request_headers: { header_name: header, descriptor_key: key } }] }],
      descriptors: values.map((value) => ({ entries: [{ key, value }], token_bucket: bucket(calls) })),
    },
  };
}
