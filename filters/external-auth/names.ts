/** What the service can be told of the caller, by the header that tells it: a result of the guard. */
export const IDENTITY: Readonly<Record<string, string>> = {
  "x-consumer": "consumer",
  "x-consumer-tier": "tier",
  "x-consumer-groups": "groups",
};

const OF_THE_CONNECTION =
  /^(connection|content-length|date|expect|host|keep-alive|proxy-connection|server|te|trailer|transfer-encoding|upgrade)$/;
const OF_ENVOY = /^(x-envoy-.*|x-forwarded-.*|x-request-id)$/;
const CREDENTIAL = /^(authorization|cookie|proxy-authorization)$/;

type Why = (header: string) => string | undefined;

/** Why the service cannot be shown a header of the request; undefined if it can. */
export function whyNotToService(by: "http" | "grpc"): Why {
  return (header) => {
    if (OF_THE_CONNECTION.test(header)) return "it belongs to the connection and the length of the message";
    if (by === "grpc" && Object.hasOwn(IDENTITY, header))
      return "what is known of the caller can be told by `http` only";
    return undefined;
  };
}

/** Why its answer cannot give a header to the request. */
export const whyNotFromAnswer: Why = (header) => {
  if (OF_THE_CONNECTION.test(header)) return "it belongs to the connection and the length of the message";
  if (OF_ENVOY.test(header)) return "it belongs to Envoy, and services trust it";
  if (Object.hasOwn(IDENTITY, header)) return "it tells services who calls, which only `authenticate` may";
  if (CREDENTIAL.test(header))
    return "it is what clients show, and removed from every request it would reach nobody; take a name of your own";
  return undefined;
};

/** Why its refusal cannot give a header to the client. */
export const whyNotToClient: Why = (header) =>
  OF_THE_CONNECTION.test(header) ? "it belongs to the connection and the length of the message" : undefined;
