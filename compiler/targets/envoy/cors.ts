import type { MessageInitShape } from "@bufbuild/protobuf";
import { CorsPolicySchema, CorsSchema } from "../../envoy/generated/envoy/extensions/filters/http/cors/v3/cors_pb.js";
import type { StringMatcherSchema } from "../../envoy/generated/envoy/type/matcher/v3/string_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import type { CorsPlan, OriginPattern } from "../../plan/native.js";
import { escapeRegex } from "../../policy/path.js";

/** The filter that answers preflights. It stands before the guard, as preflights carry no credentials. */
export function corsFilter() {
  return { name: extensionNames.cors, configType: { case: "typedConfig" as const, value: packed(CorsSchema, {}) } };
}

/** What the filter does on one route. A preflight from another origin is answered, without leave, and goes no further. */
export function corsPolicy(cors: CorsPlan) {
  return packed(CorsPolicySchema, {
    allowOriginStringMatch: cors.origins.map(originMatcher),
    allowMethods: cors.methods.join(", "),
    allowHeaders: cors.headers.join(", "),
    exposeHeaders: cors.expose.join(", "),
    maxAge: cors.maxAgeSeconds === undefined ? "" : String(cors.maxAgeSeconds),
    allowCredentials: cors.credentials,
    forwardNotMatchingPreflights: false,
  });
}

function originMatcher(origin: OriginPattern): MessageInitShape<typeof StringMatcherSchema> {
  switch (origin.form) {
    case "any":
      // Envoy takes a matcher that matches `*` itself as one for every origin.
      return { matchPattern: { case: "exact", value: "*" } };
    case "exact":
      return { matchPattern: { case: "exact", value: origin.origin } };
    case "below": {
      const regex = `${origin.scheme}://(?:[a-z0-9_-]+\\.)+${escapeRegex(origin.domain)}${origin.port}`;
      return { matchPattern: { case: "safeRegex", value: { regex } } };
    }
  }
}
