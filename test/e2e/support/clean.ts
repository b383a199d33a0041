import { afterEach } from "vitest";

/** What ends with the test, the last first. */
export const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of clean.splice(0).toReversed()) await one();
});
