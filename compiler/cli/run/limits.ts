import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { countingServices } from "../../plan/global-limits.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { findLimitPrograms, type LimitAddress, type RunningLimits, startLimits } from "../../runtime/limits.js";
import { limitServiceText } from "../../targets/envoy/limit-service.js";
import { EnvironmentError } from "../exit.js";

/** What counts for all gateways, started beside one of them. */
export interface LimitsBeside {
  /** A line about it. */
  readonly about: string;
  /** Why it cannot count for another policy without a new start; absent if it can. */
  problem(plan: GatewayPlan): string | undefined;
  /** Counts for another policy from now on; true if it has other limits. */
  update(plan: GatewayPlan): Promise<boolean>;
  /** Settles with the reason if it ends by itself. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the ratelimit service of Envoy where the policy says that it is, and a Redis for it.
 *
 * @param folder of this run
 * @throws EnvironmentError with what is missing and how to get it, or what does not start
 */
export async function startLimitsBeside(plan: GatewayPlan, folder: string): Promise<LimitsBeside> {
  const address = addressOf(plan);
  const found = await findLimitPrograms();
  if ("missing" in found)
    throw new EnvironmentError(
      ["--with-ratelimit starts what is not here:", ...found.missing.map((line) => `  ${line}`)].join("\n"),
    );
  const own = join(folder, "limits");
  await mkdir(own);
  let text = limitServiceText(plan) ?? EMPTY;
  const running: RunningLimits = await startLimits(found.programs, address, own, text);
  const at = textOf(address);
  return {
    about: `limits of all gateways: counted at ${at}, by a ratelimit service and a Redis that end with this command`,
    problem(next) {
      if (countingServices(next.policies).length === 0) return undefined;
      try {
        const moved = textOf(addressOf(next));
        return moved === at ? undefined : `the service that counts for all gateways is at ${moved} now`;
      } catch (error) {
        if (!(error instanceof EnvironmentError)) throw error;
        return error.message;
      }
    },
    async update(next) {
      const before = text;
      text = limitServiceText(next) ?? EMPTY;
      if (text !== before) await running.update(text);
      return text !== before;
    },
    ended: running.ended.then((words) => `the ratelimit service ended by itself: ${words}`),
    stop: () => running.stop(),
  };
}

/** What the service reads where nothing is to be counted. */
const EMPTY = 'domain: "none"\n';

function addressOf({ policies, services }: GatewayPlan): LimitAddress {
  const [name, ...others] = countingServices(policies);
  if (name === undefined)
    throw new EnvironmentError("--with-ratelimit has nothing to count: the policy has no limit with `scope: global`");
  if (others.length > 0)
    throw new EnvironmentError(
      `--with-ratelimit starts one service, and ${[name, ...others].join(", ")} count for the policy`,
    );
  const found = services.find((service) => service.name === name);
  const [endpoint] = found?.discovery.endpoints ?? [];
  if (endpoint === undefined || found?.discovery.by !== "static" || found.tls !== undefined || !isHere(endpoint.host))
    throw new EnvironmentError(
      `--with-ratelimit starts the service ${name} on this machine: it needs endpoints on a loopback address, such as [127.0.0.1:8081], and no tls`,
    );
  return { host: endpoint.host, port: endpoint.port };
}

function isHere(host: string): boolean {
  return host === "::1" || /^127\./.test(host);
}

function textOf({ host, port }: LimitAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What is said of limits that somebody else has to count; absent if there are none. */
export function uncountedNotice({ policies, services }: GatewayPlan): string | undefined {
  const names = countingServices(policies);
  if (names.length === 0) return undefined;
  const where = services.flatMap(({ name, discovery: { endpoints } }) =>
    names.includes(name) ? [`${name}${endpoints[0] === undefined ? "" : ` at ${textOf(endpoints[0])}`}`] : [],
  );
  return `limits of all gateways are counted by ${where.join(", ")}; --with-ratelimit starts such a service here`;
}
