import { Asked, readingFor } from "../../lib/attribute-reader";
import { Needs, setAttribute, TraceSlot } from "../../lib/attributes";
import { refuse } from "../../lib/document";
import { Interest, makeAbsent, Names } from "../../lib/interest";
import { evaluateValue } from "../../lib/predicate";
import { Type } from "../../lib/predicate-emit";
import { expressionType, readExpression } from "../../lib/predicate-reader";
import { at, exists, none } from "../../lib/region";
import { keepLiteral, Text } from "../../lib/text";
import { monotonicTime } from "../../proxy-wasm/clock";
import { fieldLength, fieldStart, findField, offerAnswerHeaders } from "../../proxy-wasm/headers";
import { Claim, charge, Means } from "./claim";
import { Debit, debitAt, prepareDebits, takeDebit } from "./debits";
import { RateLimitPolicy } from "./policy";
import { MOST_WINDOWS } from "./rate";

// What an answer says that its call costs more. It has been let pass already, so a bucket may come to owe: then nobody passes until that is
// paid. Nothing is ever given back by it, and what an answer does not say costs nothing more.

const OWED: usize = memory.data(96, 8);
const WINDOWS: usize = memory.data(<i32>MOST_WINDOWS * 24, 8);

let status: Text = none<Text>();

/** Reads `answerCost` of a policy; false, and a problem noted, if it is wrong. */
export function readAnswerCost(node: i32, policy: RateLimitPolicy, interest: Interest): bool {
  readingFor(Asked.WithAnswer, 0);
  policy.answerCosts = readExpression(node, interest);
  readingFor(Asked.WithRequest, 0);
  if (!exists(policy.answerCosts)) return false;
  if (expressionType() !== Type.Integer) return refuse(node, "must be an integer, or what has one as its value");
  if (!prepareDebits()) return refuse(node, "needs more memory than the module may have");
  if (!exists(status)) status = keepLiteral(":status");
  policy.interest = interest;
  return true;
}

/** Charges what the answer to a stream says, whose headers are at hand. */
export function chargeAnswer(context: u32): void {
  let number = takeDebit(context);
  if (number === 0) return;
  const now = monotonicTime();
  // Ends with the debits of the stream, of which there are few.
  while (number !== 0) {
    const debit = debitAt(number);
    const cost = costOfAnswer(debit.policy);
    if (cost > 0 && now !== 0) owe(debit, cost, now);
    number = takeDebit(context);
  }
}

/** Forgets a stream that is gone without an answer. */
export function dropDebits(context: u32): void {
  while (takeDebit(context) !== 0);
}

function costOfAnswer(policy: RateLimitPolicy): u64 {
  makeAbsent(policy.interest, Names.Answer);
  if (!offerAnswerHeaders(policy.interest)) return 0;
  if ((policy.answerCosts.needs & Needs.AnswerStatus) !== 0 && findField(status) === 1)
    setAttribute(TraceSlot.ResponseStatus, fieldStart(), fieldLength());
  const value = evaluateValue(policy.answerCosts);
  return value.known === 0 || value.value < 1 ? 0 : <u64>value.value;
}

function owe(debit: Debit, cost: u64, now: u64): void {
  const claim = at<Claim>(OWED, 0);
  claim.policy = debit.policy;
  claim.rate = debit.rate;
  claim.key = debit.key;
  claim.cost = cost;
  claim.means = Means.Bucket;
  claim.windows = WINDOWS;
  claim.owes = 1;
  charge(claim, now);
}
