import { keepRecord } from "../../lib/region";
import { compose, keepComposed, keepLiteral, putLiteral, putText, Text } from "../../lib/text";
import { addPair, beginPairs, keepPairs } from "../../proxy-wasm/headers";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { GrpcStatus } from "../../proxy-wasm/status";

// What calls are answered that a limit refuses, made when the configuration is read.

/** 429: a quota of a policy, by the name that clients know it by, is used up. */
export function quotaDenial(policy: Text, quota: Text): LocalResponse {
  const denial = keepRecord<LocalResponse>();
  denial.status = 429;
  denial.grpcStatus = GrpcStatus.ResourceExhausted;
  const contentType = keepLiteral("content-type");
  const problem = keepLiteral("application/problem+json");
  beginPairs();
  addPair(contentType, problem.start, problem.length);
  denial.headers = keepPairs();
  compose(384);
  putLiteral('{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded",');
  putLiteral('"title":"Request cannot be satisfied as assigned quota has been exceeded",');
  putLiteral('"status":429,"violated-policies":["');
  putText(quota);
  putLiteral('"]}');
  denial.body = keepComposed();
  compose(80);
  putLiteral("sluice:");
  putText(policy);
  denial.details = keepComposed();
  return denial;
}

/** 429: as many calls as there may be are in flight. */
export function crowdedDenial(like: LocalResponse): LocalResponse {
  const answer = keepRecord<LocalResponse>();
  answer.status = 429;
  answer.grpcStatus = GrpcStatus.ResourceExhausted;
  answer.headers = like.headers;
  answer.details = like.details;
  answer.body = keepLiteral('{"type":"about:blank","title":"Too Many Requests","status":429}');
  return answer;
}

/** 503: the call cannot be counted. */
export function storeFailure(like: LocalResponse): LocalResponse {
  const answer = keepRecord<LocalResponse>();
  answer.status = 503;
  answer.grpcStatus = GrpcStatus.Unavailable;
  answer.headers = like.headers;
  answer.details = like.details;
  answer.body = keepLiteral('{"type":"about:blank","title":"Service Unavailable","status":503}');
  return answer;
}

/** `<policy> <outcome and reason>` */
export function decisionOf(policy: Text, said: string): Text {
  compose(128);
  putText(policy);
  putLiteral(said);
  return keepComposed();
}
