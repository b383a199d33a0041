import { differences, liveGraph } from "../../graph/live.js";
import { serviceGraph } from "../../graph/model.js";
import { type GraphFormat, graphText, liveText } from "../../graph/print.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { EXIT, UsageError } from "../exit.js";
import { checkFile } from "../files.js";
import { printFindings } from "../print.js";
import { isZipkinServer, spansFrom } from "../trace-store.js";

export interface GraphOptions {
  policy: string;
  format: GraphFormat;
  /** Where spans are had from; without, the graph is that of the policy. */
  traces?: string;
  /** Milliseconds. */
  lookback?: number;
  /** Most traces. */
  limit?: number;
}

const LOOKBACK_MS = 3_600_000;
const LIMIT = 1_000;

/** `sluice graph`: which listener leads to which service, by which routes and past which policies; or who really asked whom. */
export async function graphCommand(options: GraphOptions): Promise<number> {
  const { policy, format, traces, lookback, limit } = options;
  if ((lookback !== undefined || limit !== undefined) && (traces === undefined || !isZipkinServer(traces)))
    throw new UsageError(
      "--lookback and --limit are for --traces with the URL of a Zipkin server, such as http://zipkin:9411/",
    );
  const { plan, diagnostics } = checkFile(policy);
  if (plan === undefined) {
    printFindings(diagnostics, "text");
    return EXIT.findings;
  }
  process.stdout.write(
    traces === undefined ? graphText(serviceGraph(plan), format) : await textOfTraces(plan, traces, options),
  );
  return EXIT.ok;
}

/** What differs from the policy is told on standard error, so that the graph stays one. */
async function textOfTraces(plan: GatewayPlan, source: string, options: GraphOptions): Promise<string> {
  const { format, lookback = LOOKBACK_MS, limit = LIMIT } = options;
  const graph = liveGraph(plan, await spansFrom(source, { lookbackMs: lookback, limit }));
  const cut =
    isZipkinServer(source) && graph.traces >= limit ? [`there may be more traces than the ${limit} of --limit`] : [];
  for (const line of [...cut, ...differences(graph)]) process.stderr.write(`sluice: ${line}\n`);
  return liveText(graph, format);
}
