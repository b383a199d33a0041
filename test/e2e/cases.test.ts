import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { check } from "../../compiler/index.js";
import type { NativePolicy } from "../../compiler/plan/native.js";
import type { GatewayPlan, Json, JsonObject } from "../../compiler/plan/plan.js";
import { allCases, allExamples } from "../support/cases.js";
import { drawn } from "../support/random-case.js";
import { randomRequests } from "../support/random-requests.js";
import { disagreements, membersOf } from "./support/replay.js";

// Every policy of the examples and of the cases runs on both engines, under random requests that are aimed at it.

const REQUESTS = 40;

const files = [
  ...allExamples().map(({ folder, policyPath }) => ({ name: folder, policyPath })),
  ...allCases()
    .filter(({ rejects }) => !rejects)
    .map(({ folder, policyPath }) => ({ name: folder, policyPath })),
].map((file) => ({ ...file, name: file.name.replace(/^.*\/(?=(examples|compiler|filters)\/)/, "") }));

describe(`${files.length} policies of examples and cases`, () => {
  it("both engines agree", async () => {
    const replays = files.flatMap(({ policyPath, name }, index) => {
      const { plan } = check(policyPath);
      if (plan === undefined) throw new Error(`${name} is not accepted`);
      return membersOf(slowed(plan), `case-${index}`).map((member) => ({
        name,
        member,
        requests: drawn(randomRequests(member.plan, member.keys, REQUESTS), seedOf(name)),
      }));
    });
    const seen = new Set<number>();
    const found = await disagreements(replays, ({ status }) => seen.add(status));
    expect(
      found.map(({ replay, request, ...answers }) => {
        const { name, requests } = replays[replay] ?? {};
        return { name, request: requests?.[request], ...answers };
      }),
    ).toEqual([]);
    expect([...seen]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404, 405, 429]));
  });
});

/** Of its own for each policy, so that a policy more does not change what is asked of the others. */
function seedOf(name: string): number {
  return createHash("sha256").update(name).digest().readUInt32BE() >>> 1;
}

/** The same with limits that let few calls pass in a day, and time for whoever is asked: how long the replay takes cannot matter then. */
function slowed(plan: GatewayPlan): GatewayPlan {
  const policies = plan.policies.map(({ native, ...policy }) => ({
    ...policy,
    ...(policy.kind === "rateLimit" ? { config: slowedLimit(policy.config) } : {}),
    ...(native === undefined ? {} : { native: patient(native) }),
  }));
  return { ...plan, policies };
}

function patient(native: NativePolicy): NativePolicy {
  return native.filter === "ratelimit" || native.filter === "externalAuth" ? { ...native, timeoutMs: 10_000 } : native;
}

function slowedLimit({ rates, default: otherwise, ...rest }: JsonObject): JsonObject {
  return {
    ...rest,
    ...(Array.isArray(rates) ? { rates: rates.map(slowedRate) } : {}),
    // What limits calls in flight alone has none.
    ...(otherwise === undefined ? {} : { default: slowedRate(otherwise) }),
  };
}

/** Of several windows no two have the same period. */
function slowedRate(rate: Json): JsonObject {
  const { windows, ...rest } = membersOfRate(rate);
  const slow = { count: 3, burst: 3 };
  return Array.isArray(windows)
    ? { ...rest, windows: windows.map((_, index) => ({ ...slow, periodMs: 86_400_000 * (index + 1) })) }
    : { ...rest, ...slow, periodMs: 86_400_000 };
}

function membersOfRate(rate: Json): JsonObject {
  return typeof rate === "object" && rate !== null && !Array.isArray(rate) ? rate : {};
}
