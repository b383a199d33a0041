import { countingServices } from "../../plan/global-limits.js";
import type { GatewayPlan } from "../../plan/plan.js";
import type { KeyedGateway } from "../credentials.js";
import { listenerOf, type TestedGateway } from "../gateway.js";
import { KeyServices } from "../key-services.js";
import { Collectors } from "../spans/posts.js";
import type { Upstreams } from "../suite.js";
import { ServiceScript } from "../upstream.js";
import { TestCertificates } from "./certificates.js";
import { type EnvoyPlace, ReplicaEnvoy } from "./gateway.js";
import { startLimitService } from "./limit-service.js";
import { startServices } from "./service.js";

/** Each gateway has a VM of its own in every Envoy, of about a megabyte a thread. */
const MOST_GATEWAYS = 32;

/**
 * Hands out one real gateway after the other, each of them new: as many as there are items, several in one Envoy. Services answer
 * as the item says whose gateway was handed out.
 *
 * @throws EnvoyStartError if Envoy does not start
 */
export async function replay<Item extends { upstreams: Upstreams; listener?: string | undefined }>(
  items: readonly Item[],
  place: EnvoyPlace,
  { plan, environment }: KeyedGateway,
  run: (item: Item, gateway: TestedGateway) => Promise<void>,
): Promise<void> {
  if (items.length === 0) return;
  const collectors = new Collectors(plan);
  const keyServices = new KeyServices(plan);
  const certificates = await TestCertificates.for(plan);
  const counting = countingServices(plan.policies);
  const limits = counting.length === 0 ? undefined : await startLimitService([plan]);
  const services = await startServices(
    plan.services.flatMap(({ name }) => (counting.includes(name) ? [] : [name])),
    { collectors, keyServices },
    Object.fromEntries(limits === undefined ? [] : counting.map((name) => [name, limits.port])),
  );
  try {
    for (const batch of batchesOf(items, collectors, (item) => keysIn(item, plan, keyServices))) {
      const replicas = batch.flatMap((item, index) => {
        const listener = listenerOf(plan, item.listener);
        return listener === undefined ? [] : [{ item, name: `case-${index + 1}`, plan, listener }];
      });
      // The modules fetch keys as soon as they run, whichever case comes first.
      const script = new ServiceScript(plan, batch[0]?.upstreams ?? {});
      services.follow(script);
      const envoy = await ReplicaEnvoy.start(place, replicas, services, { environment, certificates });
      try {
        await envoy.keysTaken(fetchingFrom(plan, (service) => (script.keysOf(service)?.status ?? 200) === 200));
        for (const replica of replicas) {
          services.follow(new ServiceScript(plan, replica.item.upstreams));
          await run(replica.item, envoy.gateway(replica));
        }
      } finally {
        await envoy.stop();
      }
    }
  } finally {
    await services.close();
    await limits?.close();
  }
}

/**
 * A collector that takes nothing is asked again and again, which cases after it in the same Envoy would count. And keys are fetched once, so cases that say
 * other things of them are in other Envoys.
 */
function batchesOf<Item extends { upstreams: Upstreams }>(
  items: readonly Item[],
  collectors: Collectors,
  keysOf: (item: Item) => string,
): Item[][] {
  const isDisturbing = ({ upstreams }: Item) =>
    [...collectors.services].some((service) => (upstreams[service]?.status ?? 200) > 299);
  const batches: Item[][] = [];
  let batch: Item[] = [];
  for (const [index, item] of items.entries()) {
    batch.push(item);
    const next = items[index + 1];
    const isAlike = next !== undefined && keysOf(next) === keysOf(item);
    if (batch.length < MOST_GATEWAYS && !isDisturbing(item) && (isAlike || next === undefined)) continue;
    batches.push(batch);
    batch = [];
  }
  return batch.length === 0 ? batches : [...batches, batch];
}

/** What an item says of keys, as a text. */
function keysIn({ upstreams }: { upstreams: Upstreams }, plan: GatewayPlan, { services }: KeyServices): string {
  if (services.size === 0) return "";
  const script = new ServiceScript(plan, upstreams);
  return JSON.stringify([...services].map((service) => script.keysOf(service) ?? {}));
}

/** Names of the policies that get keys. */
function fetchingFrom({ policies }: GatewayPlan, publishes: (service: string) => boolean): string[] {
  return policies.flatMap(({ name, fetches }) => (fetches !== undefined && publishes(fetches.service) ? [name] : []));
}
