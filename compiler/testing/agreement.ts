import { networkInterfaces } from "node:os";
import { mayBe } from "../plan/decisions.js";
import { operationName } from "../plan/names.js";
import type { Exchange } from "./exchange.js";
import { spanFacts } from "./spans/facts.js";

/** One thing in which the two engines do not agree. */
export interface Disagreement {
  /** What is compared, such as `status` or `header retry-after`. */
  what: string;
  embedded: string;
  envoy: string;
}

/** Of one connection, of the clock or of chance. */
const OF_THE_WIRE = new Set([
  "connection",
  "date",
  "keep-alive",
  "transfer-encoding",
  "x-envoy-upstream-service-time",
  "x-request-id",
]);

/** Headers with ids of traces and spans, which are left to chance. */
const WITH_IDS = new Set(["traceparent", "b3", "x-b3-traceid", "x-b3-spanid", "uber-trace-id"]);

const NOTHING = "nothing";

/**
 * In what an answer of Envoy differs from that of the embedded host, and what reached the service with it.
 *
 * @param slow the answer of the embedded host when requests come slowly: what differs there is of the clock, and not compared
 */
export function disagreements(embedded: Exchange, slow: Exchange | undefined, envoy: Exchange): Disagreement[] {
  // Who calls may decide whether weights choose the service: the model knows it best.
  const byChance = embedded.service?.byChance === true;
  const [here, there] = [factsOf(embedded, byChance), factsOf(envoy, byChance)];
  const later = slow === undefined ? undefined : factsOf(slow, byChance);
  const names = new Set([...here.keys(), ...there.keys()]);
  return [...names].flatMap((what) => {
    const [one, other] = [here.get(what), there.get(what)];
    if (isSame(what, one, other) || (later !== undefined && later.get(what) !== one)) return [];
    return [{ what, embedded: one ?? NOTHING, envoy: other ?? NOTHING }];
  });
}

function isSame(what: string, embedded: string | undefined, envoy: string | undefined): boolean {
  if (what !== "decision" || embedded === undefined || envoy === undefined) return embedded === envoy;
  return mayBe(envoy).includes(embedded);
}

function factsOf(exchange: Exchange, byChance: boolean): Map<string, string> {
  const { status, headers, body, route, decision, shadow, asked, service, spans } = exchange;
  const facts = new Map([
    ["status", String(status)],
    ["route", route?.name ?? NOTHING],
    ["operation", route?.operation === undefined ? NOTHING : operationName(route.operation)],
    ["decision", decision ?? NOTHING],
    ["shadow", shadow ?? NOTHING],
    ...(isUnreadable(headers) ? [] : [["body", body] as const]),
  ]);
  addHeaders(facts, headers, "header");
  for (const [what, fact] of spans === undefined ? [] : spanFacts(spans)) facts.set(what, fact);
  if (asked !== undefined) {
    facts.set("asked", `${asked.name} ${asked.method} ${asked.path}`);
    addHeaders(facts, asked.headers, "header of the question");
  }
  // Which of several services gets it is left to chance, and so is what it answers.
  if (service !== undefined && byChance) return withoutAnswer(facts);
  facts.set("service", service?.name ?? NOTHING);
  if (service === undefined) return facts;
  facts.set("method at the service", service.method);
  facts.set("path at the service", service.path);
  facts.set("body at the service", service.body);
  addHeaders(facts, service.headers, "header at the service");
  return facts;
}

/** Node 20 has no zstd, so the body is not known. */
function isUnreadable(headers: Exchange["headers"]): boolean {
  return headers.some(([name, value]) => name === "content-encoding" && value === "zstd");
}

function withoutAnswer(facts: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...facts].filter(([what]) => ["route", "operation", "decision", "shadow"].includes(what)));
}

function addHeaders(facts: Map<string, string>, headers: Exchange["headers"], what: string): void {
  for (const [name, value] of headers) {
    if (OF_THE_WIRE.has(name)) continue;
    const key = `${what} ${name}`;
    const shown = name === "x-forwarded-for" ? withoutOwnAddress(value) : withoutIds(name, value);
    const before = facts.get(key);
    facts.set(key, before === undefined ? shown : `${before} | ${shown}`);
  }
}

/** A header as it is but for the ids of traces and spans in it. */
export function withoutIds(name: string, value: string): string {
  return WITH_IDS.has(name) ? value.replace(/[\da-f]{16,32}/g, "an id") : value;
}

/** For a client on its own machine Envoy puts an address of the machine at the end of the list, whichever it finds first. */
function withoutOwnAddress(list: string): string {
  const last = list.slice(list.lastIndexOf(",") + 1);
  return ownAddresses().has(last) ? `${list.slice(0, list.length - last.length)}an address of this machine` : list;
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)));
}
