import type { HeadersPlan } from "../../compiler/plan/native.js";
import type { RequestView, Verdict } from "../../compiler/request/verdict.js";

/** What Envoy's router does with a request that comes this far: it changes headers, and lets every request pass. */
export function modelOf({ request, response }: HeadersPlan): (view: RequestView) => Verdict {
  const reasons = [
    ...[request, response].flatMap(({ remove, set, add }, index) => {
      const where = index === 0 ? "of the request" : "of the answer";
      return [
        ...remove.map((name) => `removes ${name} ${where}`),
        ...set.map(({ name }) => `sets ${name} ${where}`),
        ...add.map(({ name }) => `adds ${name} to those ${where}`),
      ];
    }),
  ].map((text) => ({ text }));
  return () => ({ outcome: "allowed", summary: "changes headers", reasons });
}
