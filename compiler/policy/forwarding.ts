import { z } from "zod";
import { fraction } from "./values.js";

const copy = z.strictObject({
  service: z.string().describe("Name of a service under `services`, which none of the answers come from."),
  percent: fraction
    .prefault("100%")
    .describe("Share of the requests that are copied.")
    .meta({ examples: ["5%", "0.1%"] }),
});

/** Services that get copies of the requests of a route. */
export const mirror = z
  .array(copy)
  .min(1)
  .max(16)
  .describe(
    "Services that get copies of the requests, as the service of the route gets them. Nobody waits for their answers, and nobody sees them.",
  )
  .meta({ examples: [[{ service: "orders-v2", percent: "5%" }]] });
