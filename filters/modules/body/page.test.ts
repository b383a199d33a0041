import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../../../compiler/cli/files.js";

it("the page names every reason for which the module refuses, and no other", () => {
  const read = (path: string) => readFileSync(join(packageRoot(), "filters/modules", path), "utf8");
  const reasons = [...read("refusals.ts").matchAll(/return "([a-z-]+)";/g)].map(([, reason]) => reason);
  const rows = [...read("body/README.md").matchAll(/^\| (`.*`) \| [0-9, ]+ \|/gm)].map(([, cell = ""]) => cell);
  const named = rows.flatMap((cell) => [...cell.matchAll(/`([a-z-]+)`/g)].map(([, reason]) => reason));
  expect(reasons.length).toBeGreaterThan(20);
  expect(named.toSorted()).toEqual(reasons.toSorted());
});
