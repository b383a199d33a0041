import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { moduleBytes, packageRoot } from "../../compiler/cli/files.js";
import { Host, pluginOf } from "../../compiler/host/host.js";
import { seededRandom } from "../../compiler/host/random.js";
import type { Vm } from "../../compiler/host/vm.js";
import { checkText } from "../../compiler/index.js";
import { guardConfiguration } from "../../compiler/plan/guard.js";
import { GUARD_CAPABILITIES } from "../../compiler/targets/envoy/capabilities.js";
import { moduleNames } from "../../compiler/wasm/contracts.js";
import { expectGolden } from "../support/golden.js";
import { consumers, policyText } from "./workload.mjs";

// What a request costs and no machine changes: calls over the border in both directions, and bytes. A change of a figure here is
// looked at before it lands. `npm run golden:update` writes them down.

const GOLDEN = join(packageRoot(), "test/bench/deterministic.golden.json");

let vm: Vm;
const calls: string[] = [];
const entered: string[] = [];

beforeAll(async () => {
  const { plan } = checkText("bench.yaml", policyText());
  if (plan === undefined) throw new Error("the policy of the bench does not compile");
  vm = new Host({ random: seededRandom(1) }).start(await moduleBytes("guard.wasm"), {
    vmId: "bench",
    capabilities: GUARD_CAPABILITIES,
    intercept: (name) => {
      calls.push(name);
      return undefined;
    },
    entered: (name) => void entered.push(name),
  });
  const configuration = JSON.stringify(guardConfiguration(plan, []));
  expect(vm.configure(pluginOf({ configuration }))).toBeDefined();
});

const HEADERS: [string, string][] = [
  [":authority", "api.example.com"],
  [":scheme", "http"],
  ["user-agent", "bench"],
  ["accept", "*/*"],
  ["x-forwarded-for", "127.0.0.1"],
  ["x-forwarded-proto", "http"],
  ["x-request-id", "0af76519-16cd-43dd-8448-eb211c80319c"],
];

/** Calls of one request on a route of the bench, and what came of it. */
function cost(method: string, key: string | undefined, route = "orders") {
  const stream = vm.stream({ attributes: { "xds.route_name": route, "source.address": "127.0.0.1:49152" } });
  calls.length = 0;
  entered.length = 0;
  const keys: [string, string][] = key === undefined ? [] : [["x-api-key", key]];
  stream.requestHeaders([[":method", method], [":path", "/orders/42"], ...HEADERS, ...keys], true);
  const status = stream.localReply?.status;
  const counted: Record<string, number> = {};
  for (const name of calls.toSorted()) counted[name] = (counted[name] ?? 0) + 1;
  const callbacks = [...entered];
  stream.finish();
  return { answer: status ?? "passed", callbacks, hostCalls: calls.length, byName: counted };
}

test("host calls, callbacks and bytes are what was written down", async () => {
  const [first, second] = consumers;
  const key = first?.key;
  const requests = {
    "first of a caller": cost("GET", key),
    "second of a caller, within its lease": cost("GET", key),
    "first of another caller": cost("GET", second?.key),
    "without a key": cost("GET", undefined),
    "with a wrong key": cost("GET", `${key}0`),
    "that no rule allows": cost("PUT", key),
    "on a route that nobody knows": cost("GET", key, "nowhere"),
  };
  const sizes = await Promise.all(
    moduleNames.map(async (name) => [`${name}.wasm`, (await moduleBytes(`${name}.wasm`)).length] as const),
  );
  expect(requests["first of a caller"].answer, "the request that is measured passes").toBe("passed");
  const measured = { requests, bytes: Object.fromEntries(sizes) };
  expectGolden(GOLDEN, `${JSON.stringify(measured, null, 2)}\n`);
});
