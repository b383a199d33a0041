import type { Environment } from "../expression/evaluate.js";
import type { ConsumerPlan } from "../plan/plan.js";
import type { Span } from "../syntax/source.js";

/** A value of three: what a condition is for one request. */
export type Truth = "true" | "false" | "unknown";

/** One thing that a decision rests on, such as a rule or the value of an attribute. */
export interface Reason {
  text: string;
  truth?: Truth;
  /** Where the policy file says it. */
  origin?: Span;
  because?: Reason[];
}

/** Who calls: a consumer, or somebody whom an issuer knows. */
export interface Caller {
  method: string;
  consumer?: ConsumerPlan;
  subject?: string;
  issuer?: string;
  scopes?: readonly string[];
  /** All that its token says. */
  claims?: Readonly<Record<string, unknown>>;
}

/** One request as a policy sees it, for the model of its kind. */
export interface RequestView {
  /** Name of the route that Envoy chose. */
  route: string;
  attribute: Environment;
  /** What is on the request line, as Envoy has it, and the host as it was asked for. */
  sent: { method: string; target: string; authority: string };
  /** Lines of a header by its name in lower case. */
  header(name: string): readonly string[];
  consumers: readonly ConsumerPlan[];
  /** The value of an environment variable of the gateway; undefined if it is not set here. */
  variable(name: string): string | undefined;
  /** Who is to be taken as signed in, whatever the request carries. */
  assumed: ConsumerPlan | undefined;
  /** A value for people: in quotes, and hidden if it is a secret. */
  show(name: string, argument: string | undefined): string;
}

/** What one policy says of one request. */
export interface Verdict {
  /**
   * `answered`: by Envoy before the guard; `counted`: passes unless the limit is used up; `open`: it cannot be known here;
   * `asked`: passes if somebody else lets it; `skipped`: the policy does not apply to the request.
   */
  outcome: "allowed" | "answered" | "denied" | "counted" | "asked" | "open" | "skipped";
  /** What the guard notes, without the name of the policy: `/rule denied rule`, ` allowed authenticated`. */
  decision?: string;
  /** What the guard notes of a denial in shadow, written in the same way. */
  shadow?: string;
  /** One sentence, without a full stop. */
  summary: string;
  /** The status that is answered where the policy answers, or may answer. */
  status?: number;
  reasons: Reason[];
  /** Who calls, for the policies that follow. */
  caller?: Caller;
  /** Values that Envoy writes into headers, by `ResultHeader.property`. */
  results?: Record<string, string>;
}
