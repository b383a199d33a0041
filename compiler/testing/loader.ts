import { readdirSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { Planned } from "../pipeline.js";

/** Where the policy file of a test file comes from. Paths are from the folder of the test file. */
export interface PolicyLoader {
  /** Undefined if there is no such file. */
  check(path: string): Pick<Planned, "plan" | "files"> | undefined;
  /** Files in the folder of a path, which could be meant. */
  beside(path: string): string[];
}

/**
 * Policy files on the disk.
 *
 * @param test path of the test file
 * @param check reads and checks a policy file
 */
export function policyLoader(test: string, check: (path: string) => Planned): PolicyLoader {
  const folder = dirname(test);
  return {
    check: (path) => {
      const policy = join(folder, path);
      return statSync(policy, { throwIfNoEntry: false })?.isFile() === true ? check(policy) : undefined;
    },
    beside: (path) => {
      const around = join(folder, posix.dirname(path));
      if (statSync(around, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
      return readdirSync(around)
        .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name))
        .toSorted()
        .map((name) => posix.join(posix.dirname(path), name));
    },
  };
}
