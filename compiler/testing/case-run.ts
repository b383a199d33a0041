import type { RequestExplanation } from "../request/explain.js";
import type { Path } from "../syntax/document.js";
import { requestOf, signedIn, withToken } from "./client.js";
import type { KeyedGateway } from "./credentials.js";
import type { Exchange } from "./exchange.js";
import { counterDifferences, type Difference, differences } from "./expect.js";
import type { TestedGateway } from "./gateway.js";
import { expectedInPlan } from "./service-names.js";
import { callersIn } from "./spans/callers.js";
import { Collected, spanDifferences } from "./spans/match.js";
import { type Case, type Expectation, OUTCOMES, type Request } from "./suite.js";
import { explained, traceOf } from "./trace.js";
import { askedOf } from "./upstream.js";

/** Is told of every request that was sent. */
export interface Observer {
  /** @param grown whether a policy counted the request */
  observe(exchange: Exchange, explain: () => RequestExplanation, grown: (policy: string) => boolean): void;
}

export interface CaseOptions {
  observer?: Observer | undefined;
  /** Milliseconds that pass before each request. Default 0. */
  pace?: number;
  /** Whether all that was sent is kept, for a comparison. A case may send millions of requests. Default false. */
  keep?: boolean;
}

/** What came of a case on one engine. */
export interface Attempt {
  /** Absent if all is as expected. */
  failed?: Failed;
  /** All requests that were sent, in order, if they are kept; none after the one that failed. */
  sent: readonly SentAndAnswered[];
  /** Weights chose a service. */
  byChance: boolean;
}

export interface SentAndAnswered {
  exchange: Exchange;
  /** What became of it, in lines without line breaks. */
  trace(): string[];
}

/** The first request that did not do what it should. */
export interface Failed {
  differences: Difference[];
  /** Of the expectation, in the case. */
  path: Path;
  /** Which request of how many, where there are several: `step 2 of 3, request 4 of 20`. */
  position?: string;
  /** Lines without line breaks. */
  trace: readonly string[];
}

/** A request of a case, with all that is said of it. */
interface Sending {
  request: Request;
  as: string | undefined;
  repeat: number;
  expect: Expectation;
  path: Path;
  position: string;
}

/** Sends the requests of a case to a gateway that nobody has called before. What comes after a failure would tell of the same. */
export async function runCase(
  one: Case,
  gateway: TestedGateway,
  keyed: KeyedGateway,
  options: CaseOptions = {},
): Promise<Attempt> {
  const run = new CaseRun(gateway, keyed, options);
  const failed = await run.run(one);
  return { ...(failed === undefined ? {} : { failed }), sent: run.sent, byChance: run.byChance };
}

class CaseRun {
  readonly sent: SentAndAnswered[] = [];
  byChance = false;
  private readonly gateway: TestedGateway;
  private readonly keyed: KeyedGateway;
  private readonly observer: Observer | undefined;
  private readonly pace: number;
  private readonly keep: boolean;
  /** Spans come some time after the answer, so nobody waits for them without need. */
  private looksAtSpans = false;

  constructor(gateway: TestedGateway, keyed: KeyedGateway, { observer, pace = 0, keep = false }: CaseOptions) {
    this.gateway = gateway;
    this.keyed = keyed;
    this.observer = observer;
    this.pace = pace;
    this.keep = keep;
  }

  async run(one: Case): Promise<Failed | undefined> {
    const { request, as, repeat, expect = {}, steps = [] } = one;
    const expected = [expect, ...steps.map((step) => step.expect ?? {})];
    this.looksAtSpans = this.keep || expected.some(({ spans, metrics }) => (spans ?? metrics) !== undefined);
    // Those of cases before this are on their way yet.
    if (this.looksAtSpans) await this.gateway.spans();
    if (request !== undefined) return this.send({ request, as, repeat, expect, path: ["expect"], position: "" });
    for (const [index, step] of steps.entries()) {
      if (step.wait !== undefined) await this.gateway.wait(step.wait);
      if (step.request === undefined) continue;
      const position = `step ${index + 1} of ${steps.length}`;
      const sending = { ...step, request: step.request, as: step.as ?? as, expect: step.expect ?? {}, position };
      const failed = await this.send({ ...sending, path: ["steps", index, "expect"] });
      if (failed !== undefined) return failed;
    }
    return undefined;
  }

  private async send({ request, as, repeat, expect, path, position }: Sending): Promise<Failed | undefined> {
    const counts = expect.metrics !== undefined;
    const before = counts ? await this.gateway.counters() : undefined;
    for (let round = 1; round <= repeat; round++) {
      const { exchange, trace } = await this.exchange(request, as);
      const found = differences(expectedInPlan(this.keyed.plan, expect), exchange, () => asked(exchange, this.keyed));
      if (round === repeat && this.looksAtSpans) {
        exchange.spans = new Collected(await this.gateway.spans(), callersIn(request.headers));
        found.push(...spanDifferences(expect.spans, exchange.spans));
      }
      if (round === repeat && before !== undefined) {
        // Counters count all repetitions together, also of spans that have gone.
        const after = await this.gateway.counters();
        found.push(...counterDifferences(expect, (name) => (after.get(name) ?? 0) - (before.get(name) ?? 0)));
      }
      if (found.length === 0) continue;
      const parts = [position, repeat === 1 ? "" : `request ${round} of ${repeat}`].filter((part) => part !== "");
      const where = parts.length === 0 ? {} : { position: parts.join(", ") };
      return { differences: found, path, trace: trace(), ...where };
    }
    return undefined;
  }

  private async exchange(request: Request, as: string | undefined) {
    if (this.pace > 0) await this.gateway.wait(this.pace);
    const { plan } = this.keyed;
    const { listener } = this.gateway;
    const unsigned = requestOf(request, this.gateway.time);
    const { token } = request;
    const consumer = token === undefined ? plan.consumers.find(({ name }) => name === as) : undefined;
    const known = consumer === undefined ? unsigned : signedIn(unsigned, consumer, plan, listener);
    const sent = token === undefined ? known : withToken(unsigned, token, plan, listener);
    const before = this.observer === undefined ? undefined : await this.gateway.counters();
    const exchange = await this.gateway.send(sent);
    const explain = () => explained(sent, listener, this.keyed);
    const answered = { exchange, trace: () => traceOf(explain(), exchange, consumer?.name) };
    if (this.keep) this.sent.push(answered);
    this.byChance ||= exchange.service?.byChance === true;
    if (before !== undefined) {
      const after = await this.gateway.counters();
      this.observer?.observe(exchange, explain, (policy) => OUTCOMES.some(hasGrown(policy, before, after)));
    }
    return answered;
  }
}

function asked({ service }: Exchange, { plan }: KeyedGateway) {
  return service === undefined ? undefined : askedOf(plan, service.name, service);
}

function hasGrown(policy: string, before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>) {
  return (outcome: string) => before.get(`${policy}.${outcome}`) !== after.get(`${policy}.${outcome}`);
}
