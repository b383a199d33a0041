import { z } from "zod";
import { fraction } from "./values.js";

const copy = z.strictObject({
  service: z.string().describe("Name of a service under `services`, which none of the answers come from."),
  version: z.string().optional().describe("Name of one of its versions; the `active` one if absent."),
  percent: fraction
    .prefault("100%")
    .describe(
      "Share of the requests that are copied. Of two shares of a route, the requests of the smaller one are among those of the larger one.",
    )
    .meta({ examples: ["5%", "0.1%"] }),
});

const rewriteText = z.string().min(1).max(4096);

/** What the service is asked for, where that is not what the client asked for. */
export const rewrite = z
  .strictObject({
    path: rewriteText
      .optional()
      .describe(
        "The path that the service gets; the query stays. `{id}` is what the path of the route captures, `/**` at the end what the same takes there, and where that path is an expression `\\1` is its first group.",
      )
      .meta({ examples: ["/v2/users/{id}", "/internal/**", "/\\1/orders"] }),
    host: rewriteText
      .optional()
      .describe(
        "The host that the service gets, perhaps with captures of the path; a request whose captures are no labels of a host name gets 400.",
      )
      .meta({ examples: ["orders.internal", "{tenant}.internal"] }),
  })
  .refine(({ path, host }) => path !== undefined || host !== undefined, "`path`, `host` or both say what is rewritten")
  .meta({ anyOf: [{ required: ["path"] }, { required: ["host"] }] })
  .describe("What the service is asked for. Policies see what the client asked for.");

/** What becomes of a try that takes too long. */
export const hedge = z
  .strictObject({
    onTimeout: z.literal(true).describe("A try that takes longer than `perTry` goes on beside the next one."),
  })
  .describe(
    "The first answer of several tries counts, where `retry` has `perTry`. Else a try that takes too long is given up.",
  );

export const websocket = z
  .boolean()
  .optional()
  .describe(
    "Whether a client may make a WebSocket of its connection, over HTTP/1.1. Policies judge the request that asks for it; without this it gets 403.",
  );

/** Services that get copies of the requests of a route. */
export const mirror = z
  .array(copy)
  .min(1)
  .max(16)
  .describe(
    "Services that get copies of the requests, as the service of the route gets them. Nobody waits for their answers, and nobody sees them.",
  )
  .meta({ examples: [[{ service: "orders-v2", percent: "5%" }]] });
