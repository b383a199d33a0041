import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";

const text = z.string().min(1);

const stepSchema = z.union([
  z.strictObject({
    name: text,
    id: text.optional(),
    if: text.optional(),
    // In an action a step without a shell is an error.
    shell: z.literal("bash"),
    "working-directory": text.optional(),
    env: z.record(z.string().regex(/^[A-Z_]+$/), text).optional(),
    run: text,
  }),
  z.strictObject({
    name: text,
    id: text.optional(),
    if: text.optional(),
    uses: z.string().regex(/^[\w-]+\/[\w-]+(\/[\w-]+)*@v\d+$/),
    with: z.record(z.string(), text).optional(),
  }),
]);
export type Step = z.infer<typeof stepSchema>;

/** What GitHub wants of the file of a composite action. */
const actionSchema = z.strictObject({
  name: text,
  description: text,
  branding: z.strictObject({ icon: text, color: text }),
  inputs: z.record(z.string().regex(/^[a-z-]+$/), z.strictObject({ description: text, default: z.string() })),
  outputs: z.record(z.string().regex(/^[a-z-]+$/), z.strictObject({ description: text, value: text })),
  runs: z.strictObject({ using: z.literal("composite"), steps: z.array(stepSchema).min(1) }),
});
export type Action = z.infer<typeof actionSchema>;

/** The action of the repository; throws where GitHub would not take it. */
export function readAction(): Action {
  return actionSchema.parse(load(readFileSync(join(packageRoot(), "action.yml"), "utf8")));
}
