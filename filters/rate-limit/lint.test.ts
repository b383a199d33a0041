import fc from "fast-check";
import { expect, it } from "vitest";
import { checkText } from "../../compiler/index.js";

interface Rate {
  count: number;
  seconds: number;
  burst: number;
}

interface Limit {
  key: readonly ("source.ip" | "request.method")[];
  rate: Rate;
}

type Call = Readonly<Record<"source.ip" | "request.method", string>> & { wait: number };

const limit: fc.Arbitrary<Limit> = fc.record({
  key: fc.subarray<"source.ip" | "request.method">(["source.ip", "request.method"]),
  rate: fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    seconds: fc.constantFrom(1, 2),
    burst: fc.integer({ min: 1, max: 3 }),
  }),
});
const call: fc.Arbitrary<Call> = fc.record({
  "source.ip": fc.constantFrom("10.0.0.1", "10.0.0.2"),
  "request.method": fc.constantFrom("GET", "POST"),
  wait: fc.integer({ min: 0, max: 900 }),
});

function findings(limits: readonly Limit[]): string[] {
  const policies = limits.map(({ key, rate }, index): [string, unknown] => [
    `limit-${index}`,
    { rateLimit: { key, rate: `${rate.count} per ${rate.seconds}s burst ${rate.burst}` } },
  ]);
  const policy = {
    apiVersion: "sluice/v1",
    kind: "Gateway",
    name: "shop",
    listeners: { public: { address: "127.0.0.1:8080" } },
    policies: Object.fromEntries(policies),
    routes: [{ name: "all", match: { path: "/**" }, respond: { status: 200 }, apply: policies.map(([name]) => name) }],
  };
  const { diagnostics } = checkText("policy.yaml", JSON.stringify(policy));
  return diagnostics.filter(({ code }) => code === "SL0423").map(({ message }) => message);
}

/** Which limits would refuse each call, by the generic cell rate algorithm; a call counts if none does. */
function refusals(limits: readonly Limit[], calls: readonly Call[]): number[][] {
  const arrival = new Map<string, number>();
  let now = 0;
  return calls.map((one) => {
    now += one.wait;
    const buckets = limits.map(({ key, rate }, index) => {
      const bucket = JSON.stringify([index, ...key.map((attribute) => one[attribute])]);
      const interval = (rate.seconds * 1_000) / rate.count;
      const next = Math.max(arrival.get(bucket) ?? 0, now) + interval;
      // A thousandth of a millisecond for what division leaves over.
      return { bucket, next, refuses: next - now > interval * rate.burst + 1e-3 };
    });
    if (buckets.every(({ refuses }) => !refuses)) for (const { bucket, next } of buckets) arrival.set(bucket, next);
    return buckets.flatMap(({ refuses }, index) => (refuses ? [index] : []));
  });
}

it("says of no limit that it never refuses if it is ever the only one that does", () => {
  let claims = 0;
  fc.assert(
    fc.property(fc.tuple(limit, limit), fc.array(call, { minLength: 5, maxLength: 60 }), (limits, calls) => {
      const [message] = findings(limits);
      if (message === undefined) return;
      claims++;
      const loose = message.startsWith("`limit-0`") ? 0 : 1;
      for (const refused of refusals(limits, calls)) expect(refused).not.toEqual([loose]);
    }),
    { numRuns: 300 },
  );
  expect(claims).toBeGreaterThan(0);
});
