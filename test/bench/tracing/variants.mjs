import { load } from "js-yaml";
import { checkText } from "../../../dist/compiler/index.js";
import { emitEnvoy } from "../../../dist/compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../../dist/compiler/targets/envoy/options.js";
import { TRACING, tracedPolicyText } from "./workload.mjs";

/*
 * `guard_*` are what the compiler emits for the policy without tracing, asked with the context of one form or the other. The others are that with Envoy's own tracer, and what the
 * compiler emits with a `tracing` policy.
 */

const PERCENT = { propagate: 0, sample: 10 };

/** By set: what does the same work, without tracing, by Envoy and by Sluice. `form` is that of the context which clients send. */
export const PAIRS = {
  propagate: [
    { base: "guard_w3c", peer: "opentelemetry", own: "sluice_w3c", form: "w3c", tracing: TRACING.propagate.w3c },
    { base: "guard_b3", peer: "zipkin", own: "sluice_b3", form: "b3", tracing: TRACING.propagate.b3multi },
  ],
  sample: [
    { base: "guard_w3c", peer: "opentelemetry", own: "sluice_otlp", form: "w3c", tracing: TRACING.sample.otlp },
    { base: "guard_b3", peer: "zipkin", own: "sluice_zipkin", form: "b3", tracing: TRACING.sample.zipkin },
  ],
};

const COLLECTOR = "collector";

/**
 * A bootstrap (JSON) with one listener a variant, on a free port, named like the variant.
 *
 * @param {keyof typeof PAIRS} set
 * @param {{ upstreamPort: number, collectorPort: number, modulesDir: string }} places
 */
export function bootstrapText(set, places) {
  const plain = emitted(undefined, places);
  const listeners = [];
  const clusters = plain.static_resources.clusters.filter(({ name }) => name !== COLLECTOR);
  for (const { base, peer, own, tracing } of PAIRS[set]) {
    listeners.push(named(listenerOf(plain), base));
    listeners.push(named(withTracer(listenerOf(plain), PROVIDERS[peer], PERCENT[set]), peer));
    listeners.push(named(listenerOf(emitted(tracing, places)), own));
  }
  clusters.push(collectorCluster(places.collectorPort));
  return JSON.stringify({ ...plain, static_resources: { ...plain.static_resources, listeners, clusters } });
}

export function namesOf(set) {
  return PAIRS[set].flatMap(({ base, peer, own }) => [base, peer, own]);
}

function emitted(tracing, { upstreamPort, collectorPort, modulesDir }) {
  const { plan, diagnostics } = checkText("bench.yaml", tracedPolicyText(tracing));
  if (plan === undefined) throw new Error(`the policy does not compile: ${JSON.stringify(diagnostics)}`);
  const emission = emitEnvoy(plan, {
    ...DEFAULT_OPTIONS,
    modulesDir,
    admin: undefined,
    listeners: { guard: { address: "127.0.0.1", port: 0 } },
    endpoints: {
      upstream: [{ host: "127.0.0.1", port: upstreamPort }],
      [COLLECTOR]: [{ host: "127.0.0.1", port: collectorPort }],
    },
  });
  if (emission.violations.length > 0) throw new Error(JSON.stringify(emission.violations));
  return load(emission.artifacts[0].contents);
}

function listenerOf(bootstrap) {
  return structuredClone(bootstrap.static_resources.listeners[0]);
}

const TRACERS = "type.googleapis.com/envoy.config.trace.v3";

const PROVIDERS = {
  zipkin: {
    name: "envoy.tracers.zipkin",
    typed_config: {
      "@type": `${TRACERS}.ZipkinConfig`,
      collector_cluster: COLLECTOR,
      collector_endpoint: "/api/v2/spans",
      collector_endpoint_version: "HTTP_JSON",
      trace_id_128bit: true,
      shared_span_context: false,
    },
  },
  opentelemetry: {
    name: "envoy.tracers.opentelemetry",
    typed_config: {
      "@type": `${TRACERS}.OpenTelemetryConfig`,
      http_service: {
        http_uri: { uri: "http://collector/v1/traces", cluster: COLLECTOR, timeout: "5s" },
      },
      service_name: "bench",
    },
  },
};

/** Spans of the proxy and of the call to the upstream, as Sluice makes them. */
function withTracer(listener, provider, percent) {
  managerOf(listener).tracing = {
    random_sampling: { value: percent },
    spawn_upstream_span: true,
    provider,
  };
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

function collectorCluster(port) {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  return {
    name: COLLECTOR,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: COLLECTOR, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}
