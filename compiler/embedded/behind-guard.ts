import { bytesOf } from "../host/byte-text.js";
import { composeReply } from "../host/local-reply.js";
import type { Pairs } from "../host/pairs.js";
import { BODY_DENIED, smallestBodyLimit } from "../plan/native.js";
import { type Answer, type GuardedRequest, localAnswer } from "./passage.js";
import { sortOf } from "./wire.js";
import type { Reception } from "./worker.js";

// The model of Envoy's own filters that stand behind the guard (`targets/envoy/native.ts`).

/** A request whose body is held until it is whole; whoever reads it says which way it goes on. */
export interface HeldBody {
  /** Bytes that it may have. */
  most: number;
  /** @param bytes that it has */
  whole(bytes: number): Reception;
  tooLarge(): Answer;
  /** The client has left before it was whole. */
  end(): void;
}

/** What becomes of a request with a body where Envoy's filter for bodies holds it. */
export function holdBody(guarded: GuardedRequest, hasBody: boolean, goOn: () => Reception): Reception {
  const limit = smallestBodyLimit(guarded.run);
  if (limit === undefined || !hasBody) return goOn();
  return {
    step: "held",
    body: {
      most: limit.native.bytes,
      whole: (bytes) => {
        const { headers } = guarded.stream.request;
        if (headers?.get("content-length") === undefined) headers?.add("content-length", String(bytes));
        return goOn();
      },
      tooLarge: () => refuse(guarded, tooLarge(limit.name)),
      end: () => guarded.stream.finish(),
    },
  };
}

interface Refusal {
  status: number;
  body: string;
  headers: Pairs;
  /** RESPONSE_CODE_DETAILS */
  details: string;
  decision: string;
}

function tooLarge(policy: string): Refusal {
  return {
    status: 413,
    body: "Payload Too Large",
    headers: [],
    details: "request_payload_too_large",
    decision: `${policy}${BODY_DENIED}`,
  };
}

/** The answer of such a filter; it goes through the guard, as all answers do. */
function refuse(guarded: GuardedRequest, { decision, ...refusal }: Refusal): Answer {
  const { stream, request } = guarded;
  const reply = composeReply({ ...refusal, grpcStatus: -1 }, sortOf(request));
  stream.responseHeaders(reply.headers, reply.body === "", refusal.details);
  if (reply.body !== "") stream.responseData(bytesOf(reply.body), true);
  const answer = localAnswer(guarded, false);
  return { ...answer, notes: { ...answer.notes, decision } };
}
