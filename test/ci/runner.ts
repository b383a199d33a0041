import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../compiler/cli/files.js";
import { runCommand } from "../../compiler/runtime/command.js";
import { type Action, readAction, type Step } from "./action.js";

/** What became of a step that has commands. */
export interface Ran {
  readonly name: string;
  readonly outcome: "success" | "failure" | "skipped";
  readonly output: string;
}

export interface ActionRun {
  readonly steps: readonly Ran[];
  /** Actions of others that would run, with what they get. */
  readonly used: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

export interface Surroundings {
  /** The checkout. */
  readonly workspace: string;
  /** A folder of the runner's own. */
  readonly temporary: string;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 50_000;

/** Runs the action as the runner of GitHub does, by its files for outputs, PATH and summary; actions of others are only noted. */
export async function runAction({ workspace, temporary, inputs = {}, env = {} }: Surroundings): Promise<ActionRun> {
  const action = readAction();
  const state = new State(action, temporary, inputs);
  const files = Object.fromEntries(
    ["GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"].map((name) => [name, join(temporary, name)] as const),
  );
  for (const path of Object.values(files)) writeFileSync(path, "");
  let path = env.PATH ?? process.env.PATH ?? "";
  for (const step of action.runs.steps) {
    if (!state.isRun(step)) {
      state.note(step, "skipped", "");
      continue;
    }
    if ("uses" in step) {
      state.used[step.uses] = state.filled(step.with ?? {});
      continue;
    }
    const script = join(temporary, "step.sh");
    writeFileSync(script, state.expanded(step.run));
    writeFileSync(files.GITHUB_OUTPUT ?? "", "");
    const result = await runCommand("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], {
      cwd: join(workspace, state.expanded(step["working-directory"] ?? ".")),
      env: { HOME: process.env.HOME, ...env, ...files, PATH: path, ...state.filled(step.env ?? {}) },
      timeoutMs: TIMEOUT_MS,
    });
    if (result.kind === "absent") throw new Error(result.reason);
    const isDone = result.kind === "ended" && result.code === 0;
    state.note(step, isDone ? "success" : "failure", `${result.stdout}${result.stderr}`);
    state.keep(step, readFileSync(files.GITHUB_OUTPUT ?? "", "utf8"));
    const added = readFileSync(files.GITHUB_PATH ?? "", "utf8")
      .split("\n")
      .filter((line) => line !== "");
    path = [...added.toReversed(), env.PATH ?? process.env.PATH ?? ""].join(":");
  }
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map(([name, { value }]) => [name, state.expanded(value)]),
  );
  return {
    steps: state.steps,
    used: state.used,
    outputs,
    summary: readFileSync(files.GITHUB_STEP_SUMMARY ?? "", "utf8"),
  };
}

/** What expressions are about. */
class State {
  readonly steps: Ran[] = [];
  readonly used: Record<string, Readonly<Record<string, string>>> = {};
  private readonly values = new Map<string, string>();

  constructor({ inputs }: Action, temporary: string, given: Readonly<Record<string, string>>) {
    for (const name of Object.keys(given)) if (inputs[name] === undefined) throw new Error(`no input ${name}`);
    for (const [name, input] of Object.entries(inputs)) this.values.set(`inputs.${name}`, given[name] ?? input.default);
    this.values.set("github.action_path", packageRoot());
    this.values.set("runner.temp", temporary);
    mkdirSync(temporary, { recursive: true });
  }

  note(step: Step, outcome: Ran["outcome"], output: string): void {
    this.steps.push({ name: step.name, outcome, output });
    if (step.id !== undefined) this.values.set(`steps.${step.id}.outcome`, outcome);
  }

  keep({ id }: Step, lines: string): void {
    for (const [, name, value = ""] of lines.matchAll(/^([^=\n]+)=(.*)$/gm))
      this.values.set(`steps.${id}.outputs.${name}`, value);
  }

  /** Without a condition a step runs if none before has failed. */
  isRun(step: Step): boolean {
    if (step.if === undefined) return this.steps.every(({ outcome }) => outcome !== "failure");
    const [, condition] = /^\$\{\{ (.*) \}\}$/.exec(step.if) ?? [];
    if (condition === undefined) throw new Error(`no expression: ${step.if}`);
    return condition.split(" && ").every((part) => this.holds(part));
  }

  private holds(part: string): boolean {
    if (part === "!cancelled()") return true;
    const [, name = "", operator, literal] = /^(\S+) (==|!=) '([^']*)'$/.exec(part) ?? [];
    if (operator === undefined) throw new Error(`an expression that this runner does not know: ${part}`);
    return (this.valueOf(name) === literal) === (operator === "==");
  }

  private valueOf(name: string): string {
    const value = this.values.get(name);
    if (value !== undefined) return value;
    // A step that failed may have left out what it would have given.
    const [, step] = /^steps\.([^.]+)\.outputs\./.exec(name) ?? [];
    if (this.values.get(`steps.${step}.outcome`) === "failure") return "";
    throw new Error(`nothing is known under ${name}`);
  }

  expanded(text: string): string {
    return text.replaceAll(/\$\{\{ (\S+) \}\}/g, (_, name: string) => this.valueOf(name));
  }

  filled(record: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, this.expanded(value)]));
  }
}
