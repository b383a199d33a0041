import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { RunningEnvoy } from "../../../compiler/runtime/process.js";
import { until } from "./until.js";

const line = z.object({
  status: z.number(),
  method: z.string().nullable(),
  /** Envoy's route name; null where Envoy answered before it chose one. */
  route: z.string().nullable(),
  /** `policy[/rule] allowed|denied reason`; null if the guard was never entered. */
  decision: z.string().nullable(),
  consumer: z.string().nullable(),
  /** What the first policy in shadow would have denied; not logged where none is. */
  shadow: z.string().nullish(),
  /** `policy/Operation`; not logged where nothing is converted. */
  operation: z.string().nullish(),
  /** Not logged where nothing traces. */
  trace_id: z.string().nullish(),
});
export type Decision = z.infer<typeof line>;

/** The decision that a line of output tells, if it is one of an access log. */
export function decisionOf(text: string): Decision[] {
  return text.startsWith("{") ? [line.parse(JSON.parse(text))] : [];
}

/** With the id that the service sees; null where Envoy answered before it gave one. */
const lineWithId = line.extend({ request_id: z.string().nullable() });
export type IdentifiedDecision = z.infer<typeof lineWithId>;

/** The access log of a gateway, with each line at the request that it belongs to. */
export class DecisionLog {
  private readonly envoy: RunningEnvoy;
  private readonly path: string;

  constructor(envoy: RunningEnvoy, path: string) {
    this.envoy = envoy;
    this.path = path;
  }

  /** Makes one request, which must be the only one under way, and gives its line. */
  async of<R>(call: () => Promise<R>): Promise<{ reply: R; decision: Decision }> {
    const before = await this.settled();
    const reply = await call();
    const lines = await until("a line in the access log", async () => {
      const now = await this.lines();
      return now.length > before ? now : undefined;
    });
    const added = lines.slice(before);
    const [decision] = added;
    if (added.length !== 1 || decision === undefined)
      throw new Error(`${added.length} lines for one request:\n${JSON.stringify(added)}`);
    return { reply, decision };
  }

  async lines(): Promise<Decision[]> {
    return (await decisionsIn(this.path)).map(({ request_id: _, ...decision }) => decision);
  }

  /** How many lines there are, once each request so far has its own. */
  private settled(): Promise<number> {
    return until("a line for each request so far", async () => {
      const stats = await this.envoy.admin.stats("^http\\..*\\.downstream_rq_(total|active)$");
      const sum = (end: string) =>
        [...stats].reduce((all, [name, value]) => (counts(name, end) ? all + value : all), 0);
      const { length } = await this.lines();
      return length === sum("total") - sum("active") ? length : undefined;
    });
  }
}

/** The lines of an access log so far; none while there is no such file. */
export async function decisionsIn(path: string): Promise<IdentifiedDecision[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  // What stands after the last line break is not complete yet.
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .filter((one) => one !== "")
    .map((one) => lineWithId.parse(JSON.parse(one)));
}

function counts(name: string, end: string): boolean {
  return name.endsWith(`.downstream_rq_${end}`) && !/^http\.(admin|async-client)\./.test(name);
}
