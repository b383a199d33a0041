import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../../compiler/cli/files.js";
import { renderText } from "../../../compiler/diagnostics/render/text.js";
import { checkText } from "../../../compiler/index.js";
import { textLoader } from "../../../compiler/syntax/loader.js";
import { SourceFile } from "../../../compiler/syntax/source.js";
import { type ImportOptions, importWsdl, type WsdlImport } from "./import.js";

const CASES = join(import.meta.dirname, "../wsdl/cases");
const MAIN = "service.wsdl";

function filesOf(folder: string): Record<string, string> {
  const paths = readdirSync(join(CASES, folder), { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    paths
      .filter((path) => /\.(wsdl|xsd)$/.test(path))
      .map((path) => [path.replaceAll("\\", "/"), readFileSync(join(CASES, folder, path), "utf8")]),
  );
}

function imported(files: Record<string, string>, options: ImportOptions = {}): WsdlImport {
  const source = new SourceFile(MAIN, files[MAIN] ?? "");
  return importWsdl({ path: MAIN, source, load: textLoader(source, files).load }, options);
}

function file({ files = [] }: WsdlImport, name: string): string {
  return files.find(({ path }) => path === name)?.contents ?? "";
}

const folders = readdirSync(CASES)
  .filter((folder) => !folder.startsWith("rejects-"))
  .toSorted();

/** No text fits its pattern and its enumeration. */
const UNFIT = ["no case for Get: no value was found that fits its schema"];

describe("what is written for a WSDL", () => {
  it.each(folders)("%s is a policy without a finding of its own", (folder) => {
    const files = filesOf(folder);
    const result = imported(files);
    expect(
      renderText(
        result.diagnostics.filter(({ severity }) => severity === "error"),
        { color: false },
      ),
    ).toBe("");
    const { diagnostics } = checkText("policy.yaml", file(result, "policy.yaml"), files);
    const own = diagnostics.filter(({ span }) => span.source.path === "policy.yaml");
    expect(renderText(own, { color: false })).toBe("");
    expect(result.report.filter((line) => line.startsWith("no case"))).toEqual(folder === "unicode" ? UNFIT : []);
  });

  const fixtures = join(packageRoot(), "test/soap/fixtures");
  it.each(readdirSync(fixtures).filter((name) => name.endsWith(".wsdl")))("of %s too", (name) => {
    const files = { [MAIN]: readFileSync(join(fixtures, name), "utf8") };
    const result = imported(files);
    const { diagnostics } = checkText("policy.yaml", file(result, "policy.yaml"), files);
    expect(
      renderText(
        diagnostics.filter(({ severity }) => severity === "error"),
        { color: false },
      ),
    ).toBe("");
    if (process.env.SHOW)
      console.log(result.report.join("\n"), "\n", file(result, "policy.yaml"), file(result, "policy.test.yaml"));
  });
});
