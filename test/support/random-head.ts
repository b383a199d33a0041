import fc from "fast-check";

const overload = fc.record(
  { connections: fc.constantFrom(1_000, 50_000), heap: fc.constantFrom("1024Mi", "2Gi") },
  { requiredKeys: [] },
);

const metrics = fc.record({ consumers: fc.constantFrom(1, 100), routes: fc.boolean() }, { requiredKeys: [] });

/** What a random policy file says of itself, beside its name. */
export function headOf(description: fc.Arbitrary<string>) {
  const [targets, gateways] = [fc.constant({ envoy: "1.40" }), fc.constant({ "eu-1a": 2 })];
  return fc.record({ description, targets, gateways, overload, metrics }, { requiredKeys: [] });
}
