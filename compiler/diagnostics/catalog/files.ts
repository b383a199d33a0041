import type { Section } from "./entry.js";

/** SL07xx: the files that a gateway is made of. */
export const files = {
  SL0701: {
    severity: "error",
    fix: "suggested",
    message: "there is no file `{path}`{hint}",
    help: `A path under \`include\` is relative to the file that it stands in.

    include: [limit.yaml]              # SL0701: did you mean \`limits.yaml\`?
    include: [limits.yaml]

Write the path of a file that is there. Findings that depend on what the file holds are left out until it can be read.`,
  },
  SL0702: {
    severity: "error",
    message: "`{path}` leads out of the folder of the policy file",
    help: `A policy is made of files in one folder and those below it, so that a review of the folder shows all of it. \`..\` is
fine as long as it stays inside; a link must not lead out either.

    include: [../shared/consumers.yaml]   # SL0702
    include: [shared/consumers.yaml]

Move the file into the folder, or put the policy file higher up.`,
  },
  SL0703: {
    severity: "error",
    message: "{what} cannot be included; write the path of a file, relative to this one",
    help: `What is included is a regular file beside the policy: no folder, no device, no URL, and no absolute path, which would not
hold on another machine.

    include: [policies]                   # SL0703: a folder
    include: [policies/limits.yaml, policies/access.yaml]`,
  },
  SL0704: {
    severity: "error",
    message: "`{path}` is included a second time",
    help: `A gateway is the sum of its files, and each counts once. Another path, or a link, to the same file is the same file.

Remove one of the two.`,
  },
  SL0705: {
    severity: "error",
    message: "`{path}` includes itself, by way of the files that led here",
    help: `The files would include each other without end.

    # a.yaml
    include: [b.yaml]
    # b.yaml
    include: [a.yaml]                     # SL0705

Let one file, most often the main one, include all others.`,
  },
  SL0706: {
    severity: "error",
    message: "`{path}` is left out: a gateway is made of at most {limit}",
    help: `The bound keeps a check short, whatever it is given. Put parts that belong together into one file, or split the gateway.`,
  },
  SL0707: {
    severity: "error",
    message: "an included file has `kind: Fragment`, and this one has {found}",
    help: `A file that a gateway includes is a part of it and says so. It has no name of its own; beside \`include\`
it may have \`listeners\`, \`services\`, \`consumers\`, \`policies\` and \`routes\`.

    apiVersion: sluice/v1
    kind: Fragment
    consumers:
      acme: { credentials: [{ apiKey: env:ACME_KEY }] }`,
  },
  SL0708: {
    severity: "error",
    message: "this file is a part of a gateway; check the file that includes it",
    help: `A fragment cannot be judged by itself: the services and policies that it names may stand in other files.

    sluice check policy.yaml             # with include: [consumers.yaml]
    sluice check .                       # every gateway of the folder, with its fragments`,
  },
  SL0709: {
    severity: "warning",
    message: "no gateway of this folder includes this fragment, so nothing in it has an effect",
    help: `A fragment takes part only where a gateway names it.

    include: [consumers.yaml]

Include it, or remove the file.`,
  },
  SL0710: {
    severity: "error",
    message: "`{path}` cannot be read: {reason}",
    help: `The system refuses to read the file: EACCES means that its permissions, or those of a folder above it, do not allow it, ELOOP
that links lead in a circle.`,
  },
  SL0711: {
    severity: "error",
    message: "{what} cannot be read here; write the path of a file, relative to this one",
    help: `What a policy names is a public file beside it, read when it is compiled: no folder, no device, no URL, and no absolute
path, which would not hold on another machine. A schema that a WSDL imports by a URL has to be saved beside it.

    crm-as-rest:
      soap: { wsdl: https://crm.example.com/crm?wsdl }   # SL0711
      soap: { wsdl: ./crm.wsdl }`,
  },
} as const satisfies Section<"07">;
