import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderText } from "../../../compiler/diagnostics/render/text.js";
import { expectGolden } from "../../../test/support/golden.js";
import { printedModel } from "../../../test/support/printed-model.js";
import { readWsdlFiles, wsdlCase } from "../../../test/support/wsdl.js";

/** Each folder has a WSDL, the files that it imports, and the golden of its model, of its findings, or of both. */
const CASES = join(import.meta.dirname, "cases");

describe("a WSDL", () => {
  const folders = readdirSync(CASES).toSorted();

  it.each(folders)("%s gives the model and the findings of its goldens", (folder) => {
    const { model, findings } = readWsdlFiles(wsdlCase(join(CASES, folder)));
    const refused = folder.startsWith("rejects-");
    expect(model === undefined, renderText(findings, { color: false })).toBe(refused);
    if (model !== undefined) expectGolden(join(CASES, folder, "model.golden.json"), printedModel(model));
    if (refused || folder.startsWith("warns-"))
      expectGolden(join(CASES, folder, "diagnostics.golden.txt"), renderText(findings, { color: false }));
    else expect(renderText(findings, { color: false })).toBe("");
  });
});
