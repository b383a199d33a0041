import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StatsConfigSchema } from "../../envoy/generated/envoy/config/metrics/v3/stats_pb.js";

/**
 * What of a counter's name, `sluice.<kind>.<policy>.<outcome>`, Prometheus gets as labels: of all policies of a kind one metric
 * is left, such as `sluice_rate_limit{policy="per-partner",outcome="denied"}`. Of an expression Envoy takes the first group
 * out of the name and has the second for the value. Names of policies hold no dot. Envoy's own labels stay as they are.
 */
const COUNTER_LABELS = [
  // Of denials by reason and of fetched keys, too: Envoy takes each label by one expression only.
  {
    tagName: "policy",
    regex:
      "^wasmcustom\\.sluice(?:\\.[a-z-]+|_denials|_key_sets|_keys|_keys_age_seconds)(\\.([a-z0-9-]+))(?:\\.[a-z0-9-]+(?:\\..+)?)?$",
  },
  // Of requests by consumer, too, whose names may hold dots where another than this compiler wrote them.
  {
    tagName: "outcome",
    regex: "^wasmcustom\\.sluice(?:\\.[a-z-]+\\.[a-z0-9-]+|_key_sets\\.[a-z0-9-]+|_consumers\\..+)(\\.([a-z]+))$",
  },
  // Of denials a metric of their own: `sluice_denials{policy="per-partner",reason="quota-exceeded",route="orders"}`.
  { tagName: "reason", regex: "^wasmcustom\\.sluice_denials\\.[a-z0-9-]+(\\.([a-z0-9-]+))(?:\\..+)?$" },
  { tagName: "route", regex: "^wasmcustom\\.sluice_denials\\.[a-z0-9-]+\\.[a-z0-9-]+(\\.(.+))$" },
  { tagName: "consumer", regex: "^wasmcustom\\.sluice_consumers(\\.(.+))\\.[a-z]+$" },
] as const;

/** How Envoy names metrics, beside the labels that it has by itself. */
export function metricLabels(): MessageInitShape<typeof StatsConfigSchema> {
  return {
    statsTags: COUNTER_LABELS.map(({ tagName, regex }) => ({
      tagName,
      tagValue: { case: "regex" as const, value: regex },
    })),
  };
}
