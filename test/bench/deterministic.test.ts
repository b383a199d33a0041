import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { moduleBytes, packageRoot } from "../../compiler/cli/files.js";
import { Host, pluginOf } from "../../compiler/host/host.js";
import { seededRandom } from "../../compiler/host/random.js";
import type { Vm } from "../../compiler/host/vm.js";
import { checkText } from "../../compiler/index.js";
import { guardConfiguration } from "../../compiler/plan/guard.js";
import { guardCapabilities } from "../../compiler/targets/envoy/capabilities.js";
import { moduleNames } from "../../compiler/wasm/contracts.js";
import { expectGolden } from "../support/golden.js";
import { consumers, policyText } from "./workload.mjs";

// What a request costs and no machine changes: calls over the border in both directions, and bytes. A change of a figure here is
// looked at before it lands. `npm run golden:update` writes them down.

const GOLDEN = join(packageRoot(), "test/bench/deterministic.golden.json");

let module: Uint8Array;
beforeAll(async () => {
  module = await moduleBytes("guard.wasm");
});

/** A guard with a policy file, and what crosses its border. */
class Measured {
  private readonly vm: Vm;
  private readonly calls: string[] = [];
  private readonly entered: string[] = [];

  constructor(text: string) {
    const { plan } = checkText("bench.yaml", text);
    if (plan === undefined) throw new Error("the policy of the bench does not compile");
    const host = new Host({ random: seededRandom(1), clusters: ["collector"] });
    this.vm = host.start(module, {
      vmId: "bench",
      capabilities: guardCapabilities(plan),
      intercept: (name) => void this.calls.push(name),
      entered: (name) => void this.entered.push(name),
    });
    const configuration = JSON.stringify(guardConfiguration(plan, []));
    expect(this.vm.configure(pluginOf({ configuration }))).toBeDefined();
  }

  /** Calls of one request on a route of the bench, and what came of it; then of the end of its stream. */
  run(method: string, key: string | undefined, { route = "orders", headers = [], status = 200 }: Request = {}) {
    const attributes = { "xds.route_name": route, "source.address": "127.0.0.1:49152", ...ATTRIBUTES };
    const stream = this.vm.stream({ attributes });
    this.calls.length = 0;
    this.entered.length = 0;
    const keys: [string, string][] = key === undefined ? [] : [["x-api-key", key]];
    stream.requestHeaders([[":method", method], [":path", "/orders/42"], ...HEADERS, ...keys, ...headers], true);
    const request = { answer: stream.localReply?.status ?? "passed", ...this.counted() };
    this.calls.length = 0;
    this.entered.length = 0;
    if (stream.localReply === undefined) stream.responseHeaders([[":status", `${status}`]], true);
    stream.finish();
    return { request, end: this.counted() };
  }

  private counted() {
    const byName: Record<string, number> = {};
    for (const name of this.calls.toSorted()) byName[name] = (byName[name] ?? 0) + 1;
    return { callbacks: [...this.entered], hostCalls: this.calls.length, byName };
  }
}

interface Request {
  route?: string;
  headers?: [string, string][];
  status?: number;
}

const HEADERS: [string, string][] = [
  [":authority", "api.example.com"],
  [":scheme", "http"],
  ["user-agent", "bench"],
  ["accept", "*/*"],
  ["x-forwarded-for", "127.0.0.1"],
  ["x-forwarded-proto", "http"],
  ["x-request-id", "0af76519-16cd-43dd-8448-eb211c80319c"],
];

/** What Envoy tells at the end of a stream that a service answered. */
const ATTRIBUTES = {
  "request.time": 1_800_000_000_000_000_000n,
  "request.duration": 1_000_000n,
  "request.protocol": "HTTP/1.1",
  "upstream.request_attempt_count": 1n,
  "upstream.address": "127.0.0.1:10001",
  "xds.cluster_name": "upstream",
  "response.backend_latency": 500_000n,
};

const [first, second] = consumers;
const key = first?.key;

/** What the guard of the bench does of the requests themselves. */
function requests() {
  const guard = new Measured(policyText());
  const cost = (...of: Parameters<Measured["run"]>) => guard.run(...of).request;
  return {
    "first of a caller": cost("GET", key),
    "second of a caller, within its lease": cost("GET", key),
    "first of another caller": cost("GET", second?.key),
    "without a key": cost("GET", undefined),
    "with a wrong key": cost("GET", `${key}0`),
    "that no rule allows": cost("PUT", key),
    "on a route that nobody knows": cost("GET", key, { route: "nowhere" }),
  };
}

const traceparent = (sampled: 0 | 1): Request => ({
  headers: [["traceparent", `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0${sampled}`]],
});

/** The guard of the bench with tracing in front of all that it does, within leases and with random numbers at hand. */
function tracedGuard(tracing: string): Measured {
  const text = policyText()
    .replace("\npolicies:\n", `\npolicies:\n  trace:\n    tracing: ${tracing}\n`)
    .replace("\nservices:\n", "\nservices:\n  collector: { endpoints: [127.0.0.1:9411] }\n")
    .replaceAll("apply: [", "apply: [trace, ");
  const guard = new Measured(text.replace(tracing.includes("export") ? /$/ : /\n {2}collector: .*/, ""));
  for (let index = 0; index < 3; index++) guard.run("GET", key);
  return guard;
}

/** And what tracing adds to them. */
function traced() {
  const handing = tracedGuard("{ propagate: [w3c], sample: 0% }");
  const exporting = tracedGuard("{ propagate: [w3c], sample: 0%, export: { zipkin: collector } }");
  const keeping = tracedGuard("{ sample: 0%, always: 'response.status >= 500', export: { zipkin: collector } }");
  const state: Request = { headers: [...(traceparent(0).headers ?? []), ["tracestate", "a=1"], ["baggage", "b=2"]] };
  return {
    "handed on": handing.run("GET", key, traceparent(0)),
    "handed on with tracestate and baggage": handing.run("GET", key, state),
    "begun here": handing.run("GET", key),
    "not recorded": exporting.run("GET", key, traceparent(0)),
    recorded: exporting.run("GET", key, traceparent(1)),
    "recorded and denied": exporting.run("GET", undefined, traceparent(1)),
    "not kept": keeping.run("GET", key, traceparent(0)),
    kept: keeping.run("GET", key, { ...traceparent(0), status: 500 }),
  };
}

test("host calls, callbacks and bytes are what was written down", async () => {
  const sizes = await Promise.all(
    moduleNames.map(async (name) => [`${name}.wasm`, (await moduleBytes(`${name}.wasm`)).length] as const),
  );
  const measured = { requests: requests(), traced: traced(), bytes: Object.fromEntries(sizes) };
  expect(measured.requests["first of a caller"].answer, "the request that is measured passes").toBe("passed");
  expectGolden(GOLDEN, `${JSON.stringify(measured, null, 2)}\n`);
});
