import type { MessageInitShape } from "@bufbuild/protobuf";
import { type PrincipalSchema, RBAC_Action } from "../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js";
import { RBACPerRouteSchema, RBACSchema } from "../../envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { type Block, holdsMapped, MAPPED_V4, mappedBlock } from "../../expression/cidr.js";
import { ADDRESS_DENIED, type AddressPlan } from "../../plan/native.js";
import { waitingFilter } from "./waiting-filter.js";

type Principal = MessageInitShape<typeof PrincipalSchema>;

/** Where Envoy leaves the name of the rule by which it refused, for access logs. */
export const REFUSED_BY = `${extensionNames.rbac}:enforced_effective_policy_id`;

/** The filter that refuses by address. It stands before all others, and a route that asks for nothing passes it by. */
export function addressFilter() {
  return waitingFilter(extensionNames.rbac, packed(RBACSchema, {}));
}

/** What the filter does on one route. Each rule is named as the decision that is noted when it refuses. */
export function addressRules(policies: readonly { name: string; native: AddressPlan }[]) {
  const refused = policies.map(({ native }) => refusedBy(native));
  const rules = policies.map(({ name }, index) => {
    // Envoy tries rules by name: only the first policy of the chain that refuses may match.
    const before = refused.slice(0, index).flatMap((one) => one.map(not));
    const principals = (refused[index] ?? []).map((one) => all([...before, one]));
    return [`${name}${ADDRESS_DENIED}`, { permissions: [{ rule: { case: "any" as const, value: true } }], principals }];
  });
  return packed(RBACPerRouteSchema, {
    rbac: { rules: { action: RBAC_Action.DENY, policies: Object.fromEntries(rules) }, trackPerRuleStats: true },
  });
}

/** One of these is true of an address that may not call. */
function refusedBy({ allow, deny }: AddressPlan): Principal[] {
  return [...deny.map(within), ...(allow === undefined ? [] : [not(any(allow.map(within)))])];
}

/** Envoy keeps an address that a trusted hop wrote as `::ffff:10.0.0.1` apart from 10.0.0.1; here it is the same. */
function within(block: Block): Principal {
  const mapped = mappedBlock(block);
  if (mapped !== undefined) return any([remoteAddress(block.text), remoteAddress(mapped)]);
  const written = remoteAddress(block.text);
  return holdsMapped(block) ? all([written, not(remoteAddress(MAPPED_V4.text))]) : written;
}

/** The address behind the hops that the listener trusts. */
function remoteAddress(block: string): Principal {
  const slash = block.lastIndexOf("/");
  const range = { addressPrefix: block.slice(0, slash), prefixLen: Number(block.slice(slash + 1)) };
  return { identifier: { case: "remoteIp", value: range } };
}

function all(ids: Principal[]): Principal {
  const [only] = ids;
  return ids.length === 1 && only !== undefined ? only : { identifier: { case: "andIds", value: { ids } } };
}

function any(ids: Principal[]): Principal {
  const [only] = ids;
  return ids.length === 1 && only !== undefined ? only : { identifier: { case: "orIds", value: { ids } } };
}

function not(id: Principal): Principal {
  return { identifier: { case: "notId", value: id } };
}
