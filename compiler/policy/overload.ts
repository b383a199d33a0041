import { z } from "zod";

const BYTES = { Mi: 1_048_576, Gi: 1_073_741_824 } as const;

/** An Envoy with a policy and nothing to do has some tens of them. */
const LEAST_HEAP = 64 * BYTES.Mi;

/** Much of it, so in larger units than other sizes. */
const heap = z
  .string()
  .regex(/^[1-9][0-9]{0,5}(Mi|Gi)$/, "a whole number with a unit: 512Mi, 2Gi")
  .transform((text) => Number.parseInt(text, 10) * BYTES[text.endsWith("Gi") ? "Gi" : "Mi"])
  .refine((bytes) => bytes >= LEAST_HEAP, "at least 64Mi: with less, Envoy would refuse every request from the start");

/** What a gateway has room for. */
export const overload = z
  .strictObject({
    connections: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe("Connections of clients, of all listeners together; more are closed at once. 50000 if absent."),
    heap: heap
      .optional()
      .describe(
        "Memory that Envoy takes from the system, without that of its WebAssembly modules. From 90% on it gives back what it can, from 95% on every request gets 503. No limit if absent.",
      )
      .meta({ examples: ["512Mi", "2Gi"] }),
  })
  .optional()
  .describe("What the gateway has room for; `sluice run` reads it once, when it starts.");
