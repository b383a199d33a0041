import {
  firstElement,
  integerAt,
  integerOf,
  isObject,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  policyNameOf,
  refuse,
  refuseQuoting,
  requiredMember,
} from "../lib/document";
import { at, exists, keepRecord, keepRecords, none } from "../lib/region";
import { addName, findName, NameTable, newNameTable } from "../lib/table";
import { compose, keepComposed, keepLiteral, putLiteral, putText, Text } from "../lib/text";
import { addPair, beginPairs, keepPairs } from "../proxy-wasm/headers";
import { LocalResponse } from "../proxy-wasm/local-response";
import { Counters, defineCounters } from "../proxy-wasm/metrics";
import { GrpcStatus } from "../proxy-wasm/status";

// Policies whose callers sign a digest of the body: the guard has verified the signature, and bodies are compared here.

const LARGEST_BODY: i64 = 16 << 20;

/** An answer, and what is said of the request that gets it. */
@unmanaged
export class Refusal {
  response: LocalResponse = none<LocalResponse>();
  decision: Text = none<Text>();
}

/** One policy. */
@unmanaged
export class Digested {
  name: Text = none<Text>();
  /** Bytes that a body may have. */
  most: i32 = 0;
  counters: Counters = none<Counters>();
  /** The digest is not that of the body, or is none. */
  mismatch: Refusal = none<Refusal>();
  tooLarge: Refusal = none<Refusal>();
}

@unmanaged
export class Digests {
  /** Records of Digested. */
  list: usize = 0;
  names: NameTable = none<NameTable>();
  /** Bytes that each of them takes. */
  least: i32 = 0;
}

/** Whether an item of `policies` is one of them. */
export function isDigested(node: i32): bool {
  return isObject(node) && member(node, "authenticate") !== NOWHERE;
}

/** Reads policies that are all of this kind; the missing record, and a problem noted, if they are wrong. */
export function readDigests(policies: i32, count: i32): Digests {
  const digests = keepRecord<Digests>();
  digests.list = keepRecords<Digested>(count);
  digests.names = newNameTable(count, true);
  if (digests.list === 0 || !exists(digests.names)) return none<Digests>();
  let index = 0;
  for (let node = firstElement(policies); node !== NOWHERE; node = nextElement(policies, node)) {
    const digested = at<Digested>(digests.list, index);
    if (!readDigested(node, digested)) return none<Digests>();
    digests.least = index === 0 ? digested.most : min(digests.least, digested.most);
    if (!addName(digests.names, digested.name, index++)) {
      refuseQuoting(node, "there already is a policy", requiredMember(node, "name"));
      return none<Digests>();
    }
  }
  return digests;
}

function readDigested(node: i32, digested: Digested): bool {
  if (!objectOf(node, "name authenticate")) return false;
  const name = requiredMember(node, "name");
  const body = requiredMember(node, "authenticate");
  if (name === NOWHERE || body === NOWHERE || !policyNameOf(name)) return false;
  if (!objectOf(body, "contentDigest")) return false;
  const digest = requiredMember(body, "contentDigest");
  if (digest === NOWHERE || !objectOf(digest, "maxBody")) return false;
  const most = requiredMember(digest, "maxBody");
  if (most === NOWHERE || !integerOf(most, 1, LARGEST_BODY)) return false;
  digested.name = keepString(name);
  digested.most = <i32>integerAt(most);
  const mismatch =
    '{"type":"about:blank","title":"Bad Request","status":400,"detail":"The content-digest is not that of the body."}';
  digested.mismatch = newRefusal(digested.name, "content-digest", 400, GrpcStatus.InvalidArgument, mismatch);
  const tooLarge = '{"type":"about:blank","title":"Content Too Large","status":413}';
  digested.tooLarge = newRefusal(digested.name, "body-too-large", 413, GrpcStatus.ResourceExhausted, tooLarge);
  digested.counters = keepRecord<Counters>();
  return (
    defineCounters(digested.counters, "authenticate", digested.name) || refuse(node, "the host defines no counter")
  );
}

function newRefusal(policy: Text, reason: string, status: u32, grpcStatus: i32, body: string): Refusal {
  const refusal = keepRecord<Refusal>();
  const response = keepRecord<LocalResponse>();
  const problem = keepLiteral("application/problem+json");
  beginPairs();
  addPair(keepLiteral("content-type"), problem.start, problem.length);
  response.headers = keepPairs();
  response.status = status;
  response.grpcStatus = grpcStatus;
  response.body = keepLiteral(body);
  compose(128);
  putLiteral("sluice:");
  putText(policy);
  response.details = keepComposed();
  compose(128);
  putText(policy);
  putLiteral(" denied ");
  putLiteral(reason);
  refusal.decision = keepComposed();
  refusal.response = response;
  return refusal;
}

/** The policy of a name as the metadata of routes has it; the missing record if there is none. */
export function digestedNamed(digests: Digests, start: usize, length: i32): Digested {
  const index = findName(digests.names, start, length);
  return index < 0 ? none<Digested>() : at<Digested>(digests.list, index);
}
