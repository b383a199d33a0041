import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import type { RunningEnvoy } from "../../compiler/runtime/process.js";
import { type Bench, openBench } from "./lone-module.js";
import { type ZipkinSpan, zipkinSpans } from "./tracing.js";
import { startUpstream, type Upstream } from "./upstream.js";

/** Of the collector, in the file that the page of the module shows. */
const COLLECTOR_PORT = 9411;

/** tracing.wasm in Envoys of a test, and the collector that its spans come to. */
export interface LoneTracing {
  bench: Bench;
  collector: Upstream;
  /** The configuration that the page of the module shows. */
  alone: string;
  serve(configText: string, concurrency?: number): ReturnType<Bench["serve"]>;
  /** Spans that came so far. */
  spans(): ZipkinSpan[];
  /** Waits until so many came. */
  arrived(count: number): Promise<ZipkinSpan[]>;
  /** Ends all Envoys, and forgets what came. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

export async function openLoneTracing(): Promise<LoneTracing> {
  const collector = await startUpstream({ status: 202 });
  const bench = await openBench(["tracing.wasm"], {}, { [COLLECTOR_PORT]: collector.port });
  const alone = await readFile(join(packageRoot(), "filters", "modules", "tracing", "envoy.yaml"), "utf8");
  let running: RunningEnvoy[] = [];
  const spans = () => collector.received.flatMap(({ body }) => zipkinSpans.parse(JSON.parse(body.toString("utf8"))));
  return {
    bench,
    collector,
    alone,
    async serve(configText, concurrency) {
      const served = await bench.serve(configText, concurrency);
      running.push(served.envoy);
      return served;
    },
    spans,
    async arrived(count) {
      await vi.waitFor(() => expect(spans().length).toBeGreaterThanOrEqual(count), { timeout: 20_000, interval: 50 });
      return spans();
    },
    async renew() {
      for (const envoy of running) await envoy.stop();
      running = [];
      bench.upstream.clear();
      bench.upstream.reply({});
      collector.clear();
      collector.reply({ status: 202 });
    },
    async close() {
      await bench.close();
      await collector.close();
    },
  };
}
