import { limitHeaders } from "../../plan/global-limits.js";
import { DECISION_HEADER } from "../../plan/names.js";
import { type HeaderEdits, headerEdits } from "../../plan/native.js";
import type { HostPlan, JsonObject, RoutePlan } from "../../plan/plan.js";
import { answerHeaders, serviceHeaders } from "../../plan/results.js";
import { formatOf, literal } from "../envoy/formats.js";
import { present } from "../kubernetes/resource.js";
import { believesHops, type Cluster } from "./context.js";

/** What the service is told of the caller, and what of the request it does not see. */
function requestHeaders(cluster: Cluster, entry: RoutePlan): Modifier {
  if (entry.action.type !== "forward") return { set: [], add: [], remove: [] };
  const run = cluster.runOf(entry);
  const edits = headerEdits(
    run.map(({ native }) => native),
    "request",
  );
  return {
    set: [...addressOf(cluster), ...setIn(serviceHeaders(run)), ...setIn(edits.set)],
    add: addedIn(edits),
    remove: [...new Set([...run.flatMap((policy) => policy.removeRequestHeaders), ...edits.remove])].toSorted(),
  };
}

/** Envoy itself tells the service where the request is from, but not where Envoy Gateway has it believe proxies in front. */
function addressOf({ plan }: Cluster): { name: string; value: string }[] {
  return believesHops(plan)
    ? [{ name: "x-envoy-external-address", value: "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" }]
    : [];
}

/** What clients are told. */
function responseHeaders(cluster: Cluster, host: HostPlan, entry: RoutePlan): Modifier {
  const run = cluster.runOf(entry);
  const edits = headerEdits(
    run.map(({ native }) => native),
    "response",
  );
  const decision = cluster.tellsDecision(host) ? [{ name: DECISION_HEADER.name, value: DECISION_HEADER }] : [];
  const varies = run.some(({ native }) => native?.filter === "cors");
  return {
    set: [
      ...fixedHeaders(entry).map(([name, value]) => ({ name, value: literal(value) })),
      ...setIn(answerHeaders(entry, run)),
      ...setIn(edits.set),
      ...setIn(decision),
    ],
    add: [...(varies ? [{ name: "vary", value: "origin" }] : []), ...addedIn(edits)],
    remove: [...new Set([...edits.remove, ...limitHeaders(run), ...decision.map(({ name }) => name)])].toSorted(),
  };
}

function fixedHeaders({ action }: RoutePlan): [string, string][] {
  return action.type === "respond" ? Object.entries(action.headers) : [];
}

interface Modifier {
  set: { name: string; value: string }[];
  add: { name: string; value: string }[];
  remove: string[];
}

function modifier(kind: "requestHeaderModifier" | "responseHeaderModifier", { set, add, remove }: Modifier) {
  const made = present({
    set: set.length === 0 ? undefined : set,
    add: add.length === 0 ? undefined : add,
    remove: remove.length === 0 ? undefined : remove,
  });
  const type = kind === "requestHeaderModifier" ? "RequestHeaderModifier" : "ResponseHeaderModifier";
  return Object.keys(made).length === 0 ? [] : [{ type, [kind]: made }];
}

/** Envoy Gateway hands values over as they are, so Envoy puts the results of the guard there. */
function setIn(headers: HeaderEdits["set"]): { name: string; value: string }[] {
  return headers.map(({ name, value }) => ({ name, value: formatOf(value) }));
}

function addedIn({ add }: HeaderEdits): { name: string; value: string }[] {
  return add.map(({ name, value }) => ({ name, value: literal(value) }));
}

/** The filters of a rule that change headers. */
export function headerFilters(cluster: Cluster, host: HostPlan, entry: RoutePlan): JsonObject[] {
  return [
    ...modifier("requestHeaderModifier", requestHeaders(cluster, entry)),
    ...modifier("responseHeaderModifier", responseHeaders(cluster, host, entry)),
  ];
}

/** The most headers that one filter sets, adds or removes. */
const MOST_HEADERS = 16;

/** What Envoy Gateway takes for a value. */
const VALUE = /^[!-~]+([\t ]?[!-~]+)*$/;

/** Why the headers of an entry cannot be had; undefined if they can. */
export function whyNotHeaders(cluster: Cluster, host: HostPlan, entry: RoutePlan): string | undefined {
  for (const { set, add, remove } of [requestHeaders(cluster, entry), responseHeaders(cluster, host, entry)]) {
    const most = Math.max(set.length, add.length, remove.length);
    if (most > MOST_HEADERS) return `a filter changes ${MOST_HEADERS} headers at most, and this one ${most}`;
    const names = [...set, ...add].map(({ name }) => name.toLowerCase());
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) return `\`${twice}\` is written twice, and a filter writes each header once`;
    const odd = [...set, ...add].find(({ value }) => !VALUE.test(value));
    if (odd !== undefined) return `what \`${odd.name}\` is set to is no value to Envoy Gateway`;
  }
  return undefined;
}
