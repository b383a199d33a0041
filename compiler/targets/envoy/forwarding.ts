import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  RouteAction_RequestMirrorPolicySchema,
  RouteActionSchema,
} from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { FractionalPercent_DenominatorType } from "../../envoy/generated/envoy/type/v3/percent_pb.js";
import type { MirrorPlan, RewritePlan, RouteForwarding } from "../../plan/forwarding.js";
import type { Substitution } from "../../policy/rewrite.js";

type RouteActionInit = MessageInitShape<typeof RouteActionSchema>;

/** What a route does with a request beside sending it to its service. */
export function forwarding({ mirror, rewrite = {}, hedges, upgrades }: RouteForwarding) {
  const { path, host } = rewrite;
  return {
    ...(path === undefined ? {} : { regexRewrite: substituted(path) }),
    ...(host === undefined ? {} : { hostRewriteSpecifier: hostRewrite(host) }),
    ...(mirror === undefined ? {} : { requestMirrorPolicies: mirror.map(mirrorPolicy) }),
    ...(hedges ? { hedgePolicy: { hedgeOnPerTryTimeout: true } } : {}),
    ...(upgrades ? { upgradeConfigs: [{ upgradeType: "websocket" }] } : {}),
  } satisfies RouteActionInit;
}

function substituted({ regex, substitution }: Substitution) {
  return { pattern: { regex }, substitution };
}

function hostRewrite(host: NonNullable<RewritePlan["host"]>) {
  return "host" in host
    ? { case: "hostRewriteLiteral" as const, value: host.host }
    : { case: "hostRewritePathRegex" as const, value: substituted(host) };
}

/** Envoy would write `-shadow` behind the host, which a service that looks at its name does not know. */
function mirrorPolicy({
  service,
  millionths,
}: MirrorPlan): MessageInitShape<typeof RouteAction_RequestMirrorPolicySchema> {
  return {
    cluster: service,
    runtimeFraction: {
      defaultValue: { numerator: millionths, denominator: FractionalPercent_DenominatorType.MILLION },
    },
    disableShadowHostSuffixAppend: true,
  };
}
