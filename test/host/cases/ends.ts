import type { ProbeCase } from "../support/case.js";

const looks = [
  ...["property response/code", "property response/code_details", "property request/path", "property request/size"],
  ...["pairs 0", "pairs 2", "body 0 0 100", "body 1 0 100", "property own"],
]
  .flatMap((call) => [`log ${call}`, `done ${call}`])
  .join(";");

/** How streams end: before their answer, in the middle of it, by the hand of each side. */
export const endCases: Readonly<Record<string, ProbeCase>> = {
  "a client that leaves while the service works": {
    clientLeaves: "service",
    service: "never",
    script: `request-headers set-property own x;${looks}`,
  },
  "a client that leaves in the middle of its body": {
    clientLeaves: "body",
    method: "POST",
    body: "bod",
    script: `request-body return 1;${looks}`,
  },
  "a client that leaves in the middle of a body that goes on": {
    clientLeaves: "body",
    method: "POST",
    body: "bod",
    script: looks,
  },
  "an answer that breaks off": { service: { body: "u", ends: "breaks" }, script: looks },
};
