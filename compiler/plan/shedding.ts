import type { Gateway, Route, Service } from "../policy/gateway.js";
import { sheddingService } from "../policy/shedding.js";

/** When requests to a service are refused because too many of those before failed. */
export interface AdmissionPlan {
  successPercent: number;
  windowMs: number;
  maxRefusedPercent: number;
  minPerSecond?: number;
}

/** How many requests to a service may be under way, as it answers without delay. */
export interface AdaptivePlan {
  /** How long requests take while it has little to do, or how that is measured. */
  latency: { ms: number } | { everyMs: number; requests: number };
  tolerancePercent: number;
  percentile: number;
  everyMs: number;
  min: number;
  max: number;
}

export interface SheddingPlan {
  admission?: AdmissionPlan;
  adaptiveConcurrency?: AdaptivePlan;
}

export function planShedding({ admission, adaptiveConcurrency }: Service): SheddingPlan {
  return {
    ...(admission === undefined ? {} : { admission: planAdmission(admission) }),
    ...(adaptiveConcurrency === undefined ? {} : { adaptiveConcurrency: planAdaptive(adaptiveConcurrency) }),
  };
}

function planAdmission({
  success,
  window,
  maxRefused,
  minPerSecond,
}: NonNullable<Service["admission"]>): AdmissionPlan {
  return {
    successPercent: success,
    windowMs: window,
    maxRefusedPercent: maxRefused,
    ...(minPerSecond === undefined ? {} : { minPerSecond }),
  };
}

const MEASURED = { every: 60_000, requests: 50 };

function planAdaptive(limit: NonNullable<Service["adaptiveConcurrency"]>): AdaptivePlan {
  const { latency, measure = MEASURED, tolerance, percentile, every, min, max } = limit;
  return {
    latency: latency === undefined ? { everyMs: measure.every, requests: measure.requests } : { ms: latency },
    tolerancePercent: tolerance,
    percentile,
    everyMs: every,
    min,
    max,
  };
}

/** The service whose limits the requests of a route keep, in the plan of the route. */
export function planSheds(route: Route, gateway: Gateway): { sheds?: string } {
  const service = sheddingService(route, gateway);
  return service === undefined ? {} : { sheds: service };
}
