import type { Section } from "./entry.js";

/** SL033x and SL034x: what routes do with requests beside choosing a service. */
export const routing = {
  SL0331: {
    severity: "warning",
    fix: "suggested",
    message: "`{service}` gets requests of this route twice: it is its service, and gets copies",
    help: `A copy is a request as any other: what it orders is ordered twice. Copies are for a service that nobody waits for, such as a new
version.

    - { name: a, match: { path: /a }, to: orders, mirror: [{ service: orders }] }             # SL0331
    - { name: b, match: { path: /b }, to: orders, mirror: [{ service: orders-v2, percent: 5% }] }`,
  },
  SL0332: {
    severity: "warning",
    fix: "suggested",
    message: "`{service}` gets two copies of a request",
    help: `Each entry of \`mirror\` is a copy of its own, by chances of their own. Name another service, or one share for both.

    - { name: a, match: { path: /a }, to: orders, mirror: [{ service: v2 }, { service: v2 }] }   # SL0332`,
  },
} as const satisfies Section<"03">;
