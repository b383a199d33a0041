import type { GatewayPlan } from "../plan/plan.js";

/** A text that a target writes; the path is relative to the output folder, with `/` as separator. */
export interface Artifact {
  path: string;
  contents: string;
}

/** A rule of the target that our own output broke: always our bug, never the user's. */
export interface Violation {
  /** Path of the field in the emitted message. */
  path: string;
  message: string;
}

export interface EmitOptions {
  /** Folder in which the target finds the modules, without a slash at its end; `modules` if absent. */
  modulesDir?: string;
  /** A file that gets one JSON line a request, with the decision; `-` for standard output. */
  accessLog?: string;
}

/** A module that the output loads. */
export interface EmittedModule {
  /** With `.wasm`; the file of that name in `dist/modules`. */
  name: string;
  /** What the output lets it call, and the callbacks that it is entered by. */
  capabilities: readonly string[];
}

export interface Emission {
  artifacts: Artifact[];
  /** The Wasm modules that the output refers to. */
  modules: EmittedModule[];
  violations: Violation[];
}

/** One way to print a plan. `targets/index.ts` lists them; a new target is one folder and one line. */
export interface Target {
  name: string;
  /** The releases that it is compiled for, such as `1.40`. */
  version: string;
  summary: string;
  emit(plan: GatewayPlan, options: EmitOptions): Promise<Emission>;
}
