import type { ConsumerPlan, GatewayPlan, JsonObject, ListenerPlan } from "../plan/plan.js";
import type { TestSignIn } from "../plan/sign-in.js";
import { matchRoute } from "../request/match.js";
import { arrive, type ClientRequest, schemeOf } from "../request/request.js";
import type { Request } from "./suite.js";

/** A request of a test file as it goes over the wire. */
export interface SentRequest {
  client: ClientRequest;
  /** UTF-8; empty if there is none. */
  body: Uint8Array;
}

const DEFAULT_SOURCE = "127.0.0.1";

/** @param time milliseconds since 1970 */
export function requestOf(request: Request, time: number): SentRequest {
  const { body, json, method, host, scheme, certificate, source = DEFAULT_SOURCE } = request;
  const content = Buffer.from(json === undefined ? (body ?? "") : JSON.stringify(json));
  const own = Object.entries(request.headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
  const saysType = own.some(([name]) => name === "content-type");
  const headers: [string, string][] = [
    ...own,
    ...(json === undefined || saysType ? [] : [["content-type", "application/json"] satisfies [string, string]]),
    ...(body === undefined && json === undefined
      ? []
      : [["content-length", String(content.length)] satisfies [string, string]]),
  ];
  const connection = {
    source,
    ...(scheme === undefined ? {} : { scheme }),
    ...(certificate === undefined ? {} : { certificate }),
  };
  return { client: { method, target: targetOf(request), host, headers, ...connection, time }, body: content };
}

function targetOf({ path, query }: Request): string {
  const pairs = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  );
  if (pairs.length === 0) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${pairs.join("&")}`;
}

/** The request with a token, where the policies of its route take any; else as it is. */
export function withToken(
  sent: SentRequest,
  claims: JsonObject,
  plan: GatewayPlan,
  listener: ListenerPlan,
): SentRequest {
  const token = signInOf(sent, plan, listener)?.token;
  return token === undefined ? sent : { ...sent, client: token(sent.client, claims) };
}

/** The request with a credential of a consumer where the route that takes it looks for one; without a policy that looks, as it is. */
export function signedIn(
  sent: SentRequest,
  consumer: ConsumerPlan,
  plan: GatewayPlan,
  listener: ListenerPlan,
): SentRequest {
  const signIn = signInOf(sent, plan, listener);
  return signIn === undefined
    ? sent
    : { ...sent, client: signIn.sign(withScheme(sent.client, listener), consumer, sent.body) };
}

function withScheme(client: ClientRequest, listener: ListenerPlan): ClientRequest {
  return { ...client, scheme: client.scheme ?? schemeOf(listener) };
}

function signInOf({ client }: SentRequest, plan: GatewayPlan, listener: ListenerPlan): TestSignIn | undefined {
  const arrival = arrive(plan, listener, client);
  const route = "status" in arrival ? undefined : matchRoute(plan, listener.name, arrival.request)?.route;
  const authenticating = plan.policies.filter(({ signIn }) => signIn !== undefined);
  const applied = authenticating.find(({ name }) => route?.run.some(({ policy }) => policy === name));
  return (applied ?? authenticating[0])?.signIn;
}
