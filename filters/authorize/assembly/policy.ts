import {
  arrayOf,
  firstElement,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  policyNameOf,
  refuse,
  requiredMember,
  stringIs,
} from "../../lib/document";
import { Interest } from "../../lib/interest";
import { Program } from "../../lib/predicate-program";
import { readPredicate } from "../../lib/predicate-reader";
import { at, exists, keepRecord, keepRecords, none } from "../../lib/region";
import { compose, keepComposed, keepLiteral, putLiteral, putText, sameText, Text } from "../../lib/text";
import { addPair, beginPairs, keepPairs } from "../../proxy-wasm/headers";
import { LocalResponse } from "../../proxy-wasm/local-response";
import { Counters, defineCounters } from "../../proxy-wasm/metrics";
import { GrpcStatus } from "../../proxy-wasm/status";

const MOST_RULES: i32 = 1024;

@unmanaged
export class Rule {
  name: Text = none<Text>();
  /** 1: lets pass when its condition is true. 0: turns away when it is true or unknown. */
  allows: i32 = 0;
  condition: Program = none<Program>();
  decision: Text = none<Text>();
}

@unmanaged
export class AuthorizePolicy {
  ruleCount: i32 = 0;
  /** Array of Rule. */
  rules: usize = 0;
  otherwiseAllows: i32 = 0;
  otherwiseDecision: Text = none<Text>();
  counters: Counters = none<Counters>();
  denial: LocalResponse = none<LocalResponse>();
  /** Bits of Needs. */
  needs: i32 = 0;
}

/** Reads `authorize` of a policy; false, and a problem noted, if it is wrong. */
export function readAuthorize(node: i32, name: Text, policy: AuthorizePolicy, interest: Interest): bool {
  if (!objectOf(node, "rules otherwise")) return false;
  const rules = requiredMember(node, "rules");
  const otherwise = requiredMember(node, "otherwise");
  if (rules === NOWHERE || otherwise === NOWHERE) return false;
  const allows = stringIs(otherwise, "allow");
  if (!allows && !stringIs(otherwise, "deny")) return refuse(otherwise, 'must be "allow" or "deny"');
  policy.otherwiseAllows = allows ? 1 : 0;
  compose(128);
  putText(name);
  putLiteral(allows ? " allowed otherwise" : " denied otherwise");
  policy.otherwiseDecision = keepComposed();
  policy.counters = keepRecord<Counters>();
  policy.denial = keepRecord<LocalResponse>();
  if (!defineCounters(policy.counters, "authorize", name)) return refuse(node, "the host defines no counter");
  fillDenial(policy.denial, name);
  return readRules(rules, name, policy, interest);
}

function readRules(list: i32, name: Text, policy: AuthorizePolicy, interest: Interest): bool {
  const count = arrayOf(list, 0, MOST_RULES);
  if (count < 0) return false;
  policy.rules = keepRecords<Rule>(count);
  if (policy.rules === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    const rule = at<Rule>(policy.rules, policy.ruleCount);
    if (!readRule(node, name, rule, interest)) return false;
    for (let i = 0; i < policy.ruleCount; i++) {
      if (sameText(at<Rule>(policy.rules, i).name, rule.name)) return refuse(node, "has the name of a rule before it");
    }
    policy.needs |= rule.condition.needs;
    policy.ruleCount++;
  }
  return true;
}

function readRule(node: i32, policyName: Text, rule: Rule, interest: Interest): bool {
  if (!objectOf(node, "name allow deny")) return false;
  const name = requiredMember(node, "name");
  if (name === NOWHERE || !policyNameOf(name)) return false;
  rule.name = keepString(name);
  const allow = member(node, "allow");
  const deny = member(node, "deny");
  if ((allow === NOWHERE) === (deny === NOWHERE)) return refuse(node, "must have either allow or deny");
  rule.allows = allow !== NOWHERE ? 1 : 0;
  rule.condition = readPredicate(allow !== NOWHERE ? allow : deny, interest);
  if (!exists(rule.condition)) return false;
  compose(160);
  putText(policyName);
  putLiteral("/");
  putText(rule.name);
  putLiteral(rule.allows !== 0 ? " allowed rule" : " denied rule");
  rule.decision = keepComposed();
  return true;
}

function fillDenial(denial: LocalResponse, name: Text): void {
  const contentType = keepLiteral("content-type");
  const problem = keepLiteral("application/problem+json");
  beginPairs();
  addPair(contentType, problem.start, problem.length);
  denial.headers = keepPairs();
  denial.status = 403;
  denial.grpcStatus = GrpcStatus.PermissionDenied;
  denial.body = keepLiteral('{"type":"about:blank","title":"Forbidden","status":403}');
  compose(80);
  putLiteral("sluice:");
  putText(name);
  denial.details = keepComposed();
}
