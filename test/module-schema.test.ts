import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../compiler/cli/files.js";
import { check } from "../compiler/index.js";
import { bodyConfiguration, conversionPolicies, digestConfiguration, hasDigests } from "../compiler/plan/body.js";
import { guardConfiguration } from "../compiler/plan/guard.js";
import { keysWithoutDescription, openMappings } from "./language/judge.js";
import { changedPredicatesOf, changesOf, documentsOf } from "./language/module-documents.js";
import { WITNESSES } from "./language/module-witnesses.js";
import { mutated } from "./language/mutation.js";
import { schemaTables } from "./language/schema-table.js";
import { allCases, allExamples } from "./support/cases.js";
import { expectGolden } from "./support/golden.js";
import { type CompiledModule, loadModule, ModuleVm } from "./support/module-host.js";
import { allowing, configurationOf, limiting, partnersOnly } from "./support/module-policies.js";
import {
  BEYOND,
  BODY_NAMES,
  faultBySchema,
  GUARD_NAMES,
  isBeyond,
  MODULE_NAMES,
  type ModuleName,
  moduleSchemas,
} from "./support/module-schema.js";
import { ENVIRONMENT } from "./support/soap-documents.js";

// The schemas of the configurations of modules against the modules themselves.

const root = packageRoot();

describe.each(MODULE_NAMES)("the schema of %s.wasm", (name) => {
  const { file, schema } = moduleSchemas[name];

  it("is up to date in schema/", () => {
    expectGolden(join(root, "schema", `${file}.v1.json`), `${JSON.stringify(schema, undefined, 2)}\n`);
  });

  it("describes every key and refuses unknown ones", () => {
    expect(keysWithoutDescription(schema)).toEqual([]);
    expect(openMappings(schema)).toEqual([]);
  });
});

/** That of soap.wasm is the page of body.wasm: it takes the same document. */
const PAGES = {
  guard: "filters/modules/README.md",
  auth: "filters/modules/auth/README.md",
  "rate-limit": "filters/modules/rate-limit/README.md",
  tracing: "filters/modules/tracing/README.md",
  body: "filters/modules/body/README.md",
} as const;

it.each([...GUARD_NAMES, "body"] as const)("the page of %s.wasm has the reference that its schema gives", (name) => {
  const path = join(root, PAGES[name]);
  const text = readFileSync(path, "utf8");
  const parts = /^([\s\S]*<!-- reference: [^\n]*-->\n)[\s\S]*(<!-- end of the reference -->[\s\S]*)$/.exec(text);
  expect(parts, "the markers of the reference are there").not.toBeNull();
  const [, before = "", after = ""] = parts ?? [];
  expectGolden(path, `${before}\n${schemaTables(moduleSchemas[name].schema)}\n${after}`);
});

describe("what the compiler emits", () => {
  const plans = [...allCases().filter(({ rejects }) => !rejects), ...allExamples()];

  it.each(plans.map((one) => [one.policyPath.replace(`${root}/`, ""), one] as const))(
    "for %s fits the schemas of guard.wasm and of the body stage",
    (_path, { policyPath }) => {
      const { plan } = check(policyPath);
      expect(plan).toBeDefined();
      if (plan === undefined) return;
      for (const read of [[], ["consumer", "decision", "shadow"]])
        expect(faultBySchema("guard", guardConfiguration(plan, read))).toBeUndefined();
      if (hasDigests(plan)) expect(faultBySchema("body", digestConfiguration(plan))).toBeUndefined();
      if (conversionPolicies(plan).length === 0) return;
      for (const module of BODY_NAMES) expect(faultBySchema(module, bodyConfiguration(plan)), module).toBeUndefined();
    },
  );
});

/** A configuration of a module with a predicate in it. */
function documentAround(name: (typeof GUARD_NAMES)[number], predicate: unknown): unknown {
  switch (name) {
    case "guard":
    case "auth":
      return configurationOf([partnersOnly, allowing(predicate)]);
    case "rate-limit": {
      const limit = limiting("rules", { count: 1, periodMs: 1000, burst: 1 }, { key: [] });
      return configurationOf([{ ...limit, when: predicate }], { consumers: [] });
    }
    case "tracing": {
      const rules = [{ when: predicate, ratio: 0 }];
      const tracing = { name: "rules", tracing: { propagate: ["w3c"], ratio: 0, rules } };
      return configurationOf([tracing], { consumers: [] });
    }
  }
}

interface Verdicts {
  taken: number;
  refused: number;
}

describe("a schema and its module agree", () => {
  const compiled = new Map<ModuleName, CompiledModule>();
  beforeAll(async () => {
    for (const name of MODULE_NAMES) compiled.set(name, await loadModule(name));
  });

  /** What the module says of a document; nothing if it takes it. */
  function refusal(name: ModuleName, text: string): string | undefined {
    const module = compiled.get(name);
    if (module === undefined) throw new Error(`${name}.wasm is not loaded`);
    const vm = new ModuleVm(module, {
      environment: { ACME_KEY: "acme-key", TOKEN_KEY: "A".repeat(88), ...ENVIRONMENT },
    });
    return vm.configure(text) ? undefined : (vm.lastError ?? "").replace(/^sluice: /, "");
  }

  it.each(WITNESSES.map(([module, message, text]) => [module, message, text] as const))(
    "but for what %s.wasm alone sees: %s",
    (module, message, text) => {
      expect(faultBySchema(module, JSON.parse(text))).toBeUndefined();
      expect(refusal(module, text)).toBe(message);
      expect(isBeyond(message)).toBe(true);
    },
  );

  it("in what is said to be beyond a schema, all of which is shown", () => {
    const shown = BEYOND.filter(([pattern]) => WITNESSES.some(([, message]) => pattern.test(message)));
    expect(BEYOND.filter((one) => !shown.includes(one)).map(([pattern]) => pattern.source)).toEqual([]);
  });

  it.each(MODULE_NAMES)("over random configurations of %s.wasm: both take them", (name) => {
    fc.assert(
      fc.property(documentsOf(name), (document) => {
        const text = JSON.stringify(document);
        const said = refusal(name, text);
        // A limit before somebody is known, and the like, are of the random order of things.
        if (said !== undefined) expect(isBeyond(said), `${said}\n${text}`).toBe(true);
        expect(faultBySchema(name, JSON.parse(text)), text).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  /** Holds the two verdicts on a document together, and counts them. */
  function compare(name: ModuleName, document: unknown, count: Verdicts): void {
    const text = JSON.stringify(document);
    const said = refusal(name, text);
    const fault = faultBySchema(name, JSON.parse(text));
    if (said === undefined) {
      count.taken += 1;
      expect(fault, `the module takes it, and its schema does not\n${text}`).toBeUndefined();
    } else if (fault === undefined) {
      expect(isBeyond(said), `the schema takes it, and the module does not: ${said}\n${text}`).toBe(true);
    } else count.refused += 1;
  }

  it.each(MODULE_NAMES)("over changed configurations of %s.wasm", (name) => {
    const count: Verdicts = { taken: 0, refused: 0 };
    const property = fc.property(documentsOf(name), changesOf(name), (document, changes) =>
      compare(name, mutated(document, changes), count),
    );
    fc.assert(property, { numRuns: 800 });
    expect(count.taken, "configurations that are taken").toBeGreaterThan(30);
    expect(count.refused, "configurations that are refused").toBeGreaterThan(200);
  });

  it.each(GUARD_NAMES)("over changed predicates in %s.wasm", (name) => {
    const count: Verdicts = { taken: 0, refused: 0 };
    const property = fc.property(changedPredicatesOf(name), (predicate) =>
      compare(name, documentAround(name, predicate), count),
    );
    fc.assert(property, { numRuns: 1_000 });
    expect(count.taken, "predicates that are taken").toBeGreaterThan(100);
    expect(count.refused, "predicates that are refused").toBeGreaterThan(200);
  });
});
