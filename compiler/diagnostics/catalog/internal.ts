import type { Section } from "./entry.js";

/** SL09xx: what is wrong in the configuration that we emit ourselves; each of them is a bug of Sluice. */
export const internal = {
  SL0901: {
    severity: "error",
    message:
      "Sluice emitted a configuration that Envoy would refuse ({path}: {reason}); this is a bug of Sluice, please report it",
    help: `The policy is not to blame. The compiler checks its own output against Envoy's rules before it writes anything; please report
the policy file with this message.`,
  },
} as const satisfies Section<"09">;
