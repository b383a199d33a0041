import { byteTextOf } from "../host/byte-text.js";
import type { HeaderMap } from "../host/header-map.js";
import type { Pairs } from "../host/pairs.js";
import type { Stream } from "../host/stream.js";
import { NOT_FOR_CONVERTED, staleHeaders } from "../plan/body.js";
import type { RewritePlan } from "../plan/forwarding.js";
import { limitHeaders } from "../plan/global-limits.js";
import { DECISION_HEADER } from "../plan/names.js";
import { type HeaderEdits, headerEdits } from "../plan/native.js";
import type { ForwardAction, OperationPlan, PolicyPlan, RoutePlan } from "../plan/plan.js";
import { answerHeaders, serviceHeaders } from "../plan/results.js";
import type { RoutedRequest } from "../request/request.js";
import { rewritten } from "../request/rewrite.js";
import { writeDeadline } from "./deadline.js";

// What Envoy writes into requests and answers from what the guard left in filter state: the model of `targets/envoy/routes.ts`.

type FilterState = Stream["filterState"];

/** A request on its route, with the policies of that. */
export interface Answering {
  route: RoutePlan;
  run: readonly PolicyPlan[];
  request: Pick<RoutedRequest, "tellsDecision">;
}

/** What a route writes into its answers, and its listener: in place of what is there, and beside it. */
export function routeAnswerHeaders(
  { route: { action }, run, request }: Answering,
  state: FilterState,
): { remove: readonly string[]; set: Pairs; append: Pairs } {
  const fixed = action.type === "respond" ? Object.entries(action.headers) : [];
  const vary = run.some(({ native }) => native?.filter === "cors");
  const edits = editsOf(run, "response", state);
  const set = new Map([
    ...fixed.map(([name, value]) => [name, byteTextOf(Buffer.from(value))] as const),
    ...valuesOf(answerHeaders({ action }, run), state),
    ...edits.set,
    ...(request.tellsDecision ? valuesOf([{ name: DECISION_HEADER.name, value: DECISION_HEADER }], state) : []),
  ]);
  return {
    remove: [
      ...edits.remove,
      ...staleHeaders(run),
      ...limitHeaders(run),
      ...(request.tellsDecision ? [DECISION_HEADER.name] : []),
    ],
    set: [...set],
    append: [...(vary ? [["vary", "origin"] as const] : []), ...edits.add],
  };
}

/** What policies change, with the results that are there. */
function editsOf(run: readonly PolicyPlan[], side: "request" | "response", state: FilterState) {
  const { remove, set, add } = headerEdits(
    run.map(({ native }) => native),
    side,
  );
  return { remove, set: valuesOf(set, state), add: add.map(({ name, value }) => [name, value] as const) };
}

/** A result that is absent leaves its header out. */
function valuesOf(set: HeaderEdits["set"], state: FilterState): Pairs {
  return set.flatMap(({ name, value }): [string, string][] => {
    const found = typeof value === "string" ? value : resultOf(value.property, state);
    return found === undefined ? [] : [[name, found]];
  });
}

/** Writes what `routeAnswerHeaders` gives. */
export function writeAll(headers: HeaderMap, { remove, set, append }: ReturnType<typeof routeAnswerHeaders>): void {
  for (const name of remove) headers.remove(name);
  for (const [name, value] of set) headers.replace(name, value);
  for (const [name, value] of append) headers.add(name, value);
}

/**
 * The same in an answer of a filter. Envoy lets the route write first and the filter after it (`FilterManager::sendLocalReply`), so what the filter
 * says stays, also under names that the route takes out of answers of a service.
 */
export function writeBeforeOwn(
  headers: HeaderMap,
  { set, append }: Pick<ReturnType<typeof routeAnswerHeaders>, "set" | "append">,
): void {
  const own = headers.pairs();
  for (const [name] of own) headers.remove(name);
  for (const [name, value] of set) headers.replace(name, value);
  for (const [name, value] of [...append, ...own]) headers.add(name, value);
}

/** What Envoy writes of a request that `body.wasm` has converted: the model of the pinned entry of its operation. */
export function pinnedHeaders(
  view: ReturnType<typeof forwardedHeaders>,
  { path, headers }: OperationPlan["service"],
): ReturnType<typeof forwardedHeaders> {
  const written = Object.entries(headers).map(([name, value]) => [name, byteTextOf(Buffer.from(value))] as const);
  const gone = new Set([...NOT_FOR_CONVERTED, ...written.map(([name]) => name)]);
  const question = view.path.indexOf("?");
  return {
    method: view.method,
    path: question < 0 ? path : `${path}${view.path.slice(question)}`,
    headers: [
      ...view.headers.filter(([name]) => !gone.has(name)),
      ...written,
      ["x-envoy-original-path", view.path] as const,
    ],
  };
}

/** Methods of requests without a body into which Envoy's codec does not write `content-length: 0` (seen on 1.40). */
const WITHOUT_LENGTH: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "TRACE"]);

/** What decides how long the service is told that it may take, and what it is asked for. */
interface ForwardedSize {
  timeoutMs: number;
  calls: ForwardAction["calls"];
  hasBody: boolean;
  rewrite: RewritePlan | undefined;
}

/** The request as it goes to a service. */
export function forwardedHeaders(
  stream: Stream,
  run: readonly PolicyPlan[],
  { timeoutMs, calls, hasBody, rewrite }: ForwardedSize,
): { method: string; path: string; headers: Pairs } {
  const { headers } = stream.request;
  if (headers === undefined) throw new RangeError("the request did not go on");
  const edits = editsOf(run, "request", stream.filterState);
  for (const name of [...run.flatMap((policy) => policy.removeRequestHeaders), ...edits.remove]) headers.remove(name);
  const told = valuesOf(serviceHeaders(run), stream.filterState);
  for (const [name, value] of [...told, ...edits.set]) headers.replace(name, value);
  for (const [name, value] of edits.add) headers.add(name, value);
  rewriteTarget(headers, rewrite);
  if (timeoutMs > 0) headers.replace("x-envoy-expected-rq-timeout-ms", String(timeoutMs));
  writeDeadline(headers, calls);
  const method = headers.get(":method") ?? "";
  const saysLength = hasBody || headers.get("content-length") !== undefined;
  if (!saysLength && !WITHOUT_LENGTH.has(method)) headers.replace("content-length", "0");
  const pairs = headers.pairs().filter(([name]) => !name.startsWith(":"));
  return {
    method,
    path: headers.get(":path") ?? "",
    headers: [["host", headers.get(":authority") ?? ""], ...pairs],
  };
}

/** Envoy tells the service what the client asked for, where it is asked for something else. */
function rewriteTarget(headers: HeaderMap, rewrite: RewritePlan | undefined): void {
  const before = headers.get(":path") ?? "";
  const { path, host } = rewritten(rewrite, before);
  if (path !== undefined) {
    headers.replace(":path", path);
    headers.replace("x-envoy-original-path", before);
  }
  if (host !== undefined) {
    const asked = headers.get(":authority") ?? "";
    if (asked !== "") headers.replace("x-envoy-original-host", asked);
    headers.replace(":authority", host);
  }
}

/** What the guard left under a name. */
export function resultOf(property: string, state: FilterState): string | undefined {
  const value = state.get(`sluice.${property}`);
  return value === undefined ? undefined : byteTextOf(value);
}
