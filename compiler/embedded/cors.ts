import type { HeaderMap } from "../host/header-map.js";
import type { Pairs } from "../host/pairs.js";
import { type CorsPlan, takesOrigin } from "../plan/native.js";
import type { RoutedRequest } from "../request/request.js";

/**
 * What Envoy's filter for CORS answers to a preflight; undefined if the request is none. Without the origin in it, no browser
 * takes the rest for leave.
 */
export function preflightAnswer(cors: CorsPlan, request: RoutedRequest): Pairs | undefined {
  const origin = originOf(request);
  const wanted = request.headers.get("access-control-request-method")?.[0] ?? "";
  if (origin === "" || request.method !== "OPTIONS" || wanted === "") return undefined;
  const status = [":status", "200"] as const;
  const known = takesOrigin(cors.origins, origin);
  return [
    status,
    ...(known ? [["access-control-allow-origin", origin] as const] : []),
    ...(cors.credentials ? [["access-control-allow-credentials", "true"] as const] : []),
    ...listed("access-control-allow-methods", cors.methods),
    ...listed("access-control-allow-headers", cors.headers),
    ...(cors.maxAgeSeconds === undefined ? [] : [["access-control-max-age", String(cors.maxAgeSeconds)] as const]),
    ...(known ? listed("access-control-expose-headers", cors.expose) : []),
  ];
}

/** What the filter writes into any other answer, whoever made it. */
export function tellOrigin(cors: CorsPlan, request: RoutedRequest, answer: HeaderMap): void {
  const origin = originOf(request);
  if (origin === "" || !takesOrigin(cors.origins, origin)) return;
  answer.replace("access-control-allow-origin", origin);
  if (cors.credentials) answer.replace("access-control-allow-credentials", "true");
  for (const [name, value] of listed("access-control-expose-headers", cors.expose)) answer.replace(name, value);
}

function originOf(request: RoutedRequest): string {
  return request.headers.get("origin")?.[0] ?? "";
}

function listed(name: string, values: readonly string[]): Pairs {
  return values.length === 0 ? [] : [[name, values.join(", ")]];
}
