import { startEnvoy } from "../../../dist/compiler/runtime/process.js";
import { measureSet } from "../measure.mjs";
import { pin } from "../processes.mjs";
import { reliableRounds } from "../statistics.mjs";
import { environment, requestsOf } from "./workload.mjs";

/**
 * Rounds of all listeners of a bootstrap with one set of tokens.
 *
 * @param {(ports: Record<string, number>) => Promise<void>} [check] before anything is measured
 */
export async function measureRounds(configText, set, { envoy, workDir, upstream, options }, check = async () => {}) {
  const proxy = await startEnvoy({ envoy, workDir, configText, concurrency: 1, env: environment });
  try {
    pin(proxy.pid, { measured: true });
    const ports = Object.fromEntries((await proxy.listeners()).map(({ name, port }) => [name, port]));
    await check(ports);
    const requests = requestsOf(set);
    const plan = {
      names: Object.keys(ports),
      requests: () => requests,
      processes: { upstream: upstream.pid },
      waits: true,
    };
    const measured = await measureSet({ pid: proxy.pid, ports }, { ...plan, ...options });
    return { measured, rounds: reliableRounds(measured.rounds, "bare", options.rounds) };
  } finally {
    await proxy.stop();
  }
}
