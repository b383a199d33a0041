import type { PolicyKind } from "../compiler/policy/kind.js";
import { authenticate } from "./authenticate/kind.js";
import { authorize } from "./authorize/kind.js";
import { cors } from "./cors/kind.js";
import { rateLimit } from "./rate-limit/kind.js";

/** Every policy kind, sorted by name. A new kind is one folder and one line here. */
export const kinds: readonly PolicyKind[] = [authenticate, authorize, cors, rateLimit];
