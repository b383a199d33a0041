import { create, type DescMessage, fromJson, hasOption, type MessageInitShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { describe, expect, it } from "vitest";
import { files } from "./descriptors.js";
import { MetadataSchema } from "./generated/envoy/config/core/v3/base_pb.js";
import { HttpUriSchema } from "./generated/envoy/config/core/v3/http_uri_pb.js";
import {
  Http2ProtocolOptions_SettingsParameterSchema,
  Http2ProtocolOptionsSchema,
  QuicKeepAliveSettingsSchema,
} from "./generated/envoy/config/core/v3/protocol_pb.js";
import { RBACSchema } from "./generated/envoy/config/rbac/v3/rbac_pb.js";
import {
  RateLimit_HitsAddendSchema,
  VirtualHostSchema,
} from "./generated/envoy/config/route/v3/route_components_pb.js";
import { SubjectAltNameMatcherSchema } from "./generated/envoy/extensions/transport_sockets/tls/v3/common_pb.js";
import { disabled, ignored, rules } from "./generated/validate/validate_pb.js";
import { duration } from "./message.js";
import { brokenRules, rulesOf } from "./rules.js";

function* messagesOf(messages: readonly DescMessage[]): Generator<DescMessage> {
  for (const message of messages) {
    yield message;
    yield* messagesOf(message.nestedMessages);
  }
}

const messages = files.flatMap((file) => [...messagesOf(file.messages)]);

const faults = <Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>) =>
  brokenRules(reflect(schema, create(schema, init))).map(({ path, message }) => `${path} ${message}`);

describe("brokenRules", () => {
  it("takes a range the wrong way round for what lies outside of it", () => {
    const ofInterval = (ms: number) => faults(QuicKeepAliveSettingsSchema, { initialInterval: duration(ms) });
    expect([ofInterval(0), ofInterval(1)]).toEqual([[], []]);
    expect(ofInterval(0.5)).toEqual(["initial_interval must be at most 0s or must be at least 0.001s"]);
  });

  it("leaves alone what is not set, and looks into a wrapper that is", () => {
    expect(faults(Http2ProtocolOptionsSchema, {})).toEqual([]);
    expect(faults(Http2ProtocolOptionsSchema, { maxConcurrentStreams: 0 })).toEqual([
      "max_concurrent_streams must be at least 1",
    ]);
    expect(faults(Http2ProtocolOptions_SettingsParameterSchema, { identifier: 65536 })).toEqual([
      "identifier must be at most 65535",
      "value is required",
    ]);
  });

  it("asks for a message that is required, but for none of a oneof that chose another", () => {
    expect(faults(HttpUriSchema, { uri: "a", httpUpstreamType: { case: "cluster", value: "b" } })).toEqual([
      "timeout is required",
    ]);
  });

  it("looks at items and keys", () => {
    const unknown = fromJson(RBACSchema, { action: 7 });
    expect(brokenRules(reflect(RBACSchema, unknown)).map(({ message }) => message)).toEqual([
      "must be a value of envoy.config.rbac.v3.RBAC.Action",
    ]);
    expect(faults(MetadataSchema, { filterMetadata: { "": {} } })).toEqual([
      'filter_metadata[""] its key must have at least 1 characters',
    ]);
    expect(faults(VirtualHostSchema, { name: "a", domains: ["a", "b\n"] })).toEqual([
      "domains[1] must be a header value",
    ]);
    expect(faults(SubjectAltNameMatcherSchema, { sanType: 0, matcher: {} })).toEqual([
      "san_type must not be SAN_TYPE_UNSPECIFIED",
    ]);
  });

  it("reads texts: prefix and suffix, empty where it may be, a pattern", () => {
    expect(faults(RateLimit_HitsAddendSchema, {})).toEqual([]);
    expect(faults(RateLimit_HitsAddendSchema, { format: "x" })).toEqual([
      "format must start with %",
      "format must end with %",
    ]);
  });
});

describe("the rules of the schema", () => {
  it("are all of kinds that the evaluator knows", () => {
    const fields = messages.flatMap((message) => message.fields).filter((field) => hasOption(field, rules));
    expect(fields.length).toBeGreaterThan(400);
    for (const field of fields) expect(() => rulesOf(field), String(field)).not.toThrow();
  });

  it("are switched off for no message", () => {
    const off = messages.filter((message) => hasOption(message, disabled) || hasOption(message, ignored));
    expect(off.map((message) => message.typeName)).toEqual([]);
  });
});
