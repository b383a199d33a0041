import { bytesOf, byteTextOf } from "../host/byte-text.js";
import { composeReply } from "../host/local-reply.js";
import type { Pairs } from "../host/pairs.js";
import {
  BODY_DENIED,
  BODY_TOO_LARGE,
  EXTERNALLY_DENIED,
  type ExternalAuthPlan,
  externalAuthOf,
  smallestBodyLimit,
} from "../plan/native.js";
import { type Answer, type GuardedRequest, localAnswer, type ServiceView } from "./passage.js";
import { sortOf } from "./wire.js";
import type { Reception } from "./worker.js";

// The model of Envoy's own filters that stand behind the guard (`targets/envoy/native.ts`).

/** A request whose body is held until it is whole; whoever reads it says which way it goes on. */
export interface HeldBody {
  /** Bytes that it may have. */
  most: number;
  whole(body: Uint8Array): Reception;
  tooLarge(): Answer;
  /** The client has left before it was whole. */
  end(): void;
}

/** What becomes of a request with a body where Envoy's filter for bodies holds it. */
export function holdBody(guarded: GuardedRequest, hasBody: boolean, goOn: () => Reception): Reception {
  const limit = smallestBodyLimit(guarded.run);
  if (limit === undefined || !hasBody) return goOn();
  const said = guarded.stream.request.headers?.get("content-length");
  if (said !== undefined && Number(said) > limit.native.bytes)
    return { step: "answered", answer: refuse(guarded, tooLarge(limit.name)) };
  return {
    step: "held",
    body: {
      most: limit.native.bytes,
      whole: ({ length }) => {
        tellLength(guarded, length);
        return goOn();
      },
      tooLarge: () => refuse(guarded, tooLarge(limit.name)),
      end: () => guarded.stream.finish(),
    },
  };
}

/** A body that was held has a length. */
function tellLength({ stream }: GuardedRequest, bytes: number): void {
  const { headers } = stream.request;
  if (headers?.get("content-length") === undefined) headers?.add("content-length", String(bytes));
}

/** A request about which a service is asked. */
export interface Asking {
  /**
   * The request to that service; undefined if the body is larger than it may be shown.
   * @param bytes of the body
   */
  question(bytes: number): ServiceView | undefined;
  tooLarge(): Answer;
  /** @param answer whole; its body is a byte text */
  answered(answer: { status: number; headers: Pairs; body: string }): Reception;
  /** It gave no answer. */
  failed(): Answer;
  /** The client has left. */
  end(): void;
}

/** What becomes of a request where Envoy asks a service whether it may pass. */
export function askService(guarded: GuardedRequest, hasBody: boolean, goOn: () => Reception): Reception {
  const external = externalAuthOf(guarded.run);
  if (external === undefined) return goOn();
  const { native: plan } = external;
  const decision = `${external.name}${EXTERNALLY_DENIED}`;
  const failed = () =>
    refuse(guarded, { status: plan.statusOnError, body: "", headers: [], details: "ext_authz_error", decision });
  const asking: Asking = {
    question: (bytes) => {
      const most = plan.body?.most ?? 0;
      if (plan.body?.partial === false && hasBody) {
        if (bytes > most) return undefined;
        tellLength(guarded, bytes);
      }
      return questionOf(guarded, plan, { shown: Math.min(bytes, most), isPart: bytes > most, hasBody });
    },
    tooLarge: () => refuse(guarded, { ...tooLarge(external.name), decision }),
    answered: ({ status, headers, body }) => {
      if (status >= 500) return { step: "answered", answer: failed() };
      if (status === 200) {
        admit(guarded, plan, headers);
        return goOn();
      }
      const told = headers.filter(([name]) => ALWAYS_TOLD.includes(name) || plan.toClient.includes(name));
      const refusal = { status, body, headers: told, details: "ext_authz_denied", decision };
      return { step: "answered", answer: refuse(guarded, refusal) };
    },
    failed,
    end: () => guarded.stream.finish(),
  };
  return { step: "external", asking };
}

/** What clients are told of a refusal whatever the policy says. */
const ALWAYS_TOLD: readonly string[] = ["location", "www-authenticate"];

function questionOf(
  { stream }: GuardedRequest,
  plan: ExternalAuthPlan,
  body: { shown: number; isPart: boolean; hasBody: boolean },
): ServiceView {
  const headers = stream.request.headers?.pairs() ?? [];
  const first = (wanted: string) => headers.find(([name]) => name === wanted)?.[1] ?? "";
  const identity = plan.identity.flatMap(({ name, property }): [string, string][] => {
    const value = stream.filterState.get(`sluice.${property}`);
    return value === undefined ? [] : [[name, byteTextOf(value)]];
  });
  return {
    name: plan.service,
    byChance: false,
    method: first(":method"),
    path: `${plan.pathPrefix}${first(":path")}`,
    headers: [
      ["host", first(":authority")],
      ["content-length", String(body.shown)],
      ...headers.filter(([name]) => plan.toService.includes(name)),
      ...identity,
      ...(plan.body === undefined || !body.hasBody
        ? []
        : [["x-envoy-auth-partial-body", String(body.isPart)] as const]),
      ["x-envoy-internal", "true"],
      ["x-envoy-expected-rq-timeout-ms", String(plan.timeoutMs)],
    ],
  };
}

/** The headers of the answer that the request gets; of several of one name the last. */
function admit({ stream }: GuardedRequest, { fromAnswer }: ExternalAuthPlan, headers: Pairs): void {
  for (const [name, value] of headers) if (fromAnswer.includes(name)) stream.request.headers?.replace(name, value);
}

/** The answer of a filter that refuses a request. */
export interface Refusal {
  status: number;
  body: string;
  headers: Pairs;
  /** What calls of gRPC are told; by the status if absent. */
  grpcStatus?: number;
  /** RESPONSE_CODE_DETAILS */
  details: string;
  decision: string;
}

function tooLarge(policy: string): Refusal {
  return {
    ...BODY_TOO_LARGE,
    headers: [],
    details: "request_payload_too_large",
    decision: `${policy}${BODY_DENIED}`,
  };
}

/** The answer of such a filter; it goes through the guard, as all answers do. */
export function refuse(guarded: GuardedRequest, { decision, grpcStatus = -1, ...refusal }: Refusal): Answer {
  const { stream, request } = guarded;
  const reply = composeReply({ ...refusal, grpcStatus }, sortOf(request));
  stream.responseHeaders(reply.headers, reply.body === "", refusal.details);
  if (reply.body !== "") stream.responseData(bytesOf(reply.body), true);
  const answer = localAnswer(guarded, false);
  return { ...answer, notes: { ...answer.notes, decision } };
}
