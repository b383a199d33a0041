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
  /** The other files of the case, which the policy can include, by path from its folder. */
  files: Readonly<Record<string, string>>;
}

/** Files of the source tree whose path (from the root, with `/`) matches, sorted. */
export function sourceFiles(pattern: RegExp): string[] {
  const root = packageRoot();
  return ["ci", "compiler", "filters", "examples", "test", "scripts"]
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
  const paths = sourceFiles(
    /^(compiler|filters)\/[^/]+\/cases\/[^/]+\/.*(?:(?<=[^/])\.(?:html|yaml|wsdl|xsd)|(?<=[/.])jwks\.json)$/,
  );
  const policies = paths.filter((path) => /\/cases\/[^/]+\/policy\.yaml$/.test(path));
  return policies.map((path) => {
    const folder = dirname(path);
    const others = paths.filter((other) => other.startsWith(`${folder}/`) && other !== path);
    return {
      folder,
      rejects: basename(folder).startsWith("rejects-"),
      warns: basename(folder).startsWith("warns-"),
      policyPath: join(root, path),
      policy: readFileSync(join(root, path), "utf8"),
      files: Object.fromEntries(
        others.map((other) => [other.slice(folder.length + 1), readFileSync(join(root, other), "utf8")]),
      ),
    };
  });
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
