/** The part of a JSON Schema that says which keys there are. */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly additionalProperties?: boolean | Schema | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly enum?: readonly (string | number | boolean)[] | undefined;
  readonly type?: string | undefined;
}

/** Stands for the value that is not looked at: then every key of the schema is meant. */
const EVERY = Symbol("every");

/**
 * Keys as paths, `routes[].match.path`, with `<>` for names of one's own, and choices behind them, `policies.<>.mode=off`.
 *
 * @param value whose keys are meant; those that the schema has, if absent
 */
export function keysOf(schema: Schema, value: unknown = EVERY): string[] {
  return [...new Set(walk(schema, value, ""))];
}

function walk(schema: Schema, value: unknown, path: string): string[] {
  if (value === undefined) return [];
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
      const held = value === EVERY ? EVERY : isObject(value) ? value[key] : undefined;
      const at = path === "" ? key : `${path}.${key}`;
      return held === undefined ? [] : [at, ...walk(inner, held, at)];
    }),
    ...named(schema, value).flatMap((held) =>
      typeof schema.additionalProperties === "object" ? walk(schema.additionalProperties, held, `${path}.<>`) : [],
    ),
    ...(schema.items === undefined ? [] : items(value)).flatMap((held) => walk(schema.items ?? {}, held, `${path}[]`)),
    ...(schema.anyOf ?? []).flatMap((one) => (fits(one, value) ? walk(one, value, path) : [])),
  ];
  const chosen = (schema.enum ?? []).filter((one) => value === EVERY || value === one).map((one) => `${path}=${one}`);
  return [...below, ...chosen];
}

function named(schema: Schema, value: unknown): unknown[] {
  if (value === EVERY) return [EVERY];
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, held]) => (key in (schema.properties ?? {}) ? [] : [held]));
}

function items(value: unknown): unknown[] {
  if (value === EVERY) return [EVERY];
  return Array.isArray(value) ? value : [];
}

function fits({ type }: Schema, value: unknown): boolean {
  if (value === EVERY || type === undefined) return true;
  if (Array.isArray(value)) return type === "array";
  return type === (typeof value === "object" ? "object" : typeof value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
