import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect } from "vitest";

/** True while `npm run golden:update` writes the expectations anew. */
export const UPDATING = process.env.UPDATE_GOLDEN === "1";

/** Expects a text to be what a golden file holds, or writes it there while updating. */
export function expectGolden(path: string, actual: string): void {
  if (UPDATING) {
    writeFileSync(path, actual);
    return;
  }
  expect(existsSync(path), `${path} is missing; npm run golden:update writes it`).toBe(true);
  expect(actual, `differs from ${path}; npm run golden:update writes it anew`).toBe(readFileSync(path, "utf8"));
}
