import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./files.js";

/** The version of this package, such as `0.1.0`. */
export function packageVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  return typeof parsed === "object" && parsed !== null && "version" in parsed ? String(parsed.version) : "0.0.0";
}
