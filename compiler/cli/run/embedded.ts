import { mountedEndpoints } from "../../plan/discovery.js";
import { countingServices, globalLimits } from "../../plan/global-limits.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { tracedNatively } from "../../plan/tracers.js";
import { type EmbeddedOptions, EmbeddedServer } from "../../runtime/embedded/server.js";
import { secretsOf } from "../envoy.js";
import { EnvironmentError } from "../exit.js";
import { embeddedModules } from "../files.js";
import type { PolicyServer, Takeover } from "./policy-server.js";

/** What is said, once, to whoever starts it. */
export const EMBEDDED_NOTICE =
  "this is the embedded host, for a first look and no production proxy: one thread of Node, HTTP/1.1 only, and a model of what Envoy does around the modules";

/** What the policy says of services that has no effect here; absent if there is nothing. */
function ignoredNotice({ services, hosts, overload }: GatewayPlan): string | undefined {
  const routes = hosts.flatMap((host) => host.routes);
  const does = (key: "retry" | "mirror" | "upgrades") =>
    routes.some(({ action }) => action.type === "forward" && action[key] !== undefined);
  const used = (
    key: "loadBalancing" | "health" | "outliers" | "connections" | "failover" | "admission" | "adaptiveConcurrency",
  ) => services.some((service) => service[key] !== undefined);
  const ignored = [
    ...(does("retry") ? ["retry"] : []),
    ...(does("mirror") ? ["mirror"] : []),
    ...(does("upgrades") ? ["websocket"] : []),
    ...(used("loadBalancing") ? ["loadBalancing"] : []),
    ...(used("health") ? ["health"] : []),
    ...(used("outliers") ? ["outliers"] : []),
    ...(used("connections") ? ["connections"] : []),
    ...(used("failover") ? ["failover"] : []),
    ...(used("admission") ? ["admission"] : []),
    ...(used("adaptiveConcurrency") ? ["adaptiveConcurrency"] : []),
    ...(overload === undefined ? [] : ["overload"]),
    ...(services.some(({ breakers = {} }) => Object.keys(breakers).some((key) => key !== "retries"))
      ? ["circuitBreakers"]
      : []),
  ];
  if (ignored.length === 0) return undefined;
  return `it has no ${ignored.join(", ")}: each request is sent once, to the next endpoint`;
}

/** What it says of access logs that are Envoy's to write; absent if the policy has none. */
function unwrittenNotice({ listeners }: GatewayPlan): string | undefined {
  if (listeners.every(({ accessLog }) => accessLog === undefined)) return undefined;
  return "it writes no accessLog of a listener: --access-log prints a line for each request, without times and sizes";
}

/** What it says of limits of all gateways; absent if there are none. */
function aloneNotice({ policies }: GatewayPlan): string | undefined {
  const [first] = globalLimits(policies);
  return first && `it counts for itself what ${first.native.service} counts for all gateways, and asks nobody`;
}

/** What it says of traces that are Envoy's own; absent if there are none. */
function untracedNotice({ policies }: GatewayPlan): string | undefined {
  const [first] = tracedNatively(policies);
  return (
    first && `it has no tracer of Envoy's own: ${first.name} with native: true makes no spans and writes no headers`
  );
}

/** The policy in the embedded host, which takes over others without a restart. */
export async function runEmbedded(
  plan: GatewayPlan,
  secrets: Readonly<Record<string, string>>,
  options: { accessLog: boolean },
): Promise<PolicyServer> {
  for (const notice of [ignoredNotice(plan), unwrittenNotice(plan), untracedNotice(plan), aloneNotice(plan)])
    if (notice !== undefined) process.stderr.write(`sluice: ${notice}\n`);
  const server = await startEmbedded(plan, secrets, {
    ...(options.accessLog ? { onAccess: (line: string) => void process.stdout.write(`${line}\n`) } : {}),
  });
  return {
    listeners: async () => server.listeners(),
    about: [],
    takeOver: (next) => takeOver(server, next),
    // It is this process.
    ended: new Promise(() => {}),
    stop: (hurry) => server.stop(hurry),
  };
}

async function takeOver(server: EmbeddedServer, plan: GatewayPlan): Promise<Takeover> {
  const problem = transportProblem(plan) ?? askingProblem(plan) ?? discoveryProblem(plan) ?? captureProblem(plan);
  if (problem !== undefined) return { isNews: false, says: `${problem}. The policy before stays in force.` };
  let environment: Record<string, string>;
  try {
    environment = secretsOf(plan);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return { isNews: false, says: `${error.message}; start again with it. The policy before stays in force.` };
  }
  const outcome = await server.replace({ plan, environment });
  if (outcome.kind === "accepted") return { isNews: true, says: "taken over" };
  return { isNews: true, says: `refused, the policy before stays in force:\n  ${outcome.reason}` };
}

/** A policy that asks a service in a way that it cannot: to pass by would let everybody pass. */
function askingProblem({ policies }: GatewayPlan): string | undefined {
  const asks = policies.find(
    ({ native }) => native?.filter === "externalAuth" && (native.by === "grpc" || native.body !== undefined),
  );
  return (
    asks &&
    `the policy ${asks.name} asks its service by gRPC or with the body, which the embedded host does not; run it in Envoy, without --embedded`
  );
}

/** What of the policy it does not serve: to do without would send in the clear what must not be. */
function transportProblem({ listeners, services, policies }: GatewayPlan): string | undefined {
  const listener = listeners.find(({ tls, protocol }) => tls !== undefined || protocol === "http2");
  const counting = countingServices(policies);
  const service = services.find(
    ({ name, tls, protocol }) => !counting.includes(name) && (tls !== undefined || protocol !== undefined),
  );
  const what = listener === undefined ? service && `the service ${service.name}` : `the listener ${listener.name}`;
  return (
    what && `${what} has TLS or HTTP/2, which the embedded host does not speak; run it in Envoy, without --embedded`
  );
}

/** Connections that only Envoy could take. */
function captureProblem({ listeners }: GatewayPlan): string | undefined {
  const listener = listeners.find(({ captures, capturedBy }) => (captures ?? capturedBy) !== undefined);
  return (
    listener &&
    `the listener ${listener.name} takes connections that the kernel redirects, which the embedded host does not; run it in Envoy, without --embedded`
  );
}

/** A service that only Envoy could find. */
function discoveryProblem(plan: GatewayPlan): string | undefined {
  const [file] = mountedEndpoints(plan);
  return (
    file &&
    `the policy refers to mounted:${file}, which the embedded host does not read; run it in Envoy, without --embedded`
  );
}

/** @throws EnvironmentError if it cannot be started, such as on an address that another program has */
export async function startEmbedded(
  plan: GatewayPlan,
  environment: Readonly<Record<string, string>>,
  options: Omit<EmbeddedOptions, "modules" | "report">,
): Promise<EmbeddedServer> {
  const problem = transportProblem(plan) ?? askingProblem(plan) ?? discoveryProblem(plan) ?? captureProblem(plan);
  if (problem !== undefined) throw new EnvironmentError(problem);
  const modules = await embeddedModules();
  const report = (line: string) => void process.stderr.write(`sluice: ${line}\n`);
  try {
    return await EmbeddedServer.start({ plan, environment }, { modules, report, ...options });
  } catch (error) {
    throw new EnvironmentError(`the embedded host did not start: ${error instanceof Error ? error.message : error}`);
  }
}
