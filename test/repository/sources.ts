import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../compiler/cli/files.js";
import { sourceFiles } from "../support/cases.js";
import { type Token, tokensOf } from "./tokens.js";

/** A code file of the project. */
export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly tokens: readonly Token[];
}

export function sourceOf(path: string, text: string): Source {
  try {
    return { path, text, tokens: tokensOf(text) };
  } catch (error) {
    throw new Error(`${path} ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Every TypeScript, AssemblyScript and script file that a person wrote, sorted by path. */
export function allSources(): Source[] {
  const root = packageRoot();
  return sourceFiles(/\.(ts|mjs)$/)
    .filter((path) => !path.includes("/generated/"))
    .map((path) => sourceOf(path, readFileSync(join(root, path), "utf8")));
}

/** Tests, and what only tests use. */
export function isTest({ path }: Source): boolean {
  return path.endsWith(".test.ts") || path.startsWith("test/");
}

/** Compiled by `asc`, not by `tsc`. */
export function isAssembly({ path }: Source): boolean {
  return /^filters\/((lib|modules|proxy-wasm)\/|[^/]+\/assembly\/)/.test(path) && !path.endsWith(".test.ts");
}

/** A finding as it is shown: it can be clicked in most terminals. */
export function at(source: Source, line: number, message: string): string {
  return `${source.path}:${line}: ${message}`;
}
