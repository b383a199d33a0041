import { z } from "zod";

/** Other algorithms exist; no fetcher and no tool here uses them. */
export const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, "a digest is sha256: and 64 hexadecimal digits");

const annotations = z.record(z.string(), z.string()).optional();

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: digestSchema,
  size: z.int().nonnegative(),
  artifactType: z.string().optional(),
  annotations,
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
});

/** What a manifest says of a blob, or an index of a manifest. */
export type Descriptor = z.infer<typeof descriptorSchema>;

const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  subject: descriptorSchema.optional(),
  annotations,
});

export type Manifest = z.infer<typeof manifestSchema>;

const indexSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema),
  annotations,
});

export type Index = z.infer<typeof indexSchema>;

const markerSchema = z.object({ imageLayoutVersion: z.literal("1.0.0") });

export type ReadDocument<T> =
  | { readonly outcome: "read"; readonly document: T }
  | { readonly outcome: "damaged"; readonly reason: string };

export const readManifest = (text: string) => read(text, manifestSchema);
export const readIndex = (text: string) => read(text, indexSchema);
export const readMarker = (text: string) => read(text, markerSchema);

function read<T>(text: string, schema: z.ZodType<T>): ReadDocument<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { outcome: "damaged", reason: error instanceof Error ? error.message : String(error) };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { outcome: "read", document: parsed.data };
  const [issue] = parsed.error.issues;
  return { outcome: "damaged", reason: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`.replace(/^: /, "") };
}
