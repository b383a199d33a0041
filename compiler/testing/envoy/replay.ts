import { countingServices } from "../../plan/global-limits.js";
import type { KeyedGateway } from "../credentials.js";
import { listenerOf, type TestedGateway } from "../gateway.js";
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
  const certificates = await TestCertificates.for(plan);
  const counting = countingServices(plan.policies);
  const limits = counting.length === 0 ? undefined : await startLimitService([plan]);
  const services = await startServices(
    plan.services.flatMap(({ name }) => (counting.includes(name) ? [] : [name])),
    collectors,
    Object.fromEntries(limits === undefined ? [] : counting.map((name) => [name, limits.port])),
  );
  try {
    for (const batch of batchesOf(items, collectors)) {
      const replicas = batch.flatMap((item, index) => {
        const listener = listenerOf(plan, item.listener);
        return listener === undefined ? [] : [{ item, name: `case-${index + 1}`, plan, listener }];
      });
      const envoy = await ReplicaEnvoy.start(place, replicas, services, { environment, certificates });
      try {
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

/** A collector that takes nothing is asked again and again, which cases after it in the same Envoy would count. */
function batchesOf<Item extends { upstreams: Upstreams }>(items: readonly Item[], collectors: Collectors): Item[][] {
  const isDisturbing = ({ upstreams }: Item) =>
    [...collectors.services].some((service) => (upstreams[service]?.status ?? 200) > 299);
  const batches: Item[][] = [];
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < MOST_GATEWAYS && !isDisturbing(item)) continue;
    batches.push(batch);
    batch = [];
  }
  return batch.length === 0 ? batches : [...batches, batch];
}
