import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { HTTPFaultSchema } from "../../envoy/generated/envoy/extensions/filters/http/fault/v3/fault_pb.js";
import {
  FractionalPercent_DenominatorType as Denominator,
  type FractionalPercentSchema,
} from "../../envoy/generated/envoy/type/v3/percent_pb.js";
import { duration, packed } from "../../envoy/message.js";
import { FAULT_FILTERS } from "../../plan/names.js";
import { ALL_REQUESTS, FAULT_DENIED, type FaultPlan } from "../../plan/native.js";
import { headerMatcher } from "./header-matcher.js";
import { waitingFilter } from "./waiting-filter.js";

const DECISION = "decision";

/** Where Envoy leaves what is noted of a request that it aborted, for access logs. */
export const ABORTED_BY = `${FAULT_FILTERS.abort}:${DECISION}`;

/** The filters that disturb requests, which a route that asks for nothing passes by. */
export function faultFilters(plans: readonly FaultPlan[]) {
  const filter = (name: string) => waitingFilter(name, packed(HTTPFaultSchema, {}));
  return [
    ...(plans.some(({ delay }) => delay !== undefined) ? [filter(FAULT_FILTERS.delay)] : []),
    ...(plans.some(({ abort }) => abort !== undefined) ? [filter(FAULT_FILTERS.abort)] : []),
  ];
}

/**
 * What they do on one route. They are two, as Envoy notes of a request that waited what it notes of one that it aborted: the
 * first notes nothing.
 */
export function faultPolicies(policy: string, { headers, delay, abort }: FaultPlan) {
  const common = { headers: headers.map(headerMatcher) };
  const noted: JsonObject = { [DECISION]: `${policy}${FAULT_DENIED}` };
  const made: { filter: string; fault: MessageInitShape<typeof HTTPFaultSchema> }[] = [];
  if (delay !== undefined) {
    const faultDelaySecifier = { case: "fixedDelay" as const, value: duration(delay.ms) };
    const percentage = fractional(delay.share);
    made.push({ filter: FAULT_FILTERS.delay, fault: { ...common, delay: { faultDelaySecifier, percentage } } });
  }
  if (abort !== undefined) {
    const errorType = { case: "httpStatus" as const, value: abort.status };
    const percentage = fractional(abort.share);
    const fault = { ...common, abort: { errorType, percentage }, filterMetadata: noted };
    made.push({ filter: FAULT_FILTERS.abort, fault });
  }
  return made.map(({ filter, fault }) => ({ filter, configuration: packed(HTTPFaultSchema, fault) }));
}

const DENOMINATORS = [
  [Denominator.HUNDRED, 100],
  [Denominator.TEN_THOUSAND, 10_000],
  [Denominator.MILLION, ALL_REQUESTS],
] as const;

/** In the smallest of Envoy's denominators in which it is whole. */
function fractional(share: number): MessageInitShape<typeof FractionalPercentSchema> {
  const [denominator, parts] =
    DENOMINATORS.find(([, count]) => share % (ALL_REQUESTS / count) === 0) ?? DENOMINATORS[2];
  return { numerator: share / (ALL_REQUESTS / parts), denominator };
}
