import { describe, expect, it } from "vitest";
import { resourceViolations } from "./schemas.js";

const PLUGIN = {
  apiVersion: "extensions.istio.io/v1alpha1",
  kind: "WasmPlugin",
  metadata: { name: "shop" },
  spec: { url: "oci://registry.example.com/sluice/guard", phase: "AUTHN" },
};

describe("a resource and the schema of its definition", () => {
  it("fits", () => expect(resourceViolations([PLUGIN])).toEqual([]));

  it("fits not with a field that the published schema would let pass", () => {
    const misspelt = { ...PLUGIN, spec: { ...PLUGIN.spec, phaze: "AUTHN" } };
    expect(resourceViolations([misspelt])).toEqual([
      {
        path: "WasmPlugin/shop/spec",
        message: 'must NOT have additional properties {"additionalProperty":"phaze"}',
      },
    ]);
  });

  it.each([
    [
      "a value that the field cannot have",
      { ...PLUGIN, spec: { ...PLUGIN.spec, phase: "FIRST" } },
      /must be equal to one of/,
    ],
    ["a name that is none", { ...PLUGIN, metadata: { name: "Shop_1" } }, /must match pattern/],
    ["a kind that nobody defines", { ...PLUGIN, kind: "WasmPlugins" }, /no schema of/],
    ["no name", { ...PLUGIN, metadata: {} }, /is missing/],
  ])("fits not with %s", (_, resource, message) => {
    expect(resourceViolations([resource]).map((violation) => violation.message)).toContainEqual(
      expect.stringMatching(message),
    );
  });

  it.each([
    ["gateway.networking.k8s.io/v1", "HTTPRoute"],
    ["gateway.envoyproxy.io/v1alpha1", "EnvoyExtensionPolicy"],
    ["networking.istio.io/v1", "VirtualService"],
    ["networking.istio.io/v1alpha3", "EnvoyFilter"],
  ])("knows %s %s", (apiVersion, kind) => {
    const found = resourceViolations([{ apiVersion, kind, metadata: { name: "x" }, spec: { nowhere: 1 } }]);
    expect(found.some(({ message }) => message.includes('"nowhere"'))).toBe(true);
  });
});
