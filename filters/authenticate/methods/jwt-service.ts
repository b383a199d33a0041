import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { KeySource } from "../../../compiler/plan/key-sources.js";
import type { JsonObject } from "../../../compiler/plan/plan.js";
import { authorityOf } from "../../../compiler/policy/authority.js";
import type { PolicyContext } from "../../../compiler/policy/kind.js";
import { durationText, isIpAddress } from "../../../compiler/policy/values.js";
import type { Path } from "../../../compiler/syntax/document.js";
import { removal, removeEntry, removeItem } from "../../../compiler/syntax/edits.js";
import type { Span } from "../../../compiler/syntax/source.js";
import { type Algorithm, isAlgorithm, keyTypeOf } from "./jwt-algorithms.js";
import { reportAlgorithm } from "./jwt-keys.js";
import { MAX_STALE_MS, REFRESH_MS, type WrittenKeys } from "./jwt-set-schema.js";

/** Keys that a service publishes. */
export interface PublishedKeys {
  source: KeySource;
  /** Where the service is named. */
  origin: Span;
  /** As the modules read it. */
  config: JsonObject;
}

type WrittenSet = Exclude<WrittenKeys, string>;

/** By which tokens may be signed if the policy does not say: nobody knows the keys yet. */
const USUAL: readonly Algorithm[] = ["RS256", "ES256"];
const OF_SERVICE = ["service", "path", "refresh", "maxStale"] as const;

/** Where keys are fetched; undefined after an error was reported. */
export function publishedKeys(
  { path, refresh = REFRESH_MS, maxStale = MAX_STALE_MS }: WrittenSet,
  service: string,
  place: Path,
  context: PolicyContext,
): PublishedKeys | undefined {
  const origin = context.place([...place, "service"]);
  const isWritten = context.node([...place, "path"]) !== undefined;
  if (!isWritten) context.report(diagnose("SL0550", { service }, origin));
  if (refresh >= maxStale) {
    const key = context.node([...place, "maxStale"]) === undefined ? "refresh" : "maxStale";
    const times = { refresh: durationText(refresh), maxStale: durationText(maxStale) };
    context.report(diagnose("SL0551", times, context.place([...place, key])));
  }
  warnOfOpenWays(service, origin, context);
  if (path === undefined || refresh >= maxStale) return undefined;
  const { services } = context.gateway;
  const source = { service, authority: authorityOf(service, services), path };
  const { authority } = source;
  return { source, origin, config: { cluster: service, authority, path, refreshMs: refresh, maxStaleMs: maxStale } };
}

/** Whether nothing stands beside keys that is for those of a service. */
export function reportKeysOfService(written: WrittenKeys | undefined, place: Path, context: PolicyContext): boolean {
  if (typeof written !== "object" || written.keys === undefined) return true;
  const set = context.node(place);
  const stray = OF_SERVICE.filter((key) => context.node([...place, key]) !== undefined);
  for (const key of stray) {
    const edits = set?.kind === "map" ? removeEntry(set, key) : undefined;
    const fix = removal("remove it", false, edits);
    context.report(diagnose("SL0554", { key }, context.place([...place, key], "key"), fix));
  }
  return stray.length === 0;
}

/** Those that are written, of public keys; undefined after an error was reported. */
export function algorithmsOfService(
  written: readonly string[] | undefined,
  path: Path,
  context: PolicyContext,
): readonly Algorithm[] | undefined {
  if (written === undefined) return USUAL;
  const list = context.node(path);
  const known = written.flatMap((algorithm, index) => {
    const fix = removal("remove it", false, list?.kind === "list" ? removeItem(list, index) : undefined);
    const node = context.node([...path, index]);
    if (isAlgorithm(algorithm) && keyTypeOf(algorithm) !== "oct") return [algorithm];
    if (isAlgorithm(algorithm)) context.report(diagnose("SL0552", { algorithm }, context.place([...path, index]), fix));
    else if (node !== undefined) reportAlgorithm(node, algorithm, fix, context);
    return [];
  });
  return known.length === written.length ? [...new Set(known)] : undefined;
}

/** Warns where a service is asked over networks of others, and nothing says that the answer is its own. */
function warnOfOpenWays(service: string, origin: Span, { gateway: { services }, report }: PolicyContext): void {
  const named = Object.hasOwn(services, service) ? services[service] : undefined;
  if (named === undefined || named.tls !== undefined) return;
  const known = named.versions?.[named.active ?? ""] ?? named;
  const zones = Object.values(known.zones ?? {}).flat();
  const hosts = [...(known.endpoints ?? []), ...zones, ...(known.dns === undefined ? [] : [known.dns])];
  const open = hosts.find(({ host }) => isElsewhere(host));
  if (open !== undefined) report(diagnose("SL0553", { host: open.host }, origin));
}

/** RFC 1122 section 3.2.1.3, RFC 1918, RFC 3927, RFC 6598, RFC 4193, RFC 4291. */
const OWN_ADDRESS =
  /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.|::1$|f[cd]|fe[89ab])/i;
/** RFC 6761, RFC 6762, RFC 8375, and what clusters and companies use. */
const OWN_NAME = /^[^.]+\.?$|\.(local|localhost|internal|lan|svc|test|home\.arpa)\.?$/i;

function isElsewhere(host: string): boolean {
  return isIpAddress(host) ? !OWN_ADDRESS.test(host) : !OWN_NAME.test(host);
}
