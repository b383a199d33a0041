import { z } from "zod";
import type { Path } from "../syntax/document.js";

/** The keys that a schema knows for the mapping at a path: what "did you mean" chooses from. */
export function knownKeys(schema: z.ZodType, path: Path): string[] {
  return [
    ...new Set(
      at([schema], path).flatMap((candidate) => (candidate instanceof z.ZodObject ? Object.keys(candidate.shape) : [])),
    ),
  ];
}

/** The schemas that read the value at a path: of an entry of a union, those of its members. */
export function schemasAt(schema: z.ZodType, path: Path): z.core.$ZodType[] {
  const last = path.at(-1);
  return last === undefined ? [schema] : at([schema], path.slice(0, -1)).flatMap((parent) => child(parent, last));
}

function at(schemas: z.core.$ZodType[], path: Path): z.core.$ZodType[] {
  const unwrapped = schemas.flatMap(unwrap);
  const [head, ...tail] = path;
  if (head === undefined) return unwrapped;
  return at(
    unwrapped.flatMap((schema) => child(schema, head)),
    tail,
  );
}

function child(schema: z.core.$ZodType, key: string | number): z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const inner: z.core.$ZodType | undefined = schema.shape[key];
    return inner === undefined ? [] : [inner];
  }
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  if (schema instanceof z.ZodArray) return [schema.element];
  return [];
}

/** Removes what stands around the type of a value: optional, default, transformation; a union gives its members. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap());
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap);
  return [schema];
}
