import { kinds } from "../filters/index.js";
import { type Diagnostic, diagnose, type Suppressed, sortDiagnostics } from "./diagnostics/diagnostic.js";
import { hasErrors, type Planned, planSource, verified } from "./pipeline.js";
import type { GatewayPlan } from "./plan/plan.js";
import { kindOf } from "./policy/files.js";
import { diskLoader, folderLoader, readBytes, readPolicyFile, shownPath } from "./syntax/disk.js";
import { locate, readDocument } from "./syntax/document.js";
import { textLoader, withText, withTexts } from "./syntax/loader.js";
import { SourceFile, type Span } from "./syntax/source.js";
import { DEFAULT_OPTIONS } from "./targets/envoy/options.js";
import { targets } from "./targets/index.js";
import type { TargetSupport } from "./targets/report.js";
import { refusals, supportOf } from "./targets/support.js";
import type { Emission, EmitOptions, Target } from "./targets/target.js";
import type { CheckedSuite } from "./testing/check.js";
import { checkTestFile } from "./testing/file.js";
import { loadTests, type Tests } from "./testing/load.js";
import { policyLoader } from "./testing/loader.js";
import type { Subject } from "./testing/mutation/run.js";

export { importWsdl, type WsdlFiles } from "../filters/soap/import/import.js";
export type { Diagnostic, Suppressed } from "./diagnostics/diagnostic.js";
export type { GatewayPlan } from "./plan/plan.js";
export { SourceFile } from "./syntax/source.js";

/**
 * Reads and checks a policy file and the files that it includes.
 *
 * @param path of the file, as it is to be named in findings
 * @param texts that stand for those on the disk, by path as findings name it
 * @throws Error (ENOENT, EACCES, ...) if the file cannot be opened; Error if it is a folder, a device or a pipe
 */
export function check(path: string, texts: ReadonlyMap<string, string> = new Map()): Planned {
  const main = readPolicyFile(path);
  if (main.outcome === "read") {
    const source = withText(main.source, texts);
    return planSource(source, kinds, withTexts(diskLoader(source, path), texts));
  }
  return { diagnostics: [main.finding], suppressed: [], files: [path], sources: [], isFragment: false };
}

/**
 * Checks a policy file as `check` does, or a file of tests and the names in it that stand for parts of a policy file.
 *
 * @param path of the file, as it is to be named in findings
 * @param texts that stand for those on the disk, by path as findings name it
 * @throws Error as `check` does
 */
export function checkAny(path: string, texts: ReadonlyMap<string, string> = new Map()): Planned {
  const file = readPolicyFile(path);
  // A policy of some size is read once only.
  const tests = file.outcome === "read" ? checkTests(withText(file.source, texts), path, texts) : undefined;
  return tests ?? check(path, texts);
}

/** What the file at a path says as one of tests; undefined if it is none. */
function checkTests(source: SourceFile, path: string, texts?: ReadonlyMap<string, string>): Planned | undefined {
  if (!/\bTest\b/.test(source.text)) return undefined;
  return checkTestFile(
    source,
    kinds,
    policyLoader(path, (policy) => check(policy, texts)),
  );
}

/** How findings name what came by standard input. */
export const INPUT_NAME = "<stdin>";

/** What `checkAny` does, for the contents of standard input: what it names lies in the working directory. */
export function checkInput(bytes: Buffer): Planned {
  const main = readBytes(bytes, INPUT_NAME);
  if (main.outcome === "damaged")
    return { diagnostics: [main.finding], suppressed: [], files: [INPUT_NAME], sources: [], isFragment: false };
  const { source, id } = main;
  return checkTests(source, INPUT_NAME) ?? planSource(source, kinds, folderLoader(source, ".", id));
}

/**
 * Reads a file of tests and the policy that it is about.
 *
 * @param path of the file, as it is to be named in findings
 * @returns undefined if the file is something else
 * @throws Error as `check` does
 */
export function loadTestFile(path: string): Tests | undefined {
  const file = readPolicyFile(path);
  if (file.outcome === "read") return loadTests(file.source, kinds, (policy) => check(policy));
  return { diagnostics: [file.finding], files: [path] };
}

/**
 * A policy and its tests, for `tryMutations`.
 *
 * @param policy path of the policy file, without findings of severity error
 * @throws Error as `check` does
 */
export function mutationSubject(policy: string, suites: readonly CheckedSuite[]): Subject {
  const files = check(policy).files.flatMap((path) => {
    const file = readPolicyFile(path);
    const root = file.outcome === "read" ? readDocument(file.source).root : undefined;
    // A WSDL and a set of keys are no parts of the policy that could be weakened.
    const isPolicy = root !== undefined && ["Gateway", "Fragment"].includes(kindOf(root) ?? "");
    return file.outcome === "read" && isPolicy ? [{ source: file.source, root }] : [];
  });
  return { files, suites, check: (texts) => check(policy, texts) };
}

/** Where a file says that it is a fragment; undefined if it is something else, or cannot be read. */
export function fragmentPlace(path: string): Span | undefined {
  try {
    const file = readPolicyFile(path);
    if (file.outcome !== "read") return undefined;
    const { root } = readDocument(file.source);
    return root !== undefined && kindOf(root) === "Fragment" ? locate(root, ["kind"], "value") : undefined;
  } catch (error) {
    // Whoever reads it next says what is wrong with it.
    if (error instanceof Error && "syscall" in error) return undefined;
    throw error;
  }
}

/**
 * What `check` does, for texts that are at hand.
 *
 * @param files what the policy can include, by path from its own folder
 */
export function checkText(path: string, text: string, files: Readonly<Record<string, string>> = {}): Planned {
  const main = new SourceFile(shownPath(path), text);
  return planSource(main, kinds, textLoader(main, files));
}

export interface Compiled {
  /** Absent if there is an error among the diagnostics. */
  emission?: Emission;
  target: { readonly name: string; readonly version: string };
  /** The policy file and what it includes, as far as they could be read. */
  sources: readonly SourceFile[];
  diagnostics: Diagnostic[];
  /** Warnings that a comment in a file silences. */
  suppressed: Suppressed[];
  /** The policy file and what it includes, as findings name them. */
  files: readonly string[];
}

/**
 * Compiles a policy file for a target. Writes nothing.
 *
 * @param target a name of `targetNames`
 */
export async function compile(path: string, target: string, options: EmitOptions & Pinning = {}): Promise<Compiled> {
  const { plan, diagnostics, suppressed, sources, files } = check(path);
  const chosen = targets.find((candidate) => candidate.name === target);
  if (chosen === undefined) throw new RangeError(`no target is named ${target}; there are: ${targetNames.join(", ")}`);
  const compiled = { target: { name: chosen.name, version: chosen.version }, sources, suppressed, files };
  if (plan === undefined) return { ...compiled, diagnostics };
  const unfit = [
    ...refusals(supportOf(plan, await chosen.support()), `${chosen.name} ${chosen.version}`),
    ...unplaced(plan, chosen, options),
  ];
  if (unfit.length > 0) return { ...compiled, diagnostics: sortDiagnostics([...diagnostics, ...unfit]) };
  const { pins, ...emitted } = options;
  const modules = options.modules ?? chosen.modulesOf?.(plan);
  const pinned = pins === undefined || modules === undefined ? {} : { moduleDigests: await pins(modules) };
  const { emission, diagnostics: broken } = verified(plan, await chosen.emit(plan, { ...emitted, ...pinned }));
  const all = [...diagnostics, ...broken];
  return hasErrors(all) ? { ...compiled, diagnostics: all } : { ...compiled, emission, diagnostics: all };
}

export interface Pinning {
  /** Tells the digests of what a cluster fetches from there, by the names of modules; nothing is pinned if absent. */
  pins?: (modules: string) => Promise<Readonly<Record<string, string>>>;
}

/** Where modules are in what is only shown, if the policy does not say it. */
const SOME_REGISTRY = "oci://registry.example.com/sluice";

/** What `compile` gives, for somebody who looks at it: also where nothing says yet where a cluster fetches the modules. */
export async function shown(path: string, target: string): Promise<Compiled> {
  const compiled = await compile(path, target);
  const isUnplaced = compiled.diagnostics.some(({ code }) => code === "SL0903");
  return isUnplaced ? compile(path, target, { modules: SOME_REGISTRY }) : compiled;
}

/** That a cluster would not know where to fetch the modules. */
function unplaced(plan: GatewayPlan, { name, modulesOf }: Target, { modules }: EmitOptions): Diagnostic[] {
  if (modulesOf === undefined || (modules ?? modulesOf(plan)) !== undefined) return [];
  return [diagnose("SL0903", { target: name }, plan.origin)];
}

/** What every target does with everything that a policy file asks for. */
export function supportedBy(plan: GatewayPlan): Promise<TargetSupport[]> {
  const told = targets.map(async ({ name, version, support }) => {
    return { target: name, version, uses: supportOf(plan, await support()) };
  });
  return Promise.all(told);
}

/** Where the output looks for modules, unless it is told otherwise. */
export const defaultModulesDir: string = DEFAULT_OPTIONS.modulesDir;

export const targetNames: readonly string[] = targets.map((target) => target.name);
