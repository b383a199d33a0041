import { readFileSync } from "node:fs";
import { z } from "zod";

// The examples of RFC 7515, RFC 7519, RFC 7520 and RFC 8037: each is as it should be, and most are not what a gateway lets in.

const Example = z.object({
  /** RFC and section. */
  from: z.string(),
  algorithm: z.string(),
  form: z.enum(["compact", "json", "flattened", "detached", "unsecured", "encrypted"]),
  /** What is published of the key, or the secret; an example without a signature has none. */
  key: z.looseObject({ kty: z.string() }).nullable(),
  token: z.string(),
});
export type JoseExample = z.output<typeof Example> & { name: string };

const COUNT = 30;

/** All of them: none is lost on the way. */
export function joseExamples(): JoseExample[] {
  const text = readFileSync(new URL("../corpora/jose-tokens.json", import.meta.url), "utf8");
  const examples = z.array(Example).length(COUNT).parse(JSON.parse(text));
  return examples.map((example) => ({ ...example, name: `${example.from}, ${example.form}` }));
}
