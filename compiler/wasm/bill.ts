import { z } from "zod";

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** The part of a bill of materials (CycloneDX) that pins the module; the rest is for other readers. */
const billSchema = z.object({
  bomFormat: z.literal("CycloneDX"),
  metadata: z.object({
    component: z.object({
      name: z.string(),
      version: z.string(),
      hashes: z.array(z.object({ alg: z.string(), content: z.string() })),
      licenses: z
        .array(z.union([z.object({ license: z.object({ id: z.string() }) }), z.object({ expression: z.string() })]))
        .optional(),
    }),
  }),
});

/** What a build says of a module that it made. */
export interface Pin {
  /** With `.wasm`. */
  readonly name: string;
  /** Version of the package that the module was built in. */
  readonly version: string;
  readonly sha256: string;
  /** An expression of SPDX; empty if the bill names none. */
  readonly license: string;
}

/** The file of the bill beside a module. */
export function billName(module: string): string {
  return `${module.replace(/\.wasm$/, "")}.cdx.json`;
}

/** The pin in the bill of materials that was written with a module; undefined if the text is no such bill. */
export function pinOf(bill: string): Pin | undefined {
  let document: unknown;
  try {
    document = JSON.parse(bill);
  } catch {
    return undefined;
  }
  const { data } = billSchema.safeParse(document);
  if (data === undefined) return undefined;
  const { name, version, hashes, licenses = [] } = data.metadata.component;
  const sha256 = digest.safeParse(hashes.find(({ alg }) => alg === "SHA-256")?.content).data;
  if (sha256 === undefined) return undefined;
  const license = licenses.map((one) => ("expression" in one ? one.expression : one.license.id)).join(" AND ");
  return { name, version, sha256, license };
}
