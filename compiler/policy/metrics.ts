import { z } from "zod";

/** Each is a series of Prometheus for each outcome. */
export const MOST_COUNTED = 1_000;

/** Whom and what requests are counted by, beside policies. */
export const metrics = z
  .strictObject({
    consumers: z
      .int()
      .min(1)
      .max(MOST_COUNTED)
      .optional()
      .describe(
        "Counts the requests of each consumer, as `sluice_consumers{consumer,outcome}`: of the first so many consumers of the file by their names, of all others together as `_other`. Nobody is counted by name if absent.",
      )
      .meta({ examples: [100] }),
    routes: z
      .boolean()
      .default(false)
      .describe(
        "Has Envoy count what services answer, and how long they take, for each route: `envoy_vhost_route_upstream_rq{envoy_route}`. It needs memory for each of them.",
      ),
  })
  .optional()
  .describe("What Prometheus is told beside the decisions of policies.");
