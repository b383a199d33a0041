import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { hasErrors } from "../../compiler/pipeline.js";
import { type RandomCase, randomCase } from "./random-case.js";
import { keysOf, type Schema } from "./schema-keys.js";

const FILES = 250;

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    properties: z.record(z.string(), schema).optional(),
    additionalProperties: z.union([z.boolean(), schema]).optional(),
    items: schema.optional(),
    anyOf: z.array(schema).optional(),
    enum: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
    type: z.string().optional(),
  }),
);
const language = schema.parse(JSON.parse(readFileSync(join(packageRoot(), "schema", "gateway.v1.json"), "utf8")));

/** Keys of the language that a file by itself cannot have. */
const IN_SEVERAL_FILES = ["include", "include[]", "listeners.<>.errors[].file", "routes[].errors[].file"];

/** What the schema does not tell apart: what of a text's form or of a policy's kind occurs. */
function formsOf({ plan, text }: RandomCase): string[] {
  const routes = plan?.hosts.flatMap((host) => host.routes.map((route) => ({ host, route }))) ?? [];
  return [
    ...(plan?.policies ?? []).flatMap(({ kind, mode, when, onError, native }) => [
      ...[mode?.is, when && "when", onError].map((what) => `${kind} ${what}`),
      ...(native?.filter === "cors" ? native.origins : []).map(({ form }) => `origin ${form}`),
    ]),
    ...routes.flatMap(({ host, route: { match, action } }) => [
      `path ${match.path.form}`,
      ...("rest" in match.path ? [`template ${match.path.rest ? "and below" : "closed"}`] : []),
      ...match.headers.map((header) => `header ${header.form}${"present" in header ? ` ${header.present}` : ""}`),
      ...(match.query ?? []).map((one) => `query ${one.form}${"present" in one ? ` ${one.present}` : ""}`),
      `host ${host.domains[0] === "*" ? "any" : host.domains[0]?.startsWith("*") ? "suffix" : "name"}`,
      `${action.type} ${action.type === "forward" ? (action.to.length > 1 ? "weighted" : "one") : action.status}`,
    ]),
    ...[...text.matchAll(/apiKey: (env|sha256)|rate: \d+ ?(\/\w+|per \d+\w)|(burst)/g)].map(([found]) => found),
    ...["optional", "mandatory", "defaults", "apply", "except"].filter((word) => text.includes(word)),
  ];
}

const FORMS = [
  ...["authenticate", "authorize", "rateLimit"].flatMap((kind) => [`${kind} shadow`, `${kind} when`]),
  ...["rateLimit deny", "origin any", "origin exact", "origin below"],
  ...["path exact", "path prefix", "path template", "path regex", "template and below", "template closed"],
  ...["header exact", "header regex", "header present true", "header present false"],
  ...["query exact", "query regex", "query present true", "query present false"],
  ...["host any", "host suffix", "host name"],
  ...["forward one", "forward weighted", "respond 200", "respond 204", "respond 304", "redirect 301", "redirect 308"],
  ...["apiKey: env", "apiKey: sha256", "rate: 3/hour", "rate: 4/day", "rate: 3 per 2h", "rate: 2 per 90m", "burst"],
  ...["mandatory", "defaults", "apply", "except"],
];

/** Routes that it splits are those of its operations; random services are those of `soap-models.ts`. */
const CONVERSION = /^policies\.<>\.soap(\.|$)/;

describe(`${FILES} random policies`, () => {
  let accepted: ReturnType<typeof randomCase>[] = [];
  let refused: ReturnType<typeof randomCase>[] = [];

  beforeAll(() => {
    const all = Array.from({ length: FILES }, (_, seed) => randomCase(seed));
    accepted = all.filter(({ plan }) => plan !== undefined);
    refused = all.filter(({ plan }) => plan === undefined);
  });

  it("nearly all are accepted, and the others have an error", () => {
    // Some nine of ten: what the seeds draw changes with every key of the language.
    expect(accepted.length).toBeGreaterThan(FILES * 0.85);
    expect(refused.filter(({ diagnostics }) => !hasErrors(diagnostics))).toEqual([]);
  });

  it("have every key and every choice of the language among those that are accepted", () => {
    const occurring = new Set(accepted.flatMap(({ file }) => keysOf(language, file)));
    const missing = keysOf(language).filter(
      (key) => !occurring.has(key) && !IN_SEVERAL_FILES.includes(key) && !CONVERSION.test(key),
    );
    expect(missing).toEqual([]);
    expect(occurring.size).toBeGreaterThan(80);
  });

  it("have every form of match, action, key, rate and conduct", () => {
    const occurring = new Set(accepted.flatMap(formsOf));
    expect(FORMS.filter((form) => !occurring.has(form))).toEqual([]);
  });

  it("are the same for the same seed", () => {
    expect(randomCase(7).text).toBe(randomCase(7).text);
    expect(randomCase(7).text).not.toBe(randomCase(8).text);
  });
});
