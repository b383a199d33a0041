import { create, fromJson, type JsonObject } from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { BootstrapSchema } from "./generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { ClusterSchema } from "./generated/envoy/config/cluster/v3/cluster_pb.js";
import { RouteSchema } from "./generated/envoy/config/route/v3/route_components_pb.js";
import { RouteConfigurationSchema } from "./generated/envoy/config/route/v3/route_pb.js";
import { HttpConnectionManagerSchema } from "./generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { packed } from "./message.js";
import { registry } from "./registry.js";
import { cases } from "./verify.cases.js";
import { verify } from "./verify.js";

const read = (config: JsonObject) => fromJson(BootstrapSchema, config, { registry });

describe("verify", () => {
  for (const { name, config, violation } of cases) {
    it(violation === undefined ? `takes ${name}` : `refuses ${name}`, () => {
      const found = verify(BootstrapSchema, read(config));
      if (violation === undefined) {
        expect(found).toEqual([]);
      } else {
        const [path, message] = violation;
        expect(found).toEqual([
          { path: expect.stringMatching(ending(path)), message: expect.stringContaining(message) },
        ]);
      }
    });
  }

  it("names every violation of a message", () => {
    const found = verify(RouteConfigurationSchema, create(RouteConfigurationSchema, { virtualHosts: [{}] }));
    expect(found.map(({ path, message }) => `${path} ${message}`)).toEqual([
      "virtual_hosts[0].name must have at least 1 characters",
      "virtual_hosts[0].domains must have at least 1 items",
    ]);
  });

  it("leaves clusters alone where there is no bootstrap to look them up in", () => {
    const route = create(RouteSchema, {
      match: { pathSpecifier: { case: "prefix", value: "/" } },
      action: { case: "route", value: { clusterSpecifier: { case: "cluster", value: "elsewhere" } } },
    });
    expect(verify(RouteSchema, route)).toEqual([]);
  });

  it("says what has no JSON form: a number out of range, an Any of an unknown or broken message", () => {
    const cluster = create(ClusterSchema, { name: "orders", perConnectionBufferLimitBytes: -1 });
    expect(verify(ClusterSchema, cluster)).toEqual([
      { path: "per_connection_buffer_limit_bytes", message: expect.stringContaining("-1 out of range") },
    ]);
    const within = (value: Any) =>
      verify(ClusterSchema, create(ClusterSchema, { name: "orders", typedExtensionProtocolOptions: { a: value } }));
    expect(within(create(AnySchema, { typeUrl: "type.googleapis.com/envoy.Nothing" }))).toEqual([
      { path: 'typed_extension_protocol_options["a"]', message: expect.stringContaining("envoy.Nothing") },
    ]);
    expect(within({ ...packed(RouteSchema, { name: "a" }), value: new Uint8Array([0xff]) })).toEqual([
      { path: 'typed_extension_protocol_options["a"]', message: expect.any(String) },
    ]);
  });

  it("says what is not printed", () => {
    const unknown = { no: 9_000, wireType: 0, data: new Uint8Array([1]) };
    const cluster = create(ClusterSchema, { name: "orders" });
    cluster.$unknown = [unknown];
    const message = "does not come back the same from its JSON form";
    expect(verify(ClusterSchema, cluster)).toEqual([{ path: "", message }]);
    const route = create(RouteSchema, { name: "a" });
    route.$unknown = [unknown];
    const typedExtensionProtocolOptions = { a: packed(RouteSchema, route) };
    const outer = create(ClusterSchema, { name: "orders", typedExtensionProtocolOptions });
    expect(verify(ClusterSchema, outer)).toEqual([{ path: 'typed_extension_protocol_options["a"]', message }]);
  });

  it("looks through Any within Any", () => {
    const manager = packed(HttpConnectionManagerSchema, {
      statPrefix: "",
      routeSpecifier: { case: "routeConfig", value: {} },
    });
    const outer = create(AnySchema, packed(AnySchema, manager));
    expect(verify(AnySchema, outer).map(({ path }) => path)).toEqual(["stat_prefix", "http_filters"]);
  });
});

function ending(path: string): RegExp {
  return new RegExp(`(^|[.])${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
}
