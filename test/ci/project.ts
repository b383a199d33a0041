import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../compiler/cli/files.js";
import { runCommand } from "../../compiler/runtime/command.js";

/** A repository of somebody who has policies, in which sluice is installed as npm does it. */
export interface Project {
  at(...parts: string[]): string;
  change(path: string, from: string, to: string): void;
  /** Its compilation in `build`. */
  compile(): Promise<void>;
  clear(): void;
}

const MAIN = join(packageRoot(), "dist/compiler/cli/main.js");

export function project({ installed = true } = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), "sluice-ci-"));
  const at = (...parts: string[]) => join(folder, ...parts);
  for (const name of ["policy.yaml", "policy.test.yaml"])
    cpSync(join(packageRoot(), "examples/quickstart", name), at(name));
  writeFileSync(at("package.json"), '{ "private": true }\n');
  // What other tools read stands beside the policy, and is none.
  cpSync(join(packageRoot(), "ci/gitlab-ci.yaml"), at(".gitlab-ci.yml"));
  cpSync(join(packageRoot(), "ci/pre-commit-config.yaml"), at(".pre-commit-config.yaml"));
  writeFileSync(at("docker-compose.yaml"), "services: { orders: { image: orders } }\n");
  if (installed) {
    mkdirSync(at("node_modules/.bin"), { recursive: true });
    symlinkSync(MAIN, at("node_modules/.bin/sluice"));
  }
  return {
    at,
    change: (path, from, to) => {
      const text = readFileSync(at(path), "utf8");
      if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
      writeFileSync(at(path), text.replace(from, to));
    },
    async compile() {
      const result = await runCommand(process.execPath, [MAIN, "compile", "policy.yaml", "--out", "build"], {
        cwd: folder,
        timeoutMs: 50_000,
      });
      if (result.kind !== "ended" || result.code !== 0) throw new Error(JSON.stringify(result));
    },
    clear: () => rmSync(folder, { recursive: true }),
  };
}

/** A policy that lets everybody write: its tests fail, and it has no finding. */
export const WEAKER = ["allow: 'auth.tier == \"gold\"'", 'allow: \'auth.tier in ["gold", "free"]\''] as const;
/** A policy with an error. */
export const MISSPELT = ["apply: [finance-only]", "apply: [finance-onyl]"] as const;
