import type { KeyedGateway } from "../credentials.js";
import { listenerOf, type TestedGateway } from "../gateway.js";
import type { Upstreams } from "../suite.js";
import { ServiceScript } from "../upstream.js";
import { type EnvoyPlace, ReplicaEnvoy } from "./gateway.js";
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
  const services = await startServices(plan.services.map(({ name }) => name));
  try {
    for (let start = 0; start < items.length; start += MOST_GATEWAYS) {
      const batch = items.slice(start, start + MOST_GATEWAYS);
      const replicas = batch.flatMap((item, index) => {
        const listener = listenerOf(plan, item.listener);
        return listener === undefined ? [] : [{ item, name: `case-${start + index + 1}`, plan, listener }];
      });
      const envoy = await ReplicaEnvoy.start(place, replicas, services, environment);
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
  }
}
