import { JWT_REFUSALS, JwtRefusal, wordOfJwtRefusal } from "../../lib/jwt-refusal";
import { keepPointers, pointerAt, setPointer } from "../../lib/region";
import { compose, keepComposed, putLiteral, putText, Text } from "../../lib/text";

/** What comes of looking for a caller. */
export enum Outcome {
  Authenticated = 0,
  Anonymous = 1,
  NoCredential = 2,
  /** The same credential twice, or perhaps another one beside it. */
  DuplicateCredential = 3,
  /** Credentials of two methods. */
  SeveralCredentials = 4,
  MalformedCredential = 5,
  /** It is nobody's. */
  UnknownCredential = 6,
  /** A certificate whose names do not say whom it is for. */
  AmbiguousCredential = 7,
  /** A signature that leaves out what must be signed. */
  UncoveredComponent = 8,
  /** It is too old, has run out, or was made ahead of time. */
  ExpiredCredential = 9,
  /** It may be used once, and was. */
  ReplayedCredential = 10,
  /** Nobody can tell now: what has to be remembered or found out cannot be. */
  Unavailable = 11,
  /** This worker cannot look at more passwords now. */
  OverBudget = 12,
  /** The caller has failed too often. */
  LockedOut = 13,
  /** There are no keys to verify tokens by, or only such as are too old. */
  NoKeys = 14,
  /** Whoever gave it out says that it is none, or none any more. */
  InactiveToken = 15,
  /** Whoever gave it out is being asked. */
  Waiting = 16,
  /** And a JwtRefusal: why a token is refused. */
  Token = 24,
}

const OUTCOMES: i32 = Outcome.Token + JWT_REFUSALS;

/** What comes of a token that is refused. */
export function outcomeOfToken(refusal: JwtRefusal): Outcome {
  return Outcome.Token + refusal;
}

/** Whether it counts against the caller. What was good once and is too old does not: honest clients show that, too. */
export function isFailure(outcome: Outcome): bool {
  if (outcome > Outcome.Token) return outcome !== Outcome.Token + JwtRefusal.Expired;
  switch (outcome) {
    case Outcome.DuplicateCredential:
    case Outcome.SeveralCredentials:
    case Outcome.MalformedCredential:
    case Outcome.UnknownCredential:
    case Outcome.AmbiguousCredential:
    case Outcome.UncoveredComponent:
    case Outcome.ReplayedCredential:
    case Outcome.InactiveToken:
      return true;
    default:
      return false;
  }
}

function isLet(outcome: Outcome): bool {
  return outcome === Outcome.Authenticated || outcome === Outcome.Anonymous;
}

function wordOf(outcome: Outcome): string {
  if (outcome > Outcome.Token) return wordOfJwtRefusal(outcome - Outcome.Token);
  switch (outcome) {
    case Outcome.Authenticated:
      return "authenticated";
    case Outcome.Anonymous:
      return "anonymous";
    case Outcome.NoCredential:
      return "no-credential";
    case Outcome.DuplicateCredential:
      return "duplicate-credential";
    case Outcome.SeveralCredentials:
      return "several-credentials";
    case Outcome.MalformedCredential:
      return "malformed-credential";
    case Outcome.AmbiguousCredential:
      return "ambiguous-credential";
    case Outcome.UncoveredComponent:
      return "uncovered-component";
    case Outcome.ExpiredCredential:
      return "expired-credential";
    case Outcome.ReplayedCredential:
      return "replayed-credential";
    case Outcome.OverBudget:
      return "over-budget";
    case Outcome.LockedOut:
      return "locked-out";
    case Outcome.Waiting:
      return "waiting";
    case Outcome.InactiveToken:
      return "token-inactive";
    case Outcome.Unavailable:
      return "unavailable";
    case Outcome.NoKeys:
      return "no-keys";
    default:
      return "unknown-credential";
  }
}

/** Decisions of a policy by outcome: addresses of Text; 0 without memory. */
export function newDecisions(policy: Text): usize {
  const decisions = keepPointers(OUTCOMES);
  if (decisions === 0) return 0;
  for (let outcome = 0; outcome < OUTCOMES; outcome++) {
    compose(128);
    putText(policy);
    putLiteral(isLet(outcome) ? " allowed " : " denied ");
    putLiteral(wordOf(outcome));
    setPointer(decisions, outcome, keepComposed());
  }
  return decisions;
}

/** What to say of an outcome. */
export function decisionOf(decisions: usize, outcome: Outcome): Text {
  return pointerAt<Text>(decisions, outcome);
}
