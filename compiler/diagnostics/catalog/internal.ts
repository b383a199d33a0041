import type { Section } from "./entry.js";

/** SL09xx: what is wrong with what is emitted. SL0901 is a bug of Sluice; of the others a target has no way to say what the file says. */
export const internal = {
  SL0901: {
    severity: "error",
    message:
      "Sluice emitted a configuration that Envoy would refuse ({path}: {reason}); this is a bug of Sluice, please report it",
    help: `The policy is not to blame. The compiler checks its own output against Envoy's rules before it writes anything; please report
the policy file with this message.`,
  },
  SL0902: {
    severity: "error",
    message: "{target} cannot do what {subject} asks for ({feature}): {reason}",
    help: `Nothing that a policy says is left out in silence: where a target has no way to say it, and nothing can stand in for it, it is refused.

\`sluice compile policy.yaml --report markdown\` prints what every target does with every part of a policy: by something of its own (native), by a
module (wasm), by something in its place (polyfill), or not at all.

Fix: leave it out, say it in another way that the reason names, or compile for a target that can do it.`,
  },
  SL0903: {
    severity: "error",
    message: "nothing says where {target} fetches the modules",
    help: `A cluster fetches modules from a registry or a server. Say where, in the file or with \`--modules\`; the names of the modules are appended:

\`\`\`text
targets:
  istio: { modules: oci://registry.example.com/sluice }
\`\`\`

\`\`\`text
sluice compile policy.yaml --target istio --modules oci://registry.example.com/sluice
\`\`\``,
  },
} as const satisfies Section<"09">;
