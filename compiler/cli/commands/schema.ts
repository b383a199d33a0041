import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EnvironmentError, EXIT } from "../exit.js";
import { packageRoot, writeAll } from "../files.js";

/** Sorts of files that have a schema, under the names of their schemas; `module*` are configurations of modules. */
export const SCHEMAS = [
  "gateway",
  "fragment",
  "test",
  "module",
  "module-auth",
  "module-body",
  "module-rate-limit",
  "module-soap",
  "module-tracing",
] as const;
export type SchemaName = (typeof SCHEMAS)[number];

export interface SchemaOptions {
  out?: string;
}

/** `sluice schema`: the JSON Schema of a sort of file, as it ships with this package. */
export async function schemaCommand(name: SchemaName, { out }: SchemaOptions): Promise<number> {
  const schema = await schemaText(name);
  if (out === undefined) {
    process.stdout.write(schema);
    return EXIT.ok;
  }
  await writeAll(dirname(out), [{ path: basename(out), contents: schema }]);
  process.stdout.write(`wrote ${out}\n`);
  return EXIT.ok;
}

async function schemaText(name: SchemaName): Promise<string> {
  const path = join(packageRoot(), "schema", `${name}.v1.json`);
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new EnvironmentError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
