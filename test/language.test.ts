import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../compiler/cli/files.js";
import { projectFiles } from "../compiler/cli/init/project.js";
import { checkText } from "../compiler/index.js";
import { readDocument } from "../compiler/syntax/document.js";
import { SourceFile } from "../compiler/syntax/source.js";
import { checkSuite } from "../compiler/testing/check.js";
import { badFiles, goodFiles } from "./language/bad-files.js";
import { schemas } from "./language/documents.js";
import { BINDING, ESCAPES, EXAMPLES } from "./language/expressions.js";
import { faultsBySchema, keysWithoutDescription, openMappings, yamlValue } from "./language/judge.js";
import { mutated, mutations } from "./language/mutation.js";
import { languageReference } from "./language/reference.js";
import { anchor } from "./language/schema-table.js";
import { allCases, sourceFiles } from "./support/cases.js";
import { expectGolden } from "./support/golden.js";

const root = packageRoot();

describe("schema/", () => {
  it.each(Object.entries(schemas))("%s.v1.json is up to date", (name, schema) => {
    expectGolden(join(root, "schema", `${name}.v1.json`), `${JSON.stringify(schema, undefined, 2)}\n`);
  });

  it.each(Object.entries(schemas))("describes every key of a %s", (_name, schema) => {
    expect(keysWithoutDescription(schema)).toEqual([]);
  });

  it("refuses unknown keys everywhere but in problem documents, which may have members of their own", () => {
    expect(openMappings(schemas.gateway)).toEqual([]);
    expect(openMappings(schemas.fragment)).toEqual([]);
    expect(openMappings(schemas.test)).toEqual(["/cases/*/expect/problem", "/cases/*/steps/*/expect/problem"]);
  });
});

describe("compiler/LANGUAGE.md", () => {
  it("is up to date", () => {
    expectGolden(join(root, "compiler/LANGUAGE.md"), languageReference());
  });

  it.each(EXAMPLES)("shows an expression that compiles: %s", (expression) => {
    expect(predicateOf(expression).findings).toEqual([]);
  });

  it.each(BINDING)("tells what binds first: %s", (expression, inParentheses) => {
    expect(predicateOf(expression)).toEqual(predicateOf(inParentheses));
  });

  it.each(ESCAPES)("tells how a string is written: %s", (written, text) => {
    expect(predicateOf(`request.path == ${written}`).predicate).toEqual(["==", ["get", "request.path"], text]);
    for (const [sign] of written.replace(/^r.*/, "").matchAll(/\\(?:[xuU][0-9a-fA-F]+|\d+|.)/g))
      expect(languageReference()).toContain(`\`${sign}\``);
  });

  it("has headings that no two parts share, so that links lead to one", () => {
    const headings = [...languageReference().matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchor(heading));
    expect(headings.filter((heading, index) => headings.indexOf(heading) !== index)).toEqual([]);
    const links = [...languageReference().matchAll(/\]\(#([^)]*)\)/g)].map(([, target = ""]) => target);
    expect(links.filter((target) => !headings.includes(target))).toEqual([]);
  });

  /** What `allow` of a rule becomes, on a route that knows the caller and captures `tenant`. */
  function predicateOf(allow: string): { predicate: unknown; findings: string[] } {
    const { plan, diagnostics } = checkText(
      "policy.yaml",
      JSON.stringify({
        apiVersion: "sluice/v1",
        kind: "Gateway",
        name: "shop",
        listeners: { public: { address: "127.0.0.1:8080" } },
        consumers: { acme: { tier: "gold", groups: ["finance"], credentials: [{ apiKey: "env:ACME_KEY" }] } },
        policies: {
          "partners-only": { authenticate: { anyOf: [{ apiKey: { header: "x-api-key" } }] } },
          shown: { authorize: { rules: [{ name: "shown", allow }] } },
        },
        routes: [
          {
            name: "orders",
            match: { path: "/{tenant}/orders" },
            respond: { status: 200 },
            apply: ["partners-only", "shown"],
          },
        ],
      }),
    );
    const rules = plan?.policies.find(({ name }) => name === "shown")?.config.rules;
    const [rule] = Array.isArray(rules) ? rules : [];
    const predicate = typeof rule === "object" && rule !== null && "allow" in rule ? rule.allow : undefined;
    return { predicate, findings: diagnostics.map(({ code, message }) => `${code} ${message}`) };
  }
});

describe("the JSON Schema takes", () => {
  it("the files that the bad ones are made from", () => {
    expect(goodFiles.flatMap(faultsBySchema)).toEqual([]);
  });

  it("what `sluice init` writes", () => {
    const written = projectFiles("shop", "1.0.0").filter(({ path }) => /^policy.*\.yaml$/.test(path));
    expect(written.map(({ contents }) => faultsBySchema(contents))).toEqual([[], []]);
  });

  /** Policy, fragment and test files of examples and cases; those of a case that is refused are looked at below. Lists of endpoints are Envoy's. */
  const taken = sourceFiles(
    /^(examples\/[^/]+|(compiler|filters)\/[^/]+\/cases\/(?!rejects-)[^/]+)\/.*\.ya?ml$/,
  ).filter((path) => !/\/(golden|lists)\//.test(path));

  it.each(taken)("%s", (path) => {
    expect(faultsBySchema(readFileSync(join(root, path), "utf8"))).toEqual([]);
  });
});

describe("the JSON Schema never refuses what `sluice check` takes:", () => {
  const taken = { Gateway: gatewayIsTaken, Test: suiteIsTaken };

  it.each(["Gateway", "Test"] as const)("a changed %s", (kind) => {
    const files = goodFiles.map(yamlValue).filter((value) => JSON.stringify(value).includes(`"kind":"${kind}"`));
    let count = 0;
    fc.assert(
      fc.property(fc.constantFrom(...files), mutations, (file, changes) => {
        const text = JSON.stringify(mutated(file, changes));
        if (!text.includes(`"kind":"${kind}"`) || !taken[kind](text)) return;
        count += 1;
        expect(faultsBySchema(text), text).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
    expect(count, "files that are taken").toBeGreaterThan(50);
  });

  function gatewayIsTaken(text: string): boolean {
    return checkText("policy.yaml", text).plan !== undefined;
  }

  function suiteIsTaken(text: string): boolean {
    const { root } = readDocument(new SourceFile("policy.test.yaml", text));
    return root?.kind === "map" && checkSuite(root).diagnostics.length === 0;
  }
});

describe("the JSON Schema refuses", () => {
  it.each(badFiles.map((file) => [file.what, file] as const))("%s, at its place", (_what, { text, faults }) => {
    expect(faultsBySchema(text)).toEqual(faults);
  });

  const SHAPE = ["SL0101", "SL0102", "SL0103", "SL0104", "SL0105", "SL0204"];
  const misshapen = allCases().filter((one) => {
    const findings = checkText("policy.yaml", one.policy).diagnostics;
    return one.rejects && findings.some(({ code }) => SHAPE.includes(code));
  });

  /** Cases in which only the command sees what is wrong, and why. */
  const BEYOND: Readonly<Record<string, string>> = {
    "compiler/policy/cases/rejects-addresses": "which IP addresses and ports there are",
    "compiler/policy/cases/rejects-durations": "how long a duration is, in any of its units",
    "filters/rate-limit/cases/rejects-global": "how long a duration is",
    "filters/rate-limit/cases/rejects-too-many": "powers of two",
  };

  it.each(misshapen.map((one) => [one.folder, one] as const))("%s", (folder, { policy }) => {
    expect(faultsBySchema(policy).length > 0).toBe(BEYOND[folder] === undefined);
  });
});
