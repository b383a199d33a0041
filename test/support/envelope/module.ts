import { renderText } from "../../../compiler/diagnostics/render/text.js";
import { type Planned, planSource } from "../../../compiler/pipeline.js";
import type { GatewayPlan } from "../../../compiler/plan/plan.js";
import { textLoader } from "../../../compiler/syntax/loader.js";
import { SourceFile } from "../../../compiler/syntax/source.js";
import { kinds } from "../../../filters/index.js";
import { compileScript } from "../assembly.js";
import { envelope } from "./kind.js";

let compiled: Promise<Uint8Array> | undefined;

/** The stand-in for body.wasm, compiled once in a process. */
export function envelopeModule(): Promise<Uint8Array> {
  compiled ??= compileScript(new URL("body.as", import.meta.url), { runtime: "stub", pages: 8192 });
  return compiled;
}

/** What is found in a policy that may have the stand-in kind. */
export function checkEnvelopes(policy: string): Planned {
  const source = new SourceFile("policy.yaml", policy);
  return planSource(source, [...kinds, envelope], textLoader(source, {}));
}

/** The plan of such a policy, which must be free of errors. */
export function envelopePlan(policy: string): GatewayPlan {
  const { plan, diagnostics } = checkEnvelopes(policy);
  if (plan === undefined) throw new Error(renderText(diagnostics, { color: false }));
  return plan;
}
