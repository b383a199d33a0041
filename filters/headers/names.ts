type Side = "request" | "response";
type Change = "set" | "add" | "remove";

/** Of one connection, of the length of the body, or written by Envoy's codec whatever a route says. */
const OF_THE_CONNECTION =
  /^(connection|content-length|date|expect|host|keep-alive|proxy-connection|server|te|trailer|transfer-encoding|upgrade)$/;
const OF_ENVOY = /^(x-envoy-.*|x-forwarded-.*|x-request-id)$/;
const OF_IDENTITY = /^x-consumer(-tier|-groups)?$/;
const OF_POLICIES = /^(access-control-.*|ratelimit(-policy)?|retry-after|www-authenticate)$/;
const CREDENTIAL = /^(authorization|cookie|proxy-authorization)$/;

/** Why a policy may not change a header; undefined if it may. */
export function whyNot(name: string, side: Side, change: Change): string | undefined {
  if (OF_THE_CONNECTION.test(name)) return "it belongs to the connection and the length of the message";
  if (OF_ENVOY.test(name)) return "it belongs to Envoy, and services trust it";
  if (OF_IDENTITY.test(name)) return "it tells services who calls, which only `authenticate` may";
  if (side === "request" && change !== "remove" && CREDENTIAL.test(name))
    return "it carries credentials, and a secret does not stand in a policy file";
  if (side === "response" && name === "location") return "it belongs to `redirect` and to the service";
  if (side === "response" && OF_POLICIES.test(name)) return "other policies write it";
  return undefined;
}
