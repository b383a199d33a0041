import { byteTextOf } from "../host/byte-text.js";
import type { Pairs } from "../host/pairs.js";
import type { KeySource } from "../plan/key-sources.js";
import type { GatewayPlan, JsonObject, PolicyPlan } from "../plan/plan.js";
import type { KeyAnswer } from "./suite.js";
import type { UpstreamAnswer } from "./upstream.js";

/** A service that publishes keys of tokens, and the keys of the runner's own that it has in tests. */
interface KeyService {
  source: KeySource;
  keys: readonly JsonObject[];
}

/** Finds out which requests to services are those of modules that fetch keys, and answers them. */
export class KeyServices {
  private readonly all: readonly KeyService[];

  constructor({ policies }: Pick<GatewayPlan, "policies">) {
    this.all = policies.flatMap(({ fetches, signIn }: PolicyPlan) =>
      fetches === undefined ? [] : [{ source: fetches, keys: signIn?.keys ?? [] }],
    );
  }

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  /** Names of the services. */
  get services(): ReadonlySet<string> {
    return new Set(this.all.map(({ source }) => source.service));
  }

  /** Envoy gives an id to every request of a client, also to one that a route leads to the same place. */
  isAsked(service: string, heard: { method: string; path: string; headers: Pairs }): boolean {
    return this.asked(service, heard) !== undefined;
  }

  /** What a service answers where its keys are asked for, as a test has it: the runner's own key stands beside those that it says. */
  answer(
    service: string,
    heard: { method: string; path: string; headers: Pairs },
    { status = 200, keys = [] }: Partial<KeyAnswer> = {},
  ): UpstreamAnswer | undefined {
    const asked = this.asked(service, heard);
    if (asked === undefined) return undefined;
    const content = Buffer.from(JSON.stringify({ keys: [...keys, ...asked.keys] }));
    const headers = [
      ["content-type", "application/jwk-set+json"] as const,
      ["content-length", `${content.length}`] as const,
    ];
    return {
      status,
      headers: headers.map(([name, value]) => [name, byteTextOf(Buffer.from(value))] as const),
      content,
    };
  }

  private asked(service: string, { method, path, headers }: { method: string; path: string; headers: Pairs }) {
    if (method !== "GET" || headers.some(([name]) => name === "x-request-id")) return undefined;
    return this.all.find(({ source }) => source.service === service && source.path === path);
  }
}
