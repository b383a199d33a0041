import { describe, expect, it } from "vitest";
import { importsAgainstTheDirection, importsOf, strayYaml, undeclaredPackages } from "./imports.js";
import { type Source, sourceOf } from "./sources.js";
import { tokensOf } from "./tokens.js";
import { claimsOf, unfounded } from "./tree.js";
import * as words from "./words.js";

// Each law is shown something that breaks it, and something close that does not: a law that cannot fail keeps nothing.

describe("tokens", () => {
  it.each([
    ["comments", "a /* b */ // c\nd", ["a", "d"]],
    ["strings", `"a // b" + 'it\\'s'`, ["a // b", "+", "it\\'s"]],
    ["templates", `\`a \${b + \`c \${d}\`} e\` f`, ["a ", "${", "b", "+", "c ", "${", "d", "}", "", "}", " e", "f"]],
    ["braces in a hole", `\`\${{ a: 1 }.a}\` b`, ["", "${", "{", "a", ":", "1", "}", ".", "a", "}", "", "b"]],
    ["regular expressions", 'x.replace(/[/"]\\/`/g, y)', ["x", ".", "replace", "(", '/[/"]\\/`/g', ",", "y", ")"]],
    ["divisions", "(a) / b / c[0] / 2", ["(", "a", ")", "/", "b", "/", "c", "[", "0", "]", "/", "2"]],
    ["signs", "a !== b ?? !c", ["a", "!==", "b", "??", "!", "c"]],
  ])("%s", (_, text, values) => {
    expect(tokensOf(text).map((token) => token.value)).toEqual(values);
  });

  it("count lines through comments, strings and templates", () => {
    const lines = tokensOf(`a\n/*\n*/ b \`\n\${\nc}\n\` d`).map(({ value, line }) => `${value.trim()}:${line}`);
    expect(lines).toEqual(["a:1", "b:3", ":3", "${:4", "c:5", "}:5", ":5", "d:6"]);
  });

  it("a literal that does not end is an error with its line", () => {
    expect(() => tokensOf(`a\n\`b \${c} d`)).toThrow("line 2: the template does not end");
    expect(() => tokensOf("a\n'b")).toThrow("line 2: cannot be read");
  });
});

describe("imports", () => {
  it("are seen in each of their forms", () => {
    const text = [
      'import { a } from "./a.js";',
      'import type { B as C } from "../b.js";',
      'import "node:fs";',
      'export * as d from "@scope/d/e";',
      'type F = typeof import("./f.js");',
      'const g = await import("g");',
      `const noImport = [Array.from("h"), \`from \${from} to\`, { from: "i" }];`,
    ].join("\n");
    expect(importsOf(sourceOf("compiler/plan/x.ts", text)).map(({ to }) => to)).toEqual([
      "compiler/plan/a.ts",
      "compiler/b.ts",
      "node:fs",
      "npm:@scope/d",
      "compiler/plan/f.ts",
      "npm:g",
    ]);
  });

  it("of AssemblyScript have no extension, those of scripts lead to what was built", () => {
    expect(importsOf(sourceOf("filters/lib/x.ts", 'import { a } from "./a";'))[0]?.to).toBe("filters/lib/a.ts");
    expect(importsOf(sourceOf("scripts/x.mjs", 'import { a } from "../dist/compiler/a.js";'))[0]?.to).toBe(
      "compiler/a.ts",
    );
  });

  it.each([
    ["compiler/policy/check.ts", "../../filters/index.js", false],
    ["compiler/pipeline.ts", "../filters/index.js", false],
    ["compiler/cli/main.ts", "../../filters/index.js", false],
    ["compiler/plan/build.test.ts", "../../filters/index.js", false],
    ["compiler/index.ts", "../filters/index.js", true],
    ["compiler/index.ts", "./cli/print.js", false],
    ["compiler/cli/main.ts", "../index.js", true],
    ["compiler/runtime/find.ts", "../cli/print.js", false],
    ["compiler/plan/build.ts", "../targets/target.js", false],
    ["compiler/policy/check.ts", "../index.js", false],
    ["compiler/targets/envoy/target.ts", "../../plan/plan.js", true],
    ["compiler/targets/envoy/target.ts", "../../pipeline.js", false],
    ["compiler/stray.ts", "./index.js", false],
    ["filters/soap/kind.ts", "../../compiler/policy/kind.js", true],
    ["filters/soap/kind.ts", "../../compiler/targets/target.js", false],
    ["filters/soap/kind.ts", "../../compiler/index.js", false],
    ["filters/soap/kind.ts", "../tracing/kind.js", false],
    ["filters/soap/kind.ts", "./assembly/policy.js", false],
    ["filters/soap/kind.test.ts", "../tracing/kind.js", false],
    ["filters/soap/assembly/policy.ts", "../../lib/text", true],
    ["filters/soap/assembly/policy.ts", "../../proxy-wasm/headers", true],
    ["filters/soap/assembly/policy.ts", "../../modules/answers", false],
    ["filters/soap/assembly/policy.ts", "../../tracing/assembly/policy", false],
    ["filters/soap/assembly/policy.ts", "@gcoredev/proxy-wasm-sdk-as/assembly/imports", false],
    ["filters/lib/text.ts", "../proxy-wasm/headers", false],
    ["filters/proxy-wasm/headers.ts", "../lib/text", true],
    ["filters/proxy-wasm/headers.ts", "@gcoredev/proxy-wasm-sdk-as/assembly/imports", false],
    ["filters/proxy-wasm/abi.ts", "@gcoredev/proxy-wasm-sdk-as/assembly/imports", true],
    ["filters/modules/guard.ts", "../soap/assembly/policy", true],
    ["filters/modules/guard.ts", "../soap/kind", false],
    ["filters/index.ts", "./soap/kind.js", true],
    ["filters/index.ts", "./soap/config.js", false],
  ])("of %s: %s %s", (path, specifier, allowed) => {
    const found = importsAgainstTheDirection(sourceOf(path, `// first\nimport { x } from "${specifier}";\n`));
    expect(found).toHaveLength(allowed ? 0 : 1);
  });

  it("are shown with their place and with what is allowed", () => {
    expect(
      importsAgainstTheDirection(sourceOf("filters/lib/a.ts", '\nimport { x } from "../proxy-wasm/log";')),
    ).toEqual(["filters/lib/a.ts:2: imports filters/proxy-wasm/log.ts; files here import only filters/lib/"]);
  });

  it("name declared packages, and in shipped code those that are bundled", () => {
    const packages = ["zod", "vitest"];
    const text = 'import "zod/v4";\nimport "vitest";\nimport "other";';
    expect(undeclaredPackages(sourceOf("compiler/a.ts", text), packages)).toHaveLength(2);
    expect(undeclaredPackages(sourceOf("compiler/a.ts", 'import "zod";'), ["vitest"])).toHaveLength(1);
    expect(undeclaredPackages(sourceOf("compiler/a.test.ts", text), packages)).toEqual([
      "compiler/a.test.ts:3: imports other, which is not among the packages of package.json",
    ]);
  });

  it("take js-yaml in two places", () => {
    const text = 'import { load } from "js-yaml";';
    expect(strayYaml(sourceOf("compiler/plan/a.ts", text))).toHaveLength(1);
    expect(
      ["compiler/syntax/a.ts", "compiler/envoy/print.ts", "test/a.ts"].flatMap((path) =>
        strayYaml(sourceOf(path, text)),
      ),
    ).toEqual([]);
  });
});

/** A law of words, a text that breaks it, and one that does not. */
function rows(table: [law: (source: Source) => string[], bad: string, good: string][]) {
  return table.map(([law, bad, good]) => ({ name: law.name, law, bad, good }));
}

describe("words", () => {
  it.each(
    rows([
      [words.typeHoles, "let a: any;", "const any: Any = pick(any, [any]); const o = { any: true };"],
      [words.typeHoles, "const a = b as string;", "const a = [1] as const;"],
      [
        words.typeHoles,
        "const a = f() as unknown as B;",
        'import { a as b } from "c"; import * as d from "e"; export { f as g };',
      ],
      [words.typeHoles, "type M = Map<string, any>;", "const o = { as: 1 }; o.as; // as any"],
      [words.typeHoles, "a!.b", "if (!a) !b; const c = a !== b && !c;"],
      [words.typeHoles, "f()!", "f() !== a; return !a;"],
      [words.typeHoles, "export const a = { b: c as D };", "export type { A as B } from 'c';"],
      [words.silencedChecks, `// @ts-ig${"nore"}`, "// @ts-expect-error a reason"],
      [words.leftNotes, `// TO${"DO"} later`, "const todo = 1;"],
    ]),
  )("$name sees $bad, and not $good", ({ law, bad, good }) => {
    expect(law(sourceOf("compiler/a.ts", `\n${bad}`)).map((found) => found.slice(0, 15))).toContain("compiler/a.ts:2");
    expect(law(sourceOf("compiler/a.ts", good))).toEqual([]);
  });

  it.each(
    rows([
      [words.traps, "throw new Error()", "// throw"],
      [words.traps, "assert(a > 0)", "const assert = 1;"],
      [words.traps, "abort()", "let aborted = abort;"],
      [words.traps, "unreachable()", 'const s = "unreachable()";'],
      [words.traps, "table[0]!.run()", "while (!done) step();"],
      [words.bareMemory, "changetype<Text>(0)", "none<Text>()"],
      [words.bareMemory, "load<u8>(a)", "cache.load(a)"],
      [words.bareMemory, "store<u32>(a, 1)", "let store = 1;"],
      [words.bareMemory, "v128.load(a)", "v128.splat<u8>(1)"],
      [words.bareMemory, "i32.store8(a, 1)", "i32.add(a, 1)"],
      [words.bareMemory, "memory.copy(a, b, 8)", "memory.data(8)"],
      [words.localHabits, "a.sort((x, y) => x.localeCompare(y))", "a.sort((localeCompare, y) => 1)"],
      [words.localHabits, "n.toLocaleString()", "n.toString()"],
      [words.localHabits, "new Intl.Collator()", 'new Intl.Segmenter("en")'],
      [words.localHabits, "new Date(0).getHours()", "new Date(0).getUTCHours()"],
      [words.momentaryValues, "const t = Date.now()", "const t = Date.UTC(2000)"],
      [words.momentaryValues, "const t = new Date()", "const t = new Date(0)"],
      [words.momentaryValues, "Math.random()", "Math.abs(1)"],
      [words.momentaryValues, "process.env.HOME", "plan.process.env"],
      [words.hostCalls, '@external("env", "f")\nfunction f(): void;', "@inline\nfunction f(): void {}"],
      [words.hostCalls, "declare function f(): void;", "let declared = 1;"],
      [words.hostCalls, "trace('a')", "span.trace(a)"],
      [words.hostCalls, "const t = Date.now()", "// Date.now()"],
      [words.hostCalls, "Math.random()", "Math.abs(a)"],
    ]),
  )("$name sees $bad, and not $good", ({ law, bad, good }) => {
    expect(law(sourceOf("filters/soap/assembly/a.ts", bad))).not.toEqual([]);
    expect(law(sourceOf("filters/soap/assembly/a.ts", good))).toEqual([]);
  });

  it("leave bare memory to the two folders for it", () => {
    expect(
      ["filters/lib/a.ts", "filters/proxy-wasm/a.ts"].flatMap((path) =>
        words.bareMemory(sourceOf(path, "load<u8>(a)")),
      ),
    ).toEqual([]);
  });

  it("see tests that do not run, in tests", () => {
    const text =
      "it.only('a', f); describe.skip('b', f); it.skipIf(true)('c', f); test.concurrent.todo('d'); it('e', ({ skip }) => skip());";
    expect(words.sleepingTests(sourceOf("test/a.test.ts", text))).toHaveLength(5);
    expect(words.sleepingTests(sourceOf("test/containers/daemon.ts", text))).toEqual([]);
    expect(words.sleepingTests(sourceOf("compiler/a.ts", text))).toEqual([]);
  });

  it("see a file of more than 400 lines", () => {
    expect(words.tooLong(sourceOf("compiler/a.ts", "a\n".repeat(400)))).toEqual([]);
    expect(words.tooLong(sourceOf("compiler/a.ts", "a\n".repeat(401)))).toEqual([
      "compiler/a.ts:401: 401 lines; 400 are the most",
    ]);
  });
});

describe("trees", () => {
  const page = `# Page

\`\`\`
package.json asconfig.json
compiler/                the core, read by main.ts of cli/
  index.ts               check() and compile(), see policy.yaml
  render/{text,json}.ts
  cli/                   main.ts commands/<verb>.ts
filters/
  a/ b/                  kind.ts (schema) *.test.ts
\`\`\`
`;
  const there = [
    "package.json",
    "asconfig.json",
    "compiler/",
    "compiler/main.ts",
    "compiler/cli/",
    "compiler/index.ts",
  ];

  it("claim each path that they name, in its folder", () => {
    expect(claimsOf(page).map(({ pattern, line }) => `${line} ${pattern}`)).toEqual([
      "4 package.json",
      "4 asconfig.json",
      "5 compiler/",
      "5 compiler/main.ts",
      "5 compiler/cli/",
      "6 compiler/index.ts",
      "7 compiler/render/text.ts",
      "7 compiler/render/json.ts",
      "8 compiler/cli/",
      "8 compiler/cli/main.ts",
      "8 compiler/cli/commands/*.ts",
      "9 filters/",
      "10 filters/a/",
      "10 filters/b/",
      "10 filters/a/kind.ts",
      "10 filters/a/*.test.ts",
      "10 filters/b/kind.ts",
      "10 filters/b/*.test.ts",
    ]);
  });

  it("are unfounded where nothing is", () => {
    const missing = unfounded(claimsOf(page), [
      ...there,
      "compiler/render/text.ts",
      "compiler/cli/commands/run.ts",
      "filters/",
    ]);
    expect(missing.map(({ pattern }) => pattern).slice(0, 3)).toEqual([
      "compiler/render/json.ts",
      "compiler/cli/main.ts",
      "filters/a/",
    ]);
  });

  it("are only fenced blocks that begin with package.json", () => {
    expect(claimsOf("package.json a\n```\nother/\n```\n")).toEqual([]);
  });
});
