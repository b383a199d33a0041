/** The one Envoy that is compiled for, run and tested with; the types in `generated/` describe its API. */
export const ENVOY_VERSION = "1.40.0";

/** The releases whose configuration is the same. */
export const ENVOY_LINE = "1.40";
