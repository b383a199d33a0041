import type { MessageInitShape } from "@bufbuild/protobuf";
import { ApiVersion } from "../../envoy/generated/envoy/config/core/v3/config_source_pb.js";
import {
  ExtAuthzPerRouteSchema,
  ExtAuthzSchema,
} from "../../envoy/generated/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js";
import { StatusCode } from "../../envoy/generated/envoy/type/v3/http_status_pb.js";
import { duration, packed } from "../../envoy/message.js";
import { externalAuthFilter, filterStateKey } from "../../plan/names.js";
import type { ExternalAuthPlan } from "../../plan/native.js";
import { escapeRegex } from "../../policy/path.js";
import { grpcTarget } from "./grpc-target.js";
import { waitingFilter } from "./waiting-filter.js";

/** The filter that asks for one policy; routes that do not name it pass it by. It lets nothing pass that it was not told to. */
export function externalAuthRequest(policy: string, plan: ExternalAuthPlan) {
  return waitingFilter(externalAuthFilter(policy), packed(ExtAuthzSchema, request(policy, plan)));
}

/** What it does on one route: all that it says of itself. */
export function externalAuthOnRoute(policy: string) {
  const override = { case: "checkSettings" as const, value: {} };
  return { filter: externalAuthFilter(policy), configuration: packed(ExtAuthzPerRouteSchema, { override }) };
}

function request(policy: string, plan: ExternalAuthPlan): MessageInitShape<typeof ExtAuthzSchema> {
  const { by, toService, fromAnswer, statusOnError, body } = plan;
  const code = Object.values(StatusCode).find((one) => one === statusOnError);
  return {
    services: by === "http" ? httpService(plan) : grpcService(plan),
    transportApiVersion: ApiVersion.V3,
    statPrefix: policy,
    failureModeAllow: false,
    clearRouteCache: false,
    validateMutations: true,
    enforceResponseHeaderLimits: true,
    ...(code === undefined ? {} : { statusOnError: { code } }),
    // By gRPC it would be shown all headers else, and by HTTP always this one.
    allowedHeaders: exactly([...SHOWN, ...toService]),
    ...(toService.includes("authorization") ? {} : { disallowedHeaders: exactly(["authorization"]) }),
    // Whatever it says beyond that: no other header, and none that goes away.
    decoderHeaderMutationRules: {
      disallowAll: true,
      ...(fromAnswer.length === 0 ? {} : { allowExpression: { regex: fromAnswer.map(escapeRegex).join("|") } }),
    },
    ...(body === undefined
      ? {}
      : { withRequestBody: { maxRequestBytes: body.most, allowPartialMessage: body.partial, packAsBytes: true } }),
  };
}

/** What it has to know of any request. */
const SHOWN = [":authority", ":method", ":path", ":scheme", "host"];

function httpService({ service, pathPrefix, identity, fromAnswer, toClient, timeoutMs }: ExternalAuthPlan) {
  return {
    case: "httpService" as const,
    value: {
      serverUri: {
        uri: `http://${service}`,
        httpUpstreamType: { case: "cluster" as const, value: service },
        timeout: duration(timeoutMs),
      },
      pathPrefix,
      authorizationRequest: {
        headersToAdd: identity.map(({ name, property }) => ({
          key: name,
          value: `%FILTER_STATE(${filterStateKey(property)}:PLAIN)%`,
        })),
      },
      authorizationResponse: {
        ...(fromAnswer.length === 0 ? {} : { allowedUpstreamHeaders: exactly(fromAnswer) }),
        // Without a list clients would get all of them.
        allowedClientHeaders: exactly(["www-authenticate", ...toClient]),
      },
    },
  };
}

function grpcService({ service, timeoutMs }: ExternalAuthPlan) {
  return {
    case: "grpcService" as const,
    value: { targetSpecifier: grpcTarget(service), timeout: duration(timeoutMs) },
  };
}

function exactly(names: readonly string[]) {
  return { patterns: names.map((name) => ({ matchPattern: { case: "exact" as const, value: name } })) };
}
