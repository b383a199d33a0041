import type { JsonObject } from "@bufbuild/protobuf";

/** A bootstrap, and whether it may run. Judged by `verify`, and by Envoy itself. */
export interface VerifyCase {
  name: string;
  /** A `Bootstrap` in its JSON form. */
  config: JsonObject;
  /** The one violation: the end of its path, and a part of its message. Without it the bootstrap is good. */
  violation?: readonly [path: string, message: string];
  /** A part of what Envoy says when it refuses the bootstrap. */
  envoy?: string;
  /** Why we refuse what Envoy takes. */
  stricter?: string;
}
