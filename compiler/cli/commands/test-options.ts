/** How `sluice test` prints its results. */
export const TEST_FORMATS = ["text", "json", "junit"] as const;

/** Where it runs its cases. */
export const ENGINES = ["embedded", "envoy", "both"] as const;
