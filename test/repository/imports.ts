import { posix } from "node:path";
import { at, isAssembly, isTest, type Source } from "./sources.js";

export interface Import {
  /** A path from the root of the repository, or `npm:<package>`, or `node:<module>`. */
  readonly to: string;
  readonly line: number;
}

/** What a source imports or exports again, types included. */
export function importsOf(source: Source): Import[] {
  const { tokens } = source;
  return tokens.flatMap((token, index) => {
    const before = tokens[index - 1];
    const introduced =
      before?.kind === "word" ? before.value === "from" || before.value === "import" : isCallOfImport(source, index);
    return token.kind === "text" && introduced ? [{ to: resolve(source, token.value), line: token.line }] : [];
  });
}

/** `import("x")`, as an expression or as a type. */
function isCallOfImport({ tokens }: Source, index: number): boolean {
  return tokens[index - 1]?.value === "(" && tokens[index - 2]?.value === "import";
}

function resolve(source: Source, specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  if (!specifier.startsWith(".")) return `npm:${/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier}`;
  const path = posix.join(posix.dirname(source.path), specifier);
  // Scripts run without a build step, so they load what was built.
  return isAssembly(source) ? `${path}.ts` : path.replace(/^dist\//, "").replace(/\.js$/, ".ts");
}

/** Stages that know neither a kind nor a target, and that a kind may build on. */
const STAGES = "compiler/(syntax|diagnostics|policy|expression|plan|request|envoy|host|wasm)/";
const MODULE = "(npm|node):";

interface Law {
  /** The files that it holds for: those that no law above it holds for. Its first group is the folder of a kind. */
  readonly files: RegExp;
  /** Beginnings of what they may import; KIND stands for that folder. */
  readonly may: readonly string[];
}

const laws: readonly Law[] = [
  { files: /^test\//, may: ["compiler/", "filters/", "scripts/", "test/", MODULE] },
  { files: /^scripts\//, may: ["scripts/", "compiler/", MODULE] },
  // They run wherever they are copied to.
  { files: /^examples\//, may: ["node:"] },
  { files: /^compiler\/cli\//, may: ["compiler/", MODULE] },
  // The other front end: it shares with the command what finds and reads files, and calls no command.
  {
    files: /^compiler\/api\/[^/]+(?<!\.test)\.ts$/,
    may: [
      STAGES,
      "compiler/(index\\.ts|pipeline\\.ts|api/|testing/|runtime/)",
      "compiler/cli/([^/]+\\.ts|commands/test-options\\.ts)",
      MODULE,
    ],
  },
  { files: /^compiler\/.*\.test\.ts$/, may: ["compiler/", "test/support/", MODULE] },
  {
    files: /^compiler\/index\.ts$/,
    may: [
      STAGES,
      "compiler/(pipeline\\.ts|targets/|testing/|runtime/)",
      "filters/(index|soap/import/import)\\.ts",
      MODULE,
    ],
  },
  { files: /^compiler\/pipeline\.ts$/, may: [STAGES, "compiler/targets/target\\.ts", MODULE] },
  { files: /^compiler\/targets\//, may: [STAGES, "compiler/targets/", MODULE] },
  {
    files: /^compiler\/embedded\//,
    may: [STAGES, "compiler/(embedded|traces)/", "compiler/targets/envoy/capabilities\\.ts", MODULE],
  },
  { files: /^compiler\/runtime\//, may: [STAGES, "compiler/(runtime|embedded|traces)/", MODULE] },
  { files: /^compiler\/traces\//, may: ["compiler/traces/", MODULE] },
  { files: /^compiler\/(graph|dashboards)\//, may: [STAGES, "compiler/(graph|dashboards|traces)/", MODULE] },
  { files: /^compiler\/oci\//, may: [STAGES, "compiler/oci/", MODULE] },
  { files: /^compiler\/lock\//, may: [STAGES, "compiler/lock/", MODULE] },
  {
    files: /^compiler\/testing\//,
    may: [STAGES, "compiler/(testing|runtime|targets|embedded|traces)/", "compiler/pipeline\\.ts", MODULE],
  },
  { files: new RegExp(`^${STAGES}`), may: [STAGES, MODULE] },
  { files: /^filters\/index\.ts$/, may: ["compiler/policy/kind\\.ts", "filters/[^/]+/kind\\.ts"] },
  {
    files: /^filters\/(lib|proxy-wasm|modules)\/.*\.test\.ts$/,
    may: ["filters/(lib|proxy-wasm|modules)/", "compiler/", "test/support/", MODULE],
  },
  { files: /^filters\/proxy-wasm\/abi\.ts$/, may: ["npm:@gcoredev/proxy-wasm-sdk-as"] },
  { files: /^filters\/proxy-wasm\//, may: ["filters/(lib|proxy-wasm)/"] },
  { files: /^filters\/lib\//, may: ["filters/lib/"] },
  { files: /^filters\/modules\//, may: ["filters/(lib|modules|proxy-wasm|[^/]+/assembly)/"] },
  { files: /^filters\/([^/]+)\/assembly\//, may: ["filters/(lib|proxy-wasm|KIND/assembly)/"] },
  {
    files: /^filters\/([^/]+)\/.*\.test\.ts$/,
    may: ["compiler/", "filters/(lib|proxy-wasm|KIND)/", "test/support/", MODULE],
  },
  // What a kind reads beside the policy.
  { files: /^filters\/(soap)\/wsdl\//, may: [STAGES, "filters/KIND/(wsdl/[^/]+|model)\\.ts", MODULE] },
  { files: /^filters\/(soap)\/import\//, may: [STAGES, "filters/KIND/((wsdl|import)/)?[^/]+\\.ts", MODULE] },
  { files: /^filters\/(authenticate)\/methods\//, may: [STAGES, "filters/KIND/methods/", MODULE] },
  { files: /^filters\/([^/]+)\/[^/]+\.ts$/, may: [STAGES, "filters/KIND/((wsdl|methods)/)?[^/]+\\.ts", MODULE] },
];

/** Imports that point where they must not. */
export function importsAgainstTheDirection(source: Source): string[] {
  const law = laws.find(({ files }) => files.test(source.path));
  if (law === undefined) return [at(source, 1, "no import law says what a file in this place may import")];
  const kind = law.files.exec(source.path)?.[1] ?? "";
  const may = law.may.map((beginning) => beginning.replace("KIND", kind));
  const allowed = new RegExp(`^(${may.join("|")})`);
  return importsOf(source)
    .filter(({ to }) => !allowed.test(to))
    .map(({ to, line }) => at(source, line, `imports ${to}; files here import only ${may.join(", ")}`));
}

/**
 * What shipped code may import, sorted. `dist` has all of it inside, so that whoever installs the package installs nothing
 * else, and package.json names it among the devDependencies. A package more is code that others answer for: weigh it.
 */
export const BUNDLED: readonly string[] = [
  "@bufbuild/protobuf",
  "@bufbuild/re2",
  "@marcbachmann/cel-js",
  "ajv",
  "commander",
  "fflate",
  "js-yaml",
  "saxes",
  "tar-stream",
  "zod",
];

/** Packages that package.json does not name, and in shipped code those that are not meant to be bundled. */
export function undeclaredPackages(source: Source, declared: readonly string[]): string[] {
  const forDevelopment = isTest(source) || isAssembly(source) || source.path.startsWith("scripts/");
  const known = forDevelopment ? declared : BUNDLED.filter((name) => declared.includes(name));
  return importsOf(source).flatMap(({ to, line }) => {
    const name = /^npm:(.*)/.exec(to)?.[1];
    if (name === undefined || known.includes(name)) return [];
    return [
      at(
        source,
        line,
        `imports ${name}, which is not among the ${forDevelopment ? "packages of package.json" : "packages that are bundled"}`,
      ),
    ];
  });
}

/** One reader and one printer of YAML: positions, refusals and quoting are decided in one place each. */
export function strayYaml(source: Source): string[] {
  if (isTest(source) || /^compiler\/(syntax\/|envoy\/print\.ts$)/.test(source.path)) return [];
  return importsOf(source)
    .filter(({ to }) => to === "npm:js-yaml")
    .map(({ line }) =>
      at(source, line, "imports js-yaml, which belongs to compiler/syntax and compiler/envoy/print.ts"),
    );
}
