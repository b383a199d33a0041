import { SourceFile } from "../../compiler/syntax/source.js";
import type { ServiceModel } from "../../filters/soap/model.js";

/** A model as JSON for goldens: places as `file:line:column`, maps as objects. */
export function printedModel(model: ServiceModel): string {
  const plain = (_: string, value: unknown) => {
    if (value instanceof Map) return Object.fromEntries(value);
    if (typeof value !== "object" || value === null || !("source" in value) || !("start" in value)) return value;
    const { source, start } = value;
    if (!(source instanceof SourceFile) || typeof start !== "number") return value;
    const { line, column } = source.position(start);
    return `${source.path}:${line}:${column}`;
  };
  return `${JSON.stringify(model, plain, 2)}\n`;
}
