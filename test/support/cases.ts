import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { packageRoot } from "../../compiler/cli/files.js";

export interface Case {
  /** `filters/authorize/cases/rules-in-order` */
  folder: string;
  /** True if the policy must be refused. */
  rejects: boolean;
  /** True if it is accepted with warnings. */
  warns: boolean;
  policyPath: string;
  policy: string;
}

/** Files of the source tree whose path (from the root, with `/`) matches, sorted. */
export function sourceFiles(pattern: RegExp): string[] {
  const root = packageRoot();
  return ["compiler", "filters", "examples", "test", "scripts"]
    .flatMap((top) =>
      readdirSync(join(root, top), { recursive: true, encoding: "utf8" }).map(
        (path) => `${top}/${path.replaceAll("\\", "/")}`,
      ),
    )
    .filter((path) => pattern.test(path))
    .toSorted();
}

/** Every case folder of the project, sorted. */
export function allCases(): Case[] {
  const root = packageRoot();
  return sourceFiles(/^(compiler|filters)\/[^/]+\/cases\/[^/]+\/policy\.yaml$/).map((path) => ({
    folder: dirname(path),
    rejects: basename(dirname(path)).startsWith("rejects-"),
    warns: basename(dirname(path)).startsWith("warns-"),
    policyPath: join(root, path),
    policy: readFileSync(join(root, path), "utf8"),
  }));
}

/** Policies of the examples, by folder name. */
export function allExamples(): { name: string; folder: string; policyPath: string }[] {
  const root = packageRoot();
  return sourceFiles(/^examples\/[^/]+\/policy\.yaml$/).map((path) => ({
    name: basename(dirname(path)),
    folder: join(root, dirname(path)),
    policyPath: join(root, path),
  }));
}
