import { embeddedModules } from "../../../compiler/cli/files.js";
import { type CompiledModules, compileModules } from "../../../compiler/embedded/modules.js";
import type { GatewayPlan } from "../../../compiler/plan/plan.js";
import { withoutTransport } from "../../../compiler/plan/transport.js";
import { withTestKeys } from "../../../compiler/testing/credentials.js";
import { EmbeddedGateway, type Exchange } from "../../../compiler/testing/exchange.js";
import { testKeyOf } from "../../../filters/authenticate/methods/api-key.js";
import type { WireRequest } from "../../support/random-requests.js";
import { comparable } from "./compared.js";
import { type Member, SERVED, SharedEnvoy, type Sight } from "./shared-envoy.js";

/** One listener of a policy, with the requests that are sent to it. */
export interface Replay {
  /** One listener, and a name that no other replay has. */
  readonly member: Member;
  readonly requests: readonly WireRequest[];
}

/** A request whose answers differ. */
export interface Disagreement {
  /** Index of the replay, and of its request. */
  readonly replay: number;
  readonly request: number;
  readonly envoy: unknown;
  readonly embedded: unknown;
}

/** A gateway for each listener of a plan, without TLS as everything of it is on this machine, with keys that are known. They share nothing, not even what limits count. */
export function membersOf(plan: GatewayPlan, name: string): (Member & { keys: readonly string[] })[] {
  const keyed = withTestKeys(withoutTransport(plan));
  const keys = [...new Set([...keyed.plan.consumers.map(testKeyOf), ...Object.values(keyed.environment)])];
  return keyed.plan.listeners.map((listener) => ({
    plan: { ...keyed.plan, name: `${name}-${listener.name}`, listeners: [listener] },
    environment: keyed.environment,
    keys,
  }));
}

/** At how many gateways requests are under way at a time. */
const AT_ONCE = 8;

/**
 * Sends all requests to both engines, and gives the first disagreement of each replay.
 *
 * @param tell is told what came of each request in Envoy
 */
export async function disagreements(
  replays: readonly Replay[],
  tell: (exchange: Exchange) => void = () => {},
  sees: Sight = "all",
): Promise<Disagreement[]> {
  const modules = compileModules(await embeddedModules());
  const envoy = await SharedEnvoy.start(
    replays.map(({ member }) => member),
    sees,
  );
  try {
    const found: Disagreement[] = [];
    const waiting = [...replays.entries()];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, replay] = next;
        const there = await envoy.replay(index, replay.requests);
        there.forEach(tell);
        found.push(...compare(index, there, embedded(modules, replay), sees).slice(0, 1));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return found.toSorted((a, b) => a.replay - b.replay);
  } finally {
    await envoy.stop();
  }
}

function compare(replay: number, there: readonly Exchange[], here: readonly Exchange[], sees: Sight): Disagreement[] {
  return there.flatMap((one, request) => {
    // Who calls may decide whether weights choose the service, which the model knows.
    const byChance = here[request]?.service?.byChance === true;
    const [envoy, embedded] =
      sees === "all"
        ? [shown(one, byChance), shown(here[request], byChance)]
        : [answerShown(one), answerShown(here[request])];
    return JSON.stringify(envoy) === JSON.stringify(embedded) ? [] : [{ replay, request, envoy, embedded }];
  });
}

function embedded(modules: CompiledModules, { member: { plan, environment }, requests }: Replay): Exchange[] {
  const upstreams = Object.fromEntries(plan.services.map(({ name }) => [name, SERVED]));
  const gateway = new EmbeddedGateway(modules, { plan, environment }, upstreams, 1);
  return requests.map(({ body, ...client }) => {
    const exchange = gateway.send({ client: { ...client, time: gateway.time }, body: Buffer.from(body) });
    // A client reads no body in an answer to HEAD.
    return client.method === "HEAD" ? { ...exchange, body: "" } : exchange;
  });
}

function answerShown(exchange: Exchange | undefined): { status: number; headers: unknown; body: string } | undefined {
  if (exchange === undefined) return undefined;
  const { status, headers, body } = exchange;
  return { status, headers: comparable(headers), body: Buffer.from(body, "latin1").toString() };
}

/** What must be alike of an answer, as plain data in one order. */
function shown(exchange: Exchange | undefined, byChance: boolean): unknown {
  if (exchange === undefined) return undefined;
  const { status, headers, route, decision, shadow, service } = exchange;
  // Envoy also looks for a route to log with what its listener refused, at times.
  const refused = decision === undefined && (status >= 400 || headers.some(([name]) => name === "grpc-status"));
  return {
    ...answerShown(exchange),
    ...(refused ? {} : { route: route?.name }),
    decision,
    shadow,
    service: service && {
      ...(byChance ? {} : { name: service.name }),
      request: `${service.method} ${service.path}`,
      headers: comparable(service.headers),
    },
  };
}
