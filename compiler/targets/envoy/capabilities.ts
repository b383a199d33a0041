import { fetchesKeys } from "../../plan/key-sources.js";
import type { GatewayPlan, PolicyPlan } from "../../plan/plan.js";
import { sendsSpans } from "../../plan/tracing.js";

/**
 * Everything the guard may call, and the callbacks that it is entered by. Envoy never calls a callback that is not
 * listed, and says nothing: without `proxy_on_request_headers` every request would pass. `proxy_on_context_create` is
 * left out on purpose: a configuration has a VM of its own, so the only root serves every stream.
 */
export const GUARD_CAPABILITIES = [
  "clock_time_get",
  "environ_get",
  "environ_sizes_get",
  "proxy_define_metric",
  "proxy_get_buffer_bytes",
  "proxy_get_header_map_pairs",
  "proxy_get_log_level",
  "proxy_get_property",
  "proxy_get_shared_data",
  "proxy_increment_metric",
  "proxy_log",
  "proxy_on_configure",
  "proxy_on_request_headers",
  "proxy_send_local_response",
  "proxy_set_property",
  "proxy_set_shared_data",
  "random_get",
] as const;

/** What it calls and is entered by beside, where it asks services of its own accord: by the clock, and with their answers. */
const ASKING_CAPABILITIES = [
  "proxy_http_call",
  "proxy_on_http_call_response",
  "proxy_on_tick",
  "proxy_set_tick_period_milliseconds",
] as const;

/** Where it sends spans it is told of the end of each stream, too. */
const SENDING_CAPABILITIES = ["proxy_on_log"] as const;

/** Where it fetches keys it tells how many there are, and how old they are. */
const FETCHING_CAPABILITIES = ["proxy_record_metric"] as const;

/** What it calls beside, where it verifies signatures by public keys. */
const VERIFYING_CAPABILITIES = ["proxy_call_foreign_function"] as const;

/** What it calls and is entered by beside, where requests wait for what a service answers: many that wait for one answer are told it over several ticks. */
const WAITING_CAPABILITIES = [
  "proxy_continue_stream",
  "proxy_http_call",
  "proxy_on_http_call_response",
  "proxy_on_tick",
  "proxy_set_effective_context",
  "proxy_set_tick_period_milliseconds",
] as const;

/** What it calls and is entered by beside, where it counts calls in flight: when a stream is gone, and by the clock. */
const FOLLOWING_CAPABILITIES = ["proxy_on_delete", "proxy_on_tick", "proxy_set_tick_period_milliseconds"] as const;

/** What it is entered by beside, where it charges what answers say. */
const ANSWER_CAPABILITIES = ["proxy_on_delete", "proxy_on_response_headers"] as const;

/** What the guard may do for a plan. Callbacks that nothing needs would cost each stream an entry into the module. */
export function guardCapabilities(plan: GatewayPlan): readonly string[] {
  const some = (does: (policy: PolicyPlan) => boolean) => plan.policies.some(does);
  const capabilities = [
    ...GUARD_CAPABILITIES,
    ...(sendsSpans(plan) || fetchesKeys(plan) ? ASKING_CAPABILITIES : []),
    ...(sendsSpans(plan) ? SENDING_CAPABILITIES : []),
    ...(some(({ introspection }) => introspection !== undefined) ? WAITING_CAPABILITIES : []),
    ...(fetchesKeys(plan) ? FETCHING_CAPABILITIES : []),
    ...(some(({ verifiesSignatures }) => verifiesSignatures === true) ? VERIFYING_CAPABILITIES : []),
    ...(some(({ readsAnswers }) => readsAnswers === true) ? ANSWER_CAPABILITIES : []),
    ...(some(({ followsStreams }) => followsStreams === true) ? FOLLOWING_CAPABILITIES : []),
  ];
  return [...new Set(capabilities)].toSorted();
}

/**
 * The same of `body.wasm`. Without its callbacks a request would go on as it is; the service then gets what it does not
 * understand, and answers so.
 */
export const BODY_CAPABILITIES = [
  "clock_time_get",
  "environ_get",
  "environ_sizes_get",
  "proxy_define_metric",
  "proxy_get_buffer_bytes",
  "proxy_get_header_map_pairs",
  "proxy_get_log_level",
  "proxy_get_property",
  "proxy_increment_metric",
  "proxy_log",
  "proxy_on_configure",
  "proxy_on_request_body",
  "proxy_on_request_headers",
  "proxy_on_request_trailers",
  "proxy_on_response_body",
  "proxy_on_response_headers",
  "proxy_on_response_trailers",
  "proxy_remove_header_map_value",
  "proxy_replace_header_map_value",
  "proxy_send_local_response",
  "proxy_set_buffer_bytes",
  "proxy_set_property",
  "random_get",
] as const;

/** The same where it compares bodies with their digests: it has nothing to do with answers, and changes nothing. */
export const DIGEST_CAPABILITIES = BODY_CAPABILITIES.filter(
  (name) => !/_on_response_|_header_map_value$|_set_buffer_bytes$/.test(name),
);
