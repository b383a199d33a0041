import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.js";
import { renderText } from "../../../compiler/diagnostics/render/text.js";
import { SourceFile } from "../../../compiler/syntax/source.js";
import { readWsdlFiles, wsdlCase } from "../../../test/support/wsdl.js";
import { bindOperations } from "../binding.js";
import { soapConfigSchema } from "../module.js";
import { openApiOf } from "../openapi.js";
import { operationsSchema } from "../settings.js";
import { tableOf } from "../table.js";

const CASES = join(import.meta.dirname, "cases");
const POLICY = { source: new SourceFile("policy.yaml", ""), start: 0, end: 0 };

describe("the model of a WSDL", () => {
  it.each(readdirSync(CASES).toSorted())(
    "%s becomes tables that the module takes, and an OpenAPI document",
    (folder) => {
      const { model } = readWsdlFiles(wsdlCase(join(CASES, folder)));
      if (model === undefined) throw new Error("no model");
      const findings: Diagnostic[] = [];
      const context = { policy: "p", place: () => POLICY, report: (finding: Diagnostic) => findings.push(finding) };
      const operations = operationsSchema.parse(
        Object.fromEntries(model.operations.map(({ name }) => [name, `POST /${name}`])),
      );
      const { bound } = bindOperations(model, { operations }, context);
      const config = tableOf(model, bound, {}, context);
      expect(renderText(findings, { color: false })).toBe("");
      expect(bound).toHaveLength(model.operations.length);
      expect(soapConfigSchema.safeParse(JSON.parse(JSON.stringify(config))).error).toBeUndefined();
      expect(openApiOf(model, bound, { title: "t", version: "1" })).toMatchObject({ openapi: "3.1.0" });
    },
  );
});
