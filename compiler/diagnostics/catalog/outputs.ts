import type { Section } from "./entry.js";

/** SL10xx: what `sluice compile --check` finds in the folder that was compiled into. */
export const outputs = {
  SL1001: {
    severity: "error",
    message: "this file is missing: {reason}; run `{command}`",
    help: `\`sluice compile\` would write the file, and it is not there. Either nothing was compiled into this folder yet, or the file was removed,
or the policy of today needs one more than that of the last compilation.

    sluice compile policy.yaml --out build
    sluice compile policy.yaml --out build --check     # nothing to say

Compile again, and commit or deploy what it writes.`,
  },
  SL1002: {
    severity: "error",
    message: "this is not what the policy gives today: {reason}; run `{command}`",
    help: `The file is as \`sluice compile\` has written it, and would be written otherwise now: the policy has changed, or one of the files that it
includes, or the version of sluice, or an option of the command. \`sluice.lock.json\` in the same folder knows what it was compiled
from, so the reason is told. The place is the first line that differs.

    sluice compile policy.yaml --out build             # build/envoy.yaml
    vi policy.yaml
    sluice compile policy.yaml --out build --check     # SL1002: policy.yaml has changed

Compile again, and read the difference before it is deployed.`,
  },
  SL1003: {
    severity: "error",
    message: "this file was changed after it was compiled: {reason}; run `{command}`",
    help: `The file is neither what the compiler would write nor what it has written, by the digest in \`sluice.lock.json\`. Somebody has edited it, or
something has damaged it. The next compilation would take the change away.

    sed -i 's/timeout: 2s/timeout: 20s/' build/envoy.yaml
    sluice compile policy.yaml --out build --check     # SL1003

Make the change in the policy, and compile again. If a module is meant, find out who has changed it before you do.`,
  },
  SL1004: {
    severity: "error",
    message: "this file is not from this compilation: {reason}; {fix}",
    help: `Everything that Envoy may load from the folder should come from the policy. Told are modules that nobody has compiled, and files
of an earlier compilation that this one does not write.

    cp old/guard.wasm build/modules/other.wasm
    sluice compile policy.yaml --out build --check     # SL1004

Remove the file. \`sluice compile\` removes what an earlier compilation wrote, if it is unchanged; it never removes anything else.`,
  },
  SL1005: {
    severity: "error",
    message: "this is no lock file that can be read: {reason}; run `{command}`",
    help: `\`sluice.lock.json\` says what was compiled from what. It was damaged, or another version of sluice has written it. Without it, nothing is known
of how the files of the folder came about.

Compile again.`,
  },
} as const satisfies Section<"10">;
