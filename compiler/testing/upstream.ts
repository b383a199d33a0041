import { byteTextOf } from "../host/byte-text.js";
import type { Pairs } from "../host/pairs.js";
import type { GatewayPlan, Json, MockRequest } from "../plan/plan.js";
import { Introspections } from "./introspection.js";
import { KeyServices } from "./key-services.js";
import { answerOf, type Mock, mocksOf } from "./mocks.js";
import { nameInPlan } from "./service-names.js";
import type { Case, KeyAnswer, Suite, Upstreams } from "./suite.js";

/** What a service answers to a request. Header values are byte texts. */
export interface UpstreamAnswer {
  status: number;
  headers: Pairs;
  /** Empty where the status has none. */
  content: Uint8Array;
}

/** A request as a service got it. Texts are byte texts, names of headers in lower case. */
export interface HeardByService {
  method: string;
  path: string;
  headers: Pairs;
  body: string;
}

/** What the services of a plan answer. */
export class ServiceScript {
  private readonly mocks: ReadonlyMap<string, readonly Mock[]>;
  private readonly keyServices: KeyServices;
  private readonly upstreams: Upstreams;
  private readonly introspections: Introspections;

  constructor(plan: GatewayPlan, upstreams: Upstreams) {
    this.mocks = mocksOf(plan);
    this.introspections = new Introspections(plan);
    this.keyServices = new KeyServices(plan);
    const named = Object.entries(upstreams).map(([name, upstream]) => [nameInPlan(plan, name), upstream] as const);
    this.upstreams = Object.fromEntries(named);
  }

  /** Whether a module asks by a request what a token is. */
  introspects(service: string, heard: HeardByService): boolean {
    return this.introspections.isOne(service, heard);
  }

  /** What a test says of the keys that a service publishes. */
  keysOf(service: string): KeyAnswer | undefined {
    return Object.hasOwn(this.upstreams, service) ? this.upstreams[service]?.jwks : undefined;
  }

  /** 200 without a body, if nothing is said of the service. */
  answer(service: string, heard: HeardByService): UpstreamAnswer {
    const upstream = Object.hasOwn(this.upstreams, service) ? this.upstreams[service] : undefined;
    const keys = this.keyServices.answer(service, heard, this.keysOf(service));
    if (keys !== undefined) return keys;
    const { soap = {} } = upstream ?? {};
    for (const { mock } of Object.keys(soap).length === 0 ? [] : (this.mocks.get(service) ?? [])) {
      const asked = mock.read(requestOf(heard));
      const answer = asked !== undefined && Object.hasOwn(soap, asked.operation) ? soap[asked.operation] : undefined;
      if (asked === undefined || answer === undefined) continue;
      const { status, headers, body } = mock.write(asked.operation, answerOf(answer));
      return sent(status, headers, Buffer.from(body));
    }
    const { status = 200, headers = {}, body, json, tokens } = upstream ?? {};
    // One that fails, or answers something else, does so to all.
    const isAsUsual = status === 200 && body === undefined && json === undefined;
    if (isAsUsual && this.introspects(service, heard)) {
      const said = this.introspections.answer(service, heard.body, tokens ?? {});
      return sent(status, { "content-type": "application/json", ...headers }, Buffer.from(JSON.stringify(said)));
    }
    const saysType = Object.hasOwn(headers, "content-type");
    const typed = json === undefined || saysType ? headers : { ...headers, "content-type": "application/json" };
    return sent(status, typed, Buffer.from(json === undefined ? (body ?? "") : JSON.stringify(json)));
  }
}

/** What a service was asked for, as one of its mocks reads it; undefined if none knows it. */
export function askedOf(
  plan: GatewayPlan,
  service: string,
  heard: Pick<HeardByService, "headers" | "body">,
): { operation: string; input: Json } | undefined {
  for (const { mock } of mocksOf(plan).get(service) ?? []) {
    const asked = mock.read(requestOf(heard));
    if (asked !== undefined) return asked;
  }
  return undefined;
}

function requestOf({ headers, body }: Pick<HeardByService, "headers" | "body">): MockRequest {
  const text = (bytes: string) => Buffer.from(bytes, "latin1").toString();
  return { headers: new Map(headers.map(([name, value]) => [name, text(value)])), body: text(body) };
}

function sent(status: number, headers: Readonly<Record<string, string>>, content: Uint8Array): UpstreamAnswer {
  const bodyless = status === 204 || status === 304;
  const pairs = Object.entries(headers).map(([name, value]) => [name, byteTextOf(Buffer.from(value))] as const);
  return {
    status,
    headers: [
      ...pairs.filter(([name]) => bodyless || name !== "content-length"),
      ...(bodyless ? [] : [["content-length", String(content.length)] as const]),
    ],
    content: bodyless ? new Uint8Array(0) : content,
  };
}

/** What services answer in one case: what the case says of a service holds, but for operations that it does not name. */
export function upstreamsOf(suite: Suite, one: Case): Upstreams {
  const own = Object.entries(one.upstreams).map(([service, upstream]): [string, Upstreams[string]] => {
    const inherited = Object.hasOwn(suite.upstreams, service) ? suite.upstreams[service]?.soap : undefined;
    const soap = { ...inherited, ...upstream.soap };
    return [service, Object.keys(soap).length === 0 ? upstream : { ...upstream, soap }];
  });
  return { ...suite.upstreams, ...Object.fromEntries(own) };
}
