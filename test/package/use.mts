// A program of somebody else: nothing of this repository is in reach but the package that was installed.
import {
  type Artifact,
  type CheckResult,
  check,
  checkText,
  compile,
  EnvironmentError,
  type Finding,
  targets,
  test,
  type TestOptions,
} from "sluicegate";

const unchecked: CheckResult = checkText("kind: Gateway\n", { path: "mine.yaml" });
const worst: Finding | undefined = unchecked.findings.find((finding) => finding.severity === "error");
const spelled = "apiVersion: sluice/v1\nkind: Gateway\nroutes: [{ name: a, match: { path: /, methods: [get] }, to: b }]\n";
const fixed = checkText(spelled).findings.find(({ code }) => code === "SL0104");

// With exactOptionalPropertyTypes an option that may be undefined is still one.
const accessLog: string | undefined = undefined;
const compiled = await compile("shop/policy.yaml", { target: targets[0], accessLog });
const sizes = compiled.artifacts.map(({ path, contents }: Artifact) => [path, contents.length] as const);

const options: TestOptions = { engine: "both", filter: (name) => name !== "", coverage: true };
const tested = await test(["shop"], options);

async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
    return "";
  } catch (error) {
    if (error instanceof EnvironmentError) return `outside: ${error.message}`;
    return error instanceof RangeError ? `range: ${error.message}` : `unknown: ${String(error)}`;
  }
}

export const result = {
  checked: check("shop/policy.yaml"),
  tests: check("shop/policy.test.yaml").files,
  worst: worst && `${worst.file}:${worst.line}:${worst.column} ${worst.code}`,
  fix: fixed?.fix?.edits.map(({ newText }) => newText),
  ok: compiled.ok,
  files: compiled.files,
  sizes,
  tested: { ok: tested.ok, summary: tested.summary, engines: tested.files[0]?.cases[0]?.engines },
  covered: tested.coverage?.[0]?.counts.route,
  refusals: [
    await refusal(() => check("nowhere.yaml")),
    await refusal(() => check("shop")),
    await refusal(() => compile("shop/policy.yaml", { target: "nginx" })),
    await refusal(() => test("shop", { filter: "no such case" })),
    await refusal(() => test("shop/policy.yaml")),
  ],
};
