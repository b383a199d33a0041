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
  /** A file that gets one JSON line a request, with the decision; `-` for standard output. */
  accessLog?: string;
}

export interface Emission {
  artifacts: Artifact[];
  /** File names of the Wasm modules that the output refers to, under its `modules/`. */
  modules: string[];
  violations: Violation[];
}

/** One way to print a plan. `targets/index.ts` lists them; a new target is one folder and one line. */
export interface Target {
  name: string;
  summary: string;
  emit(plan: GatewayPlan, options: EmitOptions): Promise<Emission>;
}
