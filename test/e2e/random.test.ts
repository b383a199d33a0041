import { describe, expect, it } from "vitest";
import { withTestKeys } from "../../compiler/testing/credentials.js";
import { drawn, randomCase } from "../support/random-case.js";
import { DIGESTED_KEYS } from "../support/random-policies.js";
import { randomRequests } from "../support/random-requests.js";
import { disagreements } from "./support/replay.js";
import { validatePlans } from "./support/shared-envoy.js";
import { memberOf, reportOf } from "./support/smallest.js";

// Random policies in both engines, under random requests. Each policy has a seed of its own, so that one can be looked at alone.

const POLICIES = Number(process.env.SLUICE_RANDOM_POLICIES ?? 500);
const FIRST_SEED = Number(process.env.SLUICE_RANDOM_SEED ?? 1);
/** Policies of one Envoy. */
const BATCH = 50;
const REQUESTS = 12;

const batches = Array.from({ length: Math.ceil(POLICIES / BATCH) }, (_, index) => {
  const first = FIRST_SEED + index * BATCH;
  return { first, last: Math.min(first + BATCH, FIRST_SEED + POLICIES) - 1 };
});

function accepted(first: number, last: number) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index).flatMap((seed) => {
    const { plan } = randomCase(seed);
    return plan === undefined ? [] : [{ seed, plan }];
  });
}

describe(`${POLICIES} random policies from seed ${FIRST_SEED} on`, () => {
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);

  it.each(batches)("seeds $first to $last: Envoy takes each, and both engines agree", async ({ first, last }) => {
    const policies = accepted(first, last);
    await expectValid(policies);
    const replays = policies.map(({ seed, plan }) => {
      const member = memberOf(plan, seed);
      const keys = [...member.keys, ...DIGESTED_KEYS];
      return { member, requests: drawn(randomRequests(member.plan, keys, REQUESTS), seed) };
    });
    const [found] = await disagreements(replays, ({ status, service, shadow, decision }) => {
      count(`status ${status}`);
      if (service !== undefined) count("forwarded");
      if (shadow !== undefined) count("shadow");
      if (decision?.includes("/rule-")) count("decided by a rule");
    });
    const seed = policies[found?.replay ?? -1]?.seed;
    if (found === undefined || seed === undefined) return;
    const requests = replays[found.replay]?.requests.slice(0, found.request + 1) ?? [];
    expect.fail(await reportOf(seed, requests));
  });

  // The guard is narrowed where nobody logs what it decides: requests of some routes pass it by, or all that enter are judged alike.
  it.each(batches.slice(0, 4))("seeds $first to $last: answers are the same without a log", async ({ first, last }) => {
    const policies = accepted(first, last);
    const replays = policies.map(({ seed, plan }) => {
      const member = memberOf(plan, seed);
      return {
        member,
        requests: drawn(randomRequests(member.plan, [...member.keys, ...DIGESTED_KEYS], REQUESTS), seed),
      };
    });
    expect(await disagreements(replays, undefined, "answers")).toEqual([]);
  });

  it("they answer in every way", () => {
    const ways = [200, 302, 400, 401, 403, 404, 405, 429].map((status) => `status ${status}`);
    const all = [...ways, "forwarded", "shadow", "decided by a rule"];
    // A single policy, looked at again, need not have them all.
    expect(all.filter((way) => POLICIES >= BATCH && !seen.has(way))).toEqual([]);
  });
});

/** All in one configuration; then each by itself, to find the one that Envoy refuses. */
async function expectValid(policies: ReturnType<typeof accepted>): Promise<void> {
  const members = policies.map(({ seed, plan }) => {
    const { environment } = withTestKeys(plan);
    return { seed, plan: { ...plan, name: `random-${seed}` }, environment };
  });
  const all = await validatePlans(members);
  if (all.ok) return;
  for (const member of members) {
    const alone = await validatePlans([member]);
    if (!alone.ok)
      expect.fail(`Envoy refuses seed ${member.seed}: ${alone.findings.join("; ")}\n${randomCase(member.seed).text}`);
  }
  expect.fail(`Envoy refuses the policies together: ${all.findings.join("; ")}`);
}
