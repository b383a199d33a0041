import type { PolicyKind } from "../compiler/policy/kind.js";
import { authenticate } from "./authenticate/kind.js";
import { authorize } from "./authorize/kind.js";
import { bodyLimit } from "./body-limit/kind.js";
import { compress } from "./compress/kind.js";
import { cors } from "./cors/kind.js";
import { externalAuth } from "./external-auth/kind.js";
import { fault } from "./fault/kind.js";
import { headers } from "./headers/kind.js";
import { ipAccess } from "./ip-access/kind.js";
import { rateLimit } from "./rate-limit/kind.js";
import { soap } from "./soap/kind.js";
import { tracing } from "./tracing/kind.js";

/** Every policy kind, sorted by name. A new kind is one folder and one line here. */
export const kinds: readonly PolicyKind[] = [
  authenticate,
  authorize,
  bodyLimit,
  compress,
  cors,
  externalAuth,
  fault,
  headers,
  ipAccess,
  rateLimit,
  soap,
  tracing,
];

/** The modules, and the kinds that each of them carries out. */
export const modules: Readonly<
  Record<"guard" | "auth" | "rate-limit" | "tracing" | "body" | "soap", readonly PolicyKind[]>
> = {
  guard: [authenticate, authorize, rateLimit, tracing],
  auth: [authenticate, authorize],
  "rate-limit": [rateLimit],
  tracing: [tracing],
  body: [authenticate, soap],
  soap: [soap],
};
