import type { GatewayPlan } from "../plan/plan.js";
import type { Span } from "../syntax/source.js";
import type { SupportTable } from "./support.js";

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
  /** Where a cluster fetches the modules: what stands before `/guard`; what the policy says if absent. For targets with `modulesOf` only. */
  modules?: string;
  /** By the name of a module: SHA-256 of what the cluster fetches, in hexadecimal. Nothing is pinned without it. */
  moduleDigests?: Readonly<Record<string, string>>;
}

/** A module that the output loads. */
export interface EmittedModule {
  /** With `.wasm`; the file of that name in `dist/modules`. */
  name: string;
  /** What the output lets it call, and the callbacks that it is entered by. */
  capabilities: readonly string[];
}

/** Which place of the policy a field of an artifact is made from. In a text of several documents the path begins with the number of one, from 0. */
export type Where = (path: readonly (string | number)[]) => Span | undefined;

export interface Emission {
  artifacts: Artifact[];
  /** By the path of the artifact; absent for those that are made of the whole policy. */
  where: Readonly<Record<string, Where>>;
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
  /** How it does everything that a plan may ask for. Loaded when it is needed, as `emit` is: most commands do without. */
  support(): Promise<SupportTable>;
  /** Where the policy says that a cluster fetches the modules; absent for a target that reads them of its disk. */
  modulesOf?(plan: GatewayPlan): string | undefined;
  /** Of a plan of which it refuses nothing. */
  emit(plan: GatewayPlan, options: EmitOptions): Promise<Emission>;
}
