import fc from "fast-check";

const overload = fc.record(
  { connections: fc.constantFrom(1_000, 50_000), heap: fc.constantFrom("1024Mi", "2Gi") },
  { requiredKeys: [] },
);

const metrics = fc.record({ consumers: fc.constantFrom(1, 100), routes: fc.boolean() }, { requiredKeys: [] });

const [namespace, modules] = [fc.constant("shop"), fc.constant("oci://registry.example.com/sluice")];

const istio = fc.oneof(
  fc.constant("1.31"),
  fc.record(
    {
      version: fc.constant("1.31"),
      namespace,
      workload: fc.constant({ istio: "ingressgateway" }),
      modules,
      extension: fc.constantFrom("wasmPlugin", "trafficExtension"),
    },
    { requiredKeys: [] },
  ),
);

const envoyGateway = fc.oneof(
  fc.constant("1.9"),
  fc.record({ version: fc.constant("1.9"), namespace, gatewayClass: fc.constant("eg"), modules }, { requiredKeys: [] }),
);

const targets = fc.record({ envoy: fc.constant("1.40"), istio, envoyGateway }, { requiredKeys: [] });

/** What a random policy file says of itself, beside its name. */
export function headOf(description: fc.Arbitrary<string>) {
  const gateways = fc.constant({ "eu-1a": 2 });
  return fc.record({ description, targets, gateways, overload, metrics }, { requiredKeys: [] });
}
