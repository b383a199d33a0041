import { type Script, type ScriptedReply, startUpstream, type Upstream } from "../../support/upstream.js";
import { clean } from "./clean.js";
import { type Gateway, serve } from "./serve.js";

/** A service with a stand-in for each script, behind a policy with these keys of its own and of its one route. */
export async function behind(
  scripts: readonly Script[],
  keys: { service?: string; route?: string },
): Promise<{ gateway: Gateway; endpoints: Upstream[] }> {
  const endpoints = await Promise.all(scripts.map((script) => startUpstream(script)));
  clean.push(() => Promise.all(endpoints.map((endpoint) => endpoint.close())));
  const addresses = endpoints.map(({ address }) => address);
  return { gateway: await before(addresses, keys), endpoints };
}

/** The same before endpoints that are there already. */
export async function before(
  addresses: readonly string[],
  keys: { service?: string; route?: string },
): Promise<Gateway> {
  const gateway = await serve(
    `apiVersion: sluice/v1
kind: Gateway
name: resilience
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  api: { endpoints: [${addresses.join(", ")}], ${keys.service ?? ""} }
routes:
  - { name: all, match: { path: /** }, to: api, ${keys.route ?? ""} }
`,
    { ownServices: true },
  );
  clean.push(() => gateway.stop());
  return gateway;
}

/** Path that checks of health ask for. */
const HEALTH_PATH = "/healthz";

/** What came of requests, checks of health left out. */
export function asked(endpoint: Upstream | undefined): number {
  return (endpoint?.received ?? []).filter(({ url }) => url !== HEALTH_PATH).length;
}

export function sent(endpoints: readonly Upstream[]): number {
  return endpoints.reduce((sum, endpoint) => sum + asked(endpoint), 0);
}

export async function statuses(gateway: Gateway, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < count; n++) found.push((await gateway.send(`/${n}`)).status);
  return found;
}

/** Which of the endpoints each of so many requests went to, one after the other. */
export async function order(gateway: Gateway, endpoints: readonly Upstream[], count: number): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < count; n++) {
    const former = endpoints.map(asked);
    await gateway.send(`/${n}`);
    found.push(endpoints.findIndex((endpoint, index) => asked(endpoint) > (former[index] ?? 0)));
  }
  return found;
}

export function times(count: number, value: number): number[] {
  return Array.from({ length: count }, () => value);
}

/** A reply that waits until it is let go. */
export function gate(reply: ScriptedReply = {}): { script: () => Promise<ScriptedReply>; open: () => void } {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { script: () => opened.then(() => reply), open: () => open() };
}

export const held = { timeout: 10_000, interval: 5 };
