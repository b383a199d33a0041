import { bodyCases } from "./cases/bodies.js";
import { calloutCases } from "./cases/callouts.js";
import { endCases } from "./cases/ends.js";
import { foreignCases } from "./cases/foreign.js";
import { headerCases } from "./cases/headers.js";
import { hostCases } from "./cases/host.js";
import { propertyCases } from "./cases/properties.js";
import { replyCases } from "./cases/replies.js";
import type { ProbeCase } from "./support/case.js";

/** Requests that the suite sends through the embedded host and through a real Envoy. By name; in this order. */
export const cases: Readonly<Record<string, ProbeCase>> = {
  ...headerCases,
  ...propertyCases,
  ...replyCases,
  ...hostCases,
  ...bodyCases,
  ...calloutCases,
  ...foreignCases,
  ...endCases,
};
