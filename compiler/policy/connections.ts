import { z } from "zod";
import { positiveDuration, wholeSeconds } from "./values.js";

const tcpKeepalive = z.strictObject({
  idle: wholeSeconds
    .optional()
    .describe("How long nothing may pass before the first probe; as the system has it if absent."),
  interval: wholeSeconds.optional().describe("Time between two probes; as the system has it if absent."),
  probes: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe("Probes without an answer after which the connection is closed; as the system has it if absent."),
});

/** How connections to a service are kept. How many there may be is in `circuitBreakers`. */
export const connections = z
  .strictObject({
    maxRequestsPerConnection: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe("Requests after which a connection is closed; any number if absent. With 1 each request has its own."),
    idleTimeout: positiveDuration
      .optional()
      .describe("How long a connection without a request is kept; 1h if absent. Shorter than the service keeps it."),
    tcpKeepalive: tcpKeepalive
      .optional()
      .describe("Probes that notice when the other side, or a network between, is gone; none if absent."),
  })
  .describe("How connections to the service are kept; `circuitBreakers` says how many there may be.");

export type Connections = z.output<typeof connections>;
