import { keepRecord, none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { addPair, beginPairs, keepPairs } from "../proxy-wasm/headers";
import { LocalResponse } from "../proxy-wasm/local-response";
import { GrpcStatus } from "../proxy-wasm/status";

// Answers that belong to no policy.

@unmanaged
export class Answer {
  response: LocalResponse = none<LocalResponse>();
  decision: Text = none<Text>();
}

/** The route of the request is not in the configuration. */
export let unknownRoute: Answer = none<Answer>();
/** It cannot be told which configuration holds for the request. */
export let unknownRoot: Answer = none<Answer>();
/** The host did not give what the module needs, or did not take what it said. */
export let hostFailure: Answer = none<Answer>();
/** What is said when a request passed and no policy had anything to say. */
export let noPolicy: Text = none<Text>();

/** Makes them; once for a VM. */
export function prepareAnswers(): void {
  const forbidden = '{"type":"about:blank","title":"Forbidden","status":403}';
  const unavailable = '{"type":"about:blank","title":"Service Unavailable","status":503}';
  unknownRoute = newAnswer(
    403,
    GrpcStatus.PermissionDenied,
    "sluice:unknown-route",
    forbidden,
    "sluice denied unknown-route",
  );
  unknownRoot = newAnswer(
    503,
    GrpcStatus.Unavailable,
    "sluice:unknown-root",
    unavailable,
    "sluice denied unknown-root",
  );
  hostFailure = newAnswer(
    503,
    GrpcStatus.Unavailable,
    "sluice:host-failure",
    unavailable,
    "sluice denied host-failure",
  );
  noPolicy = keepLiteral("sluice allowed no-policy");
}

function newAnswer(status: u32, grpcStatus: i32, details: string, body: string, decision: string): Answer {
  const contentType = keepLiteral("content-type");
  const problem = keepLiteral("application/problem+json");
  beginPairs();
  addPair(contentType, problem.start, problem.length);
  const answer = keepRecord<Answer>();
  answer.decision = keepLiteral(decision);
  answer.response = keepRecord<LocalResponse>();
  answer.response.headers = keepPairs();
  answer.response.status = status;
  answer.response.grpcStatus = grpcStatus;
  answer.response.details = keepLiteral(details);
  answer.response.body = keepLiteral(body);
  return answer;
}
